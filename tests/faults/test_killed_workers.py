"""Workers killed at any time, messages twice and out of order, files lost and spoilt: Braze holds the truth."""

import json
import os
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bridge.errors import Rejected
from local.settings import ROOT
from tests.faults.bundle import Bundle, emulator
from tests.unit.braze_behaviours.account import served
from tests.unit.plan.world import row

MEMBERS = int(os.environ.get("FAULT_MEMBERS") or 30_000)
KILLS, KILLS_WHILE_PLANNING = 20, 3
"""A plan that is broken off five times blocks its run, as it should."""
CHECKPOINT, SLACK = 1.0, 2.0
"""Seconds; the second is what a busy machine may be late by."""
FIGURES = ROOT / ".local" / "killed_workers.json"
CITIES = ("Oslo", "Bergen", "Tromsø")
SMALL = 2_000


def people(members: int, *, changed: int = 0) -> list[dict[str, Any]]:
    """So many members, the first `changed` of which have moved."""
    return [row(f"u{n}", n, "Ås" if n < changed else CITIES[n % 3]) for n in range(members)]


def truth(rows: list[dict[str, Any]], audience: str) -> dict[str, dict[str, Any]]:
    return {
        one["external_id"]: {f"AIQ_{audience}_1": True, "n": one["n"], "city": one["city"]} for one in rows
    }


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bundle]:
    scratch = Path(tmp_path_factory.mktemp("faults"))
    with served() as account, emulator(scratch) as url:
        account.modes(faults=[{"fault": "latency", "path": "/users/track", "seconds": 0.2}])
        found = Bundle(url, account, max(500, MEMBERS // 27), in_flight=max(4, MEMBERS // 12_500))
        found.arrivals.watch()
        found.up()
        yield found
        for worker in (found.planner, *found.senders):
            worker.kill()


@dataclass
class Killing:
    """How a run went during which workers were killed."""

    report: dict[str, Any]
    kills: list[float]
    planner_kills: int
    seconds: float


def killed(bundle: Bundle, run_id: str, dice: random.Random) -> Killing:
    """Kill whoever is at work, again and again, until the run has ended."""
    began, sender_kills, planner_kills = time.monotonic(), [], 0
    while len(sender_kills) + planner_kills < KILLS:
        run = bundle.run(run_id)
        time.sleep(dice.uniform(0.1, 1.5) if run and run.status == "syncing" else dice.uniform(0.05, 0.5))
        run = bundle.run(run_id)
        if run and run.status == "syncing":
            worker = dice.choice(bundle.senders)
            sender_kills.append(worker.kill())
        elif run and run.ended:
            break
        elif planner_kills < KILLS_WHILE_PLANNING or (run and run.status == "committing"):
            worker = bundle.planner
            worker.kill()
            planner_kills += 1
        else:
            continue
        worker.up()
    bundle.until(run_id, "done", seconds=240)
    return Killing(bundle.report(run_id), sender_kills, planner_kills, time.monotonic() - began)


def most_at_once(early: list[float], kills: list[float]) -> int:
    """The most lines that one kill let go out twice."""
    return max(
        (sum(kill - CHECKPOINT - SLACK <= at <= kill + SLACK for at in early) for kill in kills), default=0
    )


def test_twenty_kills_cost_a_checkpoint_each_and_no_line(bundle: Bundle) -> None:
    rows = people(MEMBERS)
    run_id = bundle.put("many", "first", rows)
    went = killed(bundle, run_id, random.Random(20_261_122))  # noqa: S311 (repeatable)
    assert bundle.held("many") == truth(rows, "many")
    sent = went.report["sent"]
    assert (sent["accepted"], sent["undelivered"], went.report["members"]) == (MEMBERS, 0, MEMBERS)
    times = bundle.arrivals.times()
    again = {user: found for user, found in times.items() if len(found) > 1}
    early = [at for found in again.values() for at in found[:-1]]
    unexplained = [
        at for at in early if not any(at - SLACK <= kill <= at + CHECKPOINT + SLACK for kill in went.kills)
    ]
    figures = {
        "members": MEMBERS,
        "senders_killed": len(went.kills),
        "planner_killed": went.planner_kills,
        "seconds": round(went.seconds, 1),
        "requests": len(bundle.arrivals.bodies),
        "lines_sent_again": len(early),
        "most_at_once": most_at_once(early, went.kills),
    }
    FIGURES.parent.mkdir(exist_ok=True)
    FIGURES.write_text(json.dumps(figures, indent=2))
    assert len(times) == MEMBERS
    assert unexplained == []
    assert len(went.kills) + went.planner_kills == KILLS


@pytest.fixture
def quick(bundle: Bundle) -> Bundle:
    """The same with a Braze that answers at once."""
    bundle.account.modes(faults=[])
    return bundle


def brought(bundle: Bundle, audience: str, rows: list[dict[str, Any]], name: str) -> dict[str, Any]:
    """Export, wait for the end, give the report; Braze then holds the truth."""
    run_id = bundle.put(audience, name, rows)
    bundle.until(run_id, "done")
    assert bundle.held(audience) == truth(rows, audience)
    return bundle.report(run_id)


def down(bundle: Bundle) -> None:
    for worker in bundle.senders:
        worker.kill()


def up(bundle: Bundle) -> None:
    for worker in bundle.senders:
        worker.up()


def test_a_spoilt_part_blocks_its_run_and_the_next_one_makes_it_good(quick: Bundle) -> None:
    rows = people(SMALL)
    down(quick)
    run_id = quick.put("spoilt", "first", rows)
    quick.until(run_id, "syncing")
    s3, key = quick.client("s3"), f"runs/{run_id}/plan-1/part-00002.jsonl"
    body = s3.get_object(Bucket="state", Key=key)["Body"].read()
    s3.put_object(Bucket="state", Key=key, Body=body.replace(b"Oslo", b"Oslx"))
    up(quick)
    quick.until(run_id, "blocked")
    report = quick.report(run_id)
    assert report["reason"] == "part_corrupt"
    assert all(one["city"] != "Oslx" for one in quick.held("spoilt").values())
    second = brought(quick, "spoilt", rows, "second")
    assert second["sent"]["lines"] == SMALL - report["sent"]["accepted"]


def test_a_commit_whose_last_write_is_lost_is_made_again(quick: Bundle) -> None:
    rows = people(SMALL)
    quick.planner.kill()
    quick.planner.up(dies_at_the_flip=True)
    run_id = quick.put("flip", "first", rows)
    quick.until(run_id, "committing")
    quick.planner.process.join(30)
    assert quick.planner.process.exitcode == -9
    quick.planner.up()
    quick.until(run_id, "done")
    assert quick.report(run_id)["snapshot_version"] == 1
    moved = people(SMALL, changed=10)
    assert brought(quick, "flip", moved, "second")["sent"]["lines"] == 10


def test_a_part_that_became_a_dead_letter_goes_with_the_next_run(quick: Bundle) -> None:
    rows = people(SMALL)
    down(quick)
    run_id = quick.put("letter", "first", rows)
    quick.until(run_id, "syncing")
    quick.send("audience", {"run_id": run_id, "part": 1, "step": "give_up", "reason": "crashes_the_worker"})
    sqs, url = quick.client("sqs"), quick.queues["audience"]
    wait_for(lambda: quick.run(run_id).queued)  # type: ignore[union-attr]
    wait_for(lambda: took(sqs, url, {"run_id": run_id, "part": 1}))
    up(quick)
    quick.until(run_id, "done")
    [first, *others] = quick.report(run_id)["parts"]
    assert (first["ended"], first["reason"], first["accepted"]) == ("gave_up", "crashes_the_worker", 0)
    assert {part["ended"] for part in others} == {"sent"}
    assert brought(quick, "letter", rows, "second")["sent"]["lines"] == first["rows"]


def test_an_older_export_that_comes_late_waits_for_a_person(quick: Bundle) -> None:
    newer = people(SMALL, changed=10)
    brought(quick, "late", newer, "newer")
    old = quick.put("late", "older", people(SMALL), exported_at="2026-01-01T00:00:00.000Z")
    quick.until(old, "stale")
    assert quick.held("late") == truth(newer, "late")


def test_an_export_that_comes_while_another_runs_waits_its_turn(bundle: Bundle) -> None:
    bundle.account.modes(faults=[{"fault": "latency", "path": "/users/track", "seconds": 0.1}])
    first = bundle.put("turn", "first", people(SMALL))
    bundle.until(first, "syncing")
    second = bundle.put("turn", "second", people(SMALL - 100, changed=50))
    assert bundle.until(second, "waiting_lease").waits_on == first
    bundle.until(second, "done")
    assert bundle.run(first).status == "done"  # type: ignore[union-attr]
    assert bundle.held("turn") == truth(people(SMALL - 100, changed=50), "turn")


@pytest.mark.parametrize("status", ["planning", "syncing", "committing"])
def test_a_cancelled_run_ends_within_five_seconds_at_any_point(bundle: Bundle, status: str) -> None:
    slow = [{"fault": "latency", "path": "/users/track", "seconds": 0.5}]
    bundle.account.modes(faults=[] if status == "committing" else slow)
    audience = f"cancel{status}"
    run_id = bundle.put(audience, "first", people(SMALL))
    bundle.until(run_id, status, "done")
    began = time.monotonic()
    if cancelled(bundle, run_id):
        bundle.until(run_id, "cancelled", "done", seconds=5.0)
    requests = len(bundle.arrivals.bodies)
    assert time.monotonic() - began < 5.0
    time.sleep(1.0)
    assert len(bundle.arrivals.bodies) == requests
    bundle.account.modes(faults=[])
    brought(bundle, audience, people(SMALL), "second")


def cancelled(bundle: Bundle, run_id: str) -> bool:
    """What the API does; False when it came too late."""
    try:
        bundle.runs.cancel(run_id, "a person")
    except Rejected:
        return False
    bundle.send("export", {"run_id": run_id, "step": "resume"})
    return True


def took(sqs: Any, url: str, body: dict[str, Any]) -> bool:
    """Whether a message that says so was found and deleted; the others come back at once."""
    found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0).get("Messages", [])
    mine = [message for message in found if json.loads(message["Body"]) == body]
    for message in mine:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return bool(mine)


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
