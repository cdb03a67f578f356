"""What an export sent without an answer and does not send again: letters that a replay sends, in time and once."""

from itertools import count
from typing import Any

import pytest

from bridge.errors import Unknown
from mapping.delivery import DeliveryMessage
from mapping.times import iso
from tests.unit.delivery import world as lane_world
from tests.unit.plan.world import INSTALLATION, START, World, row

PEOPLE = [row(f"u{n}", n, "Oslo") for n in range(5)]
COLUMNS = ("external_id", "event_name", "event_time", "n")
EVENTS = [
    {"external_id": f"u{n}", "event_name": "Won", "event_time": "2026-11-22T05:00:00Z", "n": n}
    for n in range(3)
]


def unanswered(where: str, rows: list[dict[str, Any]], *, part_rows: int = 75, **more: Any) -> World:
    """A world in which the export's first request got no answer."""
    world = World(part_rows=part_rows, config=more.pop("config", None))
    world.braze.script = [Unknown("no_answer")]
    world.put("one", rows, where=where, **more)
    world.work()
    return world


def replayed(world: World, **pass_: float) -> tuple[lane_world.World, list[dict[str, Any]]]:
    """The letters of a world after a click on each; the lane they went to, and their rows."""
    lane = lane_world.World()
    [known] = lane.installations.known.values()
    lane.installations.known[INSTALLATION] = known.model_copy(update={"id": INSTALLATION})
    lane.clock.now = START
    lane.clock.pass_(**pass_)
    rows = []
    for number, (body, _) in enumerate(world.letters.sent):
        message = DeliveryMessage.model_validate_json(body)
        lane.receive(message.model_copy(update={"replay_of": f"ltr_{number}"}))
        rows.append(lane.row(message))
    return lane, rows


def test_recipients_without_an_answer_are_a_letter_that_says_why() -> None:
    world = unanswered("campaign=c1", PEOPLE, part_rows=3)
    [(body, told)] = world.letters.sent
    message = DeliveryMessage.model_validate_json(body)
    assert (told["reason"], told["outcome"], told["integration_id"]) == ("no_answer", "unknown", INSTALLATION)
    assert told["delivery_id"] == message.delivery_id
    assert message.items[0] == {"n": 0.0, "city": "Oslo", "external_id": "u0"}
    assert [item["external_id"] for item in message.items] == ["u0", "u1", "u2"]


def test_a_replay_sends_the_recipients_as_the_export_would_have() -> None:
    world = unanswered("campaign=c1", PEOPLE, send_to_existing_only=False)
    lane, [told] = replayed(world)
    [sent] = lane.bodies()
    assert (told["status"], sent["campaign_id"], len(sent["recipients"])) == ("delivered", "c1", 5)
    assert sent["recipients"][0] == {
        "external_user_id": "u0",
        "trigger_properties": {"n": 0.0, "city": "Oslo"},
        "send_to_existing_only": False,
        "attributes": {"_update_existing_only": False},
    }


def test_letters_filed_twice_send_once() -> None:
    world = unanswered("campaign=c1", PEOPLE)
    world.letters.sent *= 2
    lane, rows = replayed(world)
    assert (len(lane.bodies()), {one["status"] for one in rows}) == (1, {"delivered"})


def test_a_replay_after_send_before_sends_nothing() -> None:
    world = unanswered("campaign=c1", PEOPLE)
    lane, [told] = replayed(world, hours=25)
    assert (lane.bodies(), told["status"], told["reason"]) == ([], "rejected", "expired")


def test_recipients_a_dead_worker_had_under_way_are_a_letter_too() -> None:
    dead = World(kill_after=(13,))
    dead.put("one", PEOPLE, where="campaign=c1")
    dead.work()
    sent = [line["external_user_id"] for request in dead.braze.sent for line in request]
    letters = [
        item["external_id"]
        for body, _ in dead.letters.sent
        for item in DeliveryMessage.model_validate_json(body).items
    ]
    assert set(sent) | set(letters) == {f"u{n}" for n in range(5)}


@pytest.mark.parametrize(("policy", "letters"), [("hold", 1), ("resend", 0)])
def test_events_of_an_export_are_held_where_the_installation_says_so(policy: str, letters: int) -> None:
    world = unanswered("events", EVENTS, columns=COLUMNS, config={"on_ambiguous_events": policy})
    assert (len(world.letters.sent), len(world.braze.sent)) == (letters, 1 - letters)


def test_a_replay_sends_the_held_events_with_their_own_times() -> None:
    world = unanswered("events", EVENTS, columns=COLUMNS, config={"on_ambiguous_events": "hold"})
    lane, [told] = replayed(world)
    assert told["status"] == "delivered"
    event = {"external_id": "u0", "name": "Won", "time": "2026-11-22T05:00:00Z", "properties": {"n": 0.0}}
    assert lane.bodies()[0]["events"][0] == event


def test_members_without_an_answer_go_out_again_by_themselves() -> None:
    world = unanswered("audience=a/split=s", PEOPLE)
    assert (world.letters.sent, len(world.braze.profiles)) == ([], 5)


def test_a_letter_holds_what_one_request_takes() -> None:
    world = World(part_rows=200)
    world.braze.script = [Unknown("no_answer")] * 3
    world.put("one", [row(f"u{n}", n) for n in range(120)], where="campaign=c1")
    world.work()
    sizes = [len(DeliveryMessage.model_validate_json(body).items) for body, _ in world.letters.sent]
    assert sizes == [50, 50, 20]


def test_what_is_sent_in_time_is_said_in_the_letter() -> None:
    world = unanswered("campaign=c1", PEOPLE, send_before=iso(START.replace(hour=9)))
    [(body, _)] = world.letters.sent
    campaign = DeliveryMessage.model_validate_json(body).campaign
    assert campaign is not None
    assert (campaign.order_id, campaign.send_before) == ("one", "2026-11-22T09:00:00.000Z")


@pytest.mark.parametrize("look", range(2, 7))
def test_a_fault_of_ours_holds_nobody_whom_braze_has_answered_for(look: int) -> None:
    world = World(part_rows=200)
    world.put("one", [row(f"u{n}", n) for n in range(120)], where="campaign=c1")
    world.work(until=lambda: bool(world.parts.messages))
    looks, get = count(1), world.pause.get

    def away(installation_id: str) -> Any:
        if next(looks) == look:
            raise OSError("the table is away")
        return get(installation_id)

    world.pause.get = away  # type: ignore[method-assign]
    with pytest.raises(OSError, match="away"):
        world.work()
    world.work()
    sent = [line["external_user_id"] for request in world.braze.sent for line in request]
    assert (sorted(sent), world.letters.sent) == (sorted(f"u{n}" for n in range(120)), [])
