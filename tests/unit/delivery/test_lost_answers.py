"""A request whose answer is lost stays known as such, whatever keeps the delivery from being sent again."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from urllib3.exceptions import ReadTimeoutError

from bridge.errors import Blocked, Retryable
from bridge.flows.delivery.sending import MAY_HAVE_ARRIVED
from mapping.delivery import DeliveryMessage
from tests.unit.delivery.world import World, delivery, event, order, success


@pytest.fixture
def world() -> World:
    return World()


def died_while_sending(world: World, message: DeliveryMessage) -> None:
    begun = world.deliveries.begin(message, now=world.now, lease_until=world.now, stood_still=0.0)
    world.deliveries.record_sent(
        message.delivery_id,
        begun.version,
        now=world.now,
        lease_until=world.now,
        finished={},
        counts=True,
        stood_still=0.0,
    )
    world.clock.pass_(seconds=1)


class NoKey:
    """Secrets that cannot be had."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def get(self, *_: object, **__: object) -> dict[str, str]:
        raise self.error


def without_key(world: World, message: DeliveryMessage, error: Exception) -> str:
    kept, world.secrets = world.secrets, NoKey(error)  # type: ignore[assignment]
    status = world.receive(message).status
    world.secrets = kept
    world.clock.pass_(minutes=1)
    return status


def outcomes(world: World, message: DeliveryMessage) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = world.stages.kept[message.delivery_id]["outcomes"]
    return found


UNREADABLE = Retryable("secret_unavailable", "the key cannot be read now")


def test_a_trigger_is_held_even_when_the_key_could_not_be_read_in_between(world: World) -> None:
    message = order(["u1"])
    died_while_sending(world, message)
    assert without_key(world, message, UNREADABLE) == "sending"
    assert world.receive(message).status == "unknown"
    assert world.bodies() == []


def test_an_event_is_listed_as_sent_again_even_when_the_key_could_not_be_read_in_between(
    world: World,
) -> None:
    message = delivery([event("m1")])
    died_while_sending(world, message)
    without_key(world, message, UNREADABLE)
    assert world.receive(message).status == "delivered"
    assert world.row(message)["counts"] == {"delivered": 1, "resent": 1}


def test_an_event_is_listed_as_sent_again_even_when_there_was_no_time_left_in_between(world: World) -> None:
    message = delivery([event("m1")])
    died_while_sending(world, message)
    worker = world.worker()
    find, clock = worker.deliverer.installations.get, world.clock

    class Slow:
        def get(self, *args: object, **more: object) -> Any:
            clock.pass_(seconds=30)
            return keys.get(*args, **more)  # type: ignore[arg-type]

    keys, world.secrets = world.secrets, Slow()  # type: ignore[assignment]
    assert find is not None
    assert world.receive(message, remaining=timedelta(seconds=60)).reason == "out_of_time"
    world.secrets = keys
    world.clock.pass_(minutes=2)
    assert world.receive(message).status == "delivered"
    assert world.row(message)["counts"] == {"delivered": 1, "resent": 1}


def test_a_trigger_whose_installation_is_blocked_meanwhile_is_held_and_not_replayed_with_the_key(
    world: World,
) -> None:
    message = order(["u1"])
    died_while_sending(world, message)
    assert without_key(world, message, Blocked("no_secret", "there is no key")) == "unknown"
    assert world.letters.sent[0][1]["reason"] == "worker_lost"
    assert "no_secret" in world.letters.sent[0][1]["detail"]


def test_what_is_filtered_or_rejected_after_a_lost_answer_says_that_it_may_have_arrived(world: World) -> None:
    world.vendor.answers = lambda _: ReadTimeoutError(None, "", "silent")  # type: ignore[arg-type]
    message = delivery([event("m1")])
    assert world.receive(message).reason == "no_answer"
    world.vendor.answers = success
    known = world.install("braze")
    world.installations.known[known.id] = known.model_copy(update={"enabled": False})
    world.clock.pass_(minutes=1)
    assert world.receive(message).status == "filtered"
    [end] = outcomes(world, message)
    assert (end["reason"], MAY_HAVE_ARRIVED in end["detail"]) == ("disabled", True)


def test_a_trigger_that_expires_after_a_lost_answer_says_that_it_may_have_arrived() -> None:
    world = World(on_ambiguous_triggers="resend")
    world.vendor.answers = lambda _: ReadTimeoutError(None, "", "silent")  # type: ignore[arg-type]
    message = order(["u1"])
    assert world.receive(message).reason == "no_answer"
    world.clock.pass_(hours=23)
    assert world.receive(message).status == "rejected"
    [end] = outcomes(world, message)
    assert (end["reason"], MAY_HAVE_ARRIVED in end["detail"]) == ("expired", True)


def test_what_was_split_from_a_held_request_still_goes_out(world: World) -> None:
    def answers(body: Any) -> tuple[int, Any] | Exception:
        users = [one["external_user_id"] for one in body["recipients"]]
        if len(users) > 2:
            return 413, {}
        return ReadTimeoutError(None, "", "silent") if "u1" in users else success(body)  # type: ignore[arg-type]

    world.vendor.answers = answers
    message = order(["u1", "u2", "u3", "u4"])
    assert world.receive(message).status == "unknown"
    assert world.row(message)["counts"] == {"unknown": 2, "delivered": 2}
    assert len(world.letters.sent) == 1


@pytest.mark.parametrize(("later", "status"), [(503, "dead"), (401, "blocked")])
def test_a_letter_says_that_it_may_have_arrived_although_later_attempts_were_refused(
    world: World, later: int, status: str
) -> None:
    world.vendor.answers = lambda _: ReadTimeoutError(None, "", "silent")  # type: ignore[arg-type]
    message = delivery([event("m1"), event("m2", userId="u2")])
    assert world.receive(message).reason == "no_answer"
    world.vendor.answers = lambda _: (later, {})
    while not world.letters.sent:
        world.clock.pass_(hours=3)
        world.receive(message)
    assert (world.row(message)["status"], world.letters.sent[0][1]["outcome"]) == (status, "unknown")


def test_a_letter_of_a_delivery_that_grew_too_old_says_that_it_may_have_arrived(world: World) -> None:
    world.vendor.answers = lambda _: ReadTimeoutError(None, "", "silent")  # type: ignore[arg-type]
    message = delivery([event("m1")])
    assert world.receive(message).reason == "no_answer"
    world.clock.pass_(hours=25)
    assert world.receive(message).reason == "attempts_exhausted"
    assert world.letters.sent[0][1]["outcome"] == "unknown"


def test_a_letter_of_a_delivery_whose_lost_items_were_answered_later_says_how_the_others_ended(
    world: World,
) -> None:
    def answers(body: Any) -> tuple[int, Any] | Exception:
        users = [one["external_id"] for one in body["events"]]
        if len(users) > 1:
            return 413, {}
        return first if users == ["u1"] else (503, {})

    first: Any = ReadTimeoutError(None, "", "silent")  # type: ignore[arg-type]
    world.vendor.answers = answers
    message = delivery([event("m1"), event("m2", userId="u2")])
    assert world.receive(message).reason == "no_answer"
    first = 201, {"message": "success"}
    while not world.letters.sent:
        world.clock.pass_(hours=3)
        world.receive(message)
    assert world.row(message)["counts"] == {"delivered": 1, "resent": 1, "retry": 1}
    assert world.letters.sent[0][1]["outcome"] == "dead"
