"""One id from the HTTP request, through both queues, to the request to the vendor and into Live Events."""

import json
from uuid import uuid4

import pytest

from bridge import telemetry
from bridge.flows.events.ingest import MOST_CORRELATED
from bridge.stores import delivery_rows
from mapping.delivery import DeliveryMessage
from tests.unit.collect.builders import BRAZE_ID, Door, request, track
from tests.unit.delivery.world import World, delivery, event
from tests.unit.ingest.builders import Bench, braze, frame
from tests.unit.stores.test_deliveries import NOW


def test_a_requests_id_reaches_the_delivery_and_the_line_of_the_vendors_request(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    door, bench, world = Door(), Bench([braze()]), World()
    assert door(request("POST", "/v1/track", track())).status == 200
    bench.take(*door.queue.documents)
    (message,) = bench.braze.messages
    assert message.correlation_ids == ("req-1",)
    world.installations.known[message.integration_id] = world.install("braze")
    result = world.receive(message)
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", f"test-{uuid4()}")  # a logger of its own stdout
    telemetry.log_step(telemetry.logger(), result)
    told = json.loads(capsys.readouterr().out)
    assert (told["correlation_ids"], told["status"]) == (["req-1"], "delivered")
    assert told["delivery_id"] == message.delivery_id


def test_each_request_of_a_delivery_is_named_once_in_order() -> None:
    bench = Bench([braze()])
    bench.take(
        frame({"type": "track", "event": "E", "userId": "u", "messageId": "1"}, request_id="b"),
        frame({"type": "track", "event": "E", "userId": "u", "messageId": "2"}, request_id="a="),
        frame({"type": "track", "event": "E", "userId": "u", "messageId": "3"}, request_id="b"),
    )
    (message,) = bench.braze.messages
    assert message.correlation_ids == ("b", "a=")


def test_a_producer_of_its_own_is_traced_by_its_queue_message() -> None:
    bench = Bench([braze()])
    bench.take({"type": "track", "event": "E", "userId": "u", "messageId": "1"})
    assert bench.braze.messages[0].correlation_ids == ("sqs-0",)


@pytest.mark.parametrize("given", ["pat@example.com", "a b", "", "x" * 65, 7, None, ["a"], "a\n"])
def test_what_is_no_id_is_not_carried_on(given: object) -> None:
    bench = Bench([braze()])
    bench.take(frame({"type": "track", "event": "E", "userId": "u", "messageId": "1"}, request_id=given))
    assert bench.braze.messages[0].correlation_ids == ("sqs-0",)


def test_a_delivery_of_many_requests_names_the_first_hundred() -> None:
    bench = Bench()
    one = {"type": "track", "event": "E", "userId": "u"}
    bench.take(*(frame(one | {"messageId": str(number)}, request_id=f"r{number}") for number in range(150)))
    (message,) = bench.actioniq.messages
    assert len(message.correlation_ids) == MOST_CORRELATED
    assert message.correlation_ids[-1] == "r99"


def test_what_was_filtered_or_refused_names_its_request_too() -> None:
    bench = Bench([braze()])
    bench.take(frame({"type": "page", "userId": "u"}, {"type": "nonsense"}, request_id="r1"))
    told = [item["correlation_id"] for row in bench.recorder.rows for item in row.items]
    assert told == ["r1", "r1"]


def test_an_activation_is_traced_by_its_own_id() -> None:
    door = Door()
    order = {"activation_id": "act-1", "kind": "event", "integration_id": BRAZE_ID, "settings": {}}
    rows = [{"external_id": "u", "event_name": "E"}]
    headers = {"authorization": "Bearer sb_activator"}
    told = door(request("POST", "/v1/activations", order | {"rows": rows}, key=None, headers=headers))
    assert told.status == 202
    (body,) = door.braze.bodies
    assert DeliveryMessage.model_validate_json(body).correlation_ids == ("act-1",)


def test_live_events_show_it_and_older_rows_show_none() -> None:
    message = delivery([event("m1")], correlation_ids=("req-1", "req-2"))
    row = delivery_rows.fresh(message, NOW, NOW, delivery_rows.RETENTION)
    assert delivery_rows.shown(row)["correlation_ids"] == ["req-1", "req-2"]
    assert delivery_rows.shown({name: row[name] for name in ("pk", "at")})["correlation_ids"] == []


def test_a_worker_of_this_version_takes_what_the_next_one_queues() -> None:
    body = delivery([event("m1")]).model_dump() | {"invented_later": 1}
    assert DeliveryMessage.model_validate(body).items[0]["messageId"] == "m1"
