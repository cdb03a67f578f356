"""One part on its way to Braze: what an answer does to its lines, and what is left for whom."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from bridge.errors import Blocked, BridgeError, Retryable, TooLarge, Unknown
from bridge.flows.runs.runs import Later
from mapping.run import Halt, PartResult
from tests.unit.plan.world import START, World, row

MANY = [row(f"u{n}", n) for n in range(10)]


def one_part(*script: BridgeError | None, rows: int = 10) -> tuple[World, str]:
    """A world whose run has one part, ready to be sent."""
    world = World(part_rows=100)
    run_id = world.put("one", MANY[:rows])
    world.work(until=lambda: bool(world.parts.messages))
    world.braze.script = list(script)
    return world, run_id


def users(world: World) -> list[str]:
    return sorted(line["external_id"] for request in world.braze.sent for line in request)


def test_a_poison_line_stands_alone_and_its_neighbours_are_delivered() -> None:
    world, run_id = one_part()
    request = world.braze.request

    def poisoned(lines: list[bytes]) -> object:
        if any(b'"u6"' in line for line in lines):
            raise TooLarge("bad_request", "something in it")
        return request(lines)

    world.braze.request = poisoned  # type: ignore[method-assign,assignment]
    world.work()
    assert users(world) == [f"u{n}" for n in range(10) if n != 6]
    assert world.report(run_id)["sent"]["rejected_by_reason"] == {"bad_request": 1}


def test_a_request_without_an_answer_is_sent_again() -> None:
    world, run_id = one_part(Unknown("no_answer"))
    world.work()
    assert users(world) == [f"u{n}" for n in range(10)]
    assert world.report(run_id)["sent"]["accepted"] == 10


def test_a_429_without_a_wait_delays_that_request_only() -> None:
    world, _ = one_part(Retryable("http_429"))
    world.work()
    assert users(world) == [f"u{n}" for n in range(10)]
    assert world.waits["the rest of the part waits"] == 0


def test_a_429_with_a_wait_hides_the_message_for_as_long() -> None:
    world, _ = one_part(Retryable("http_429", after=240.0, pauses=True))
    before = world.clock()
    world.work()
    assert world.clock() - before >= timedelta(seconds=240)
    assert users(world) == [f"u{n}" for n in range(10)]


def test_nothing_is_sent_while_the_installation_pauses_and_it_costs_no_try() -> None:
    world, run_id = one_part()
    world.pause.until = datetime(2026, 11, 22, 8, tzinfo=UTC)
    world.work(until=lambda: world.clock() >= START + timedelta(minutes=50))
    assert world.braze.sent == []
    assert world.runs.parts[run_id, 1]["tries"] == 0
    assert "attempts" not in world.runs.parts[run_id, 1]["ledger"]
    world.pause.until = None
    world.work()
    assert users(world) == [f"u{n}" for n in range(10)]


def test_a_refused_key_blocks_the_run_and_keeps_what_was_accepted() -> None:
    world = World(part_rows=5)
    run_id = world.put("one", MANY)
    world.braze.script = [None, Blocked("http_401", "the key was refused")]
    world.work()
    assert world.run(run_id).status == "blocked"
    report = world.report(run_id)
    assert (report["reason"], report["sent"]["accepted"], report["members"]) == ("http_401", 5, 5)


def test_a_part_can_be_given_up_from_outside() -> None:
    world, run_id = one_part()
    world.parts.messages[0][0] = json.dumps({"run_id": run_id, "part": 1, "step": "give_up"})
    world.work()
    assert world.report(run_id)["sent"]["undelivered"] == 10
    assert world.report(run_id)["parts"][0]["reason"] == "given_up"


@pytest.mark.parametrize("part", [0, -1, 2])
def test_a_part_the_run_does_not_have_is_not_sent(part: int) -> None:
    world, run_id = one_part()
    body = json.dumps({"run_id": run_id, "part": part})
    with pytest.raises(ValueError, match="no such part"):
        world.sync.handle(body, owner="me", beat=lambda: None, remaining=lambda: 900.0)
    assert world.braze.sent == []


def test_a_part_that_another_worker_holds_is_left_alone() -> None:
    world, run_id = one_part()
    world.runs.lease(run_id, 1, "someone", 60)
    body = world.parts.messages[0][0]
    verdict = world.sync.handle(body, owner="me", beat=lambda: None, remaining=lambda: 900.0)
    assert isinstance(verdict, Later)
    assert world.braze.sent == []


def test_a_worker_that_lost_its_lease_stops() -> None:
    world, run_id = one_part()
    world.runs.checkpoint = lambda *_, **__: False  # type: ignore[method-assign]
    verdict = world.sync.handle(
        world.parts.messages[0][0], owner="me", beat=lambda: None, remaining=lambda: 900.0
    )
    assert isinstance(verdict, Later)
    assert world.braze.sent == []
    assert world.run(run_id).parts_done == 0


def test_a_worker_that_stood_still_before_its_result_writes_it_over_nobody_elses() -> None:
    world, run_id = one_part(*[Unknown("no_answer")] * 100)
    put, body = world.buckets.put_result, world.parts.messages[0][0]

    def after_a_long_stop(run: str, result: PartResult, *, over: str | None = None) -> bool:
        world.buckets.put_result = put  # type: ignore[method-assign]
        world.braze.script = []
        world.clock.forward(61)
        world.sync.handle(body, owner="another", beat=lambda: None, remaining=lambda: 900.0)
        return put(run, result, over=over)

    world.buckets.put_result = after_a_long_stop  # type: ignore[method-assign,assignment]
    given_up = json.dumps(json.loads(body) | {"step": "give_up"})
    verdict = world.sync.handle(given_up, owner="me", beat=lambda: None, remaining=lambda: 900.0)
    assert isinstance(verdict, Later)
    [result] = world.buckets.results(run_id, 1)
    assert (result.ended, result.accepted) == ("sent", "0-9")
    assert world.run(run_id).parts_done == 1


def test_the_result_of_a_worker_that_died_behind_it_is_replaced() -> None:
    world, run_id = one_part()
    world.buckets.put_result(run_id, PartResult(part=1, rows=10))
    world.work()
    assert world.buckets.results(run_id, 1)[0].accepted == "0-9"


def test_an_invocation_near_its_end_leaves_the_rest_to_the_next() -> None:
    world, _ = one_part()
    verdict = world.sync.handle(
        world.parts.messages[0][0], owner="me", beat=lambda: None, remaining=lambda: 5.0
    )
    assert isinstance(verdict, Later)
    world.work()
    assert users(world) == [f"u{n}" for n in range(10)]


def test_a_corrupt_part_blocks_the_run() -> None:
    world, run_id = one_part()
    key = next(key for key in world.buckets.objects if key.endswith(".jsonl"))
    world.buckets.objects[key] = world.buckets.objects[key].replace(b"u1", b"u2")
    world.work()
    assert world.report(run_id)["reason"] == "part_corrupt"
    assert world.braze.sent == []


def test_a_cancelled_part_is_done_without_a_request() -> None:
    world, run_id = one_part()
    world.runs.stop(run_id, Halt(status="cancelled", reason="cancelled"))
    world.work()
    assert world.run(run_id).status == "cancelled"
    assert world.braze.sent == []
