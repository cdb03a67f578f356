"""Parts of an export come in, and parts of a plan go out, several at a time."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Barrier, Event
from typing import Any

import pytest

from bridge.errors import Rejected
from bridge.flows.runs.side_by_side import AHEAD, in_order
from mapping.comparison import PartFile
from mapping.export import ExportPart, Manifest
from mapping.run import Halt
from tests.unit.plan.world import World, row


def test_results_keep_the_order_of_their_calls_however_long_each_takes() -> None:
    meeting = Barrier(2, timeout=5)

    def slow_first(number: int) -> int:
        if number < 2:
            meeting.wait()
        return number

    with ThreadPoolExecutor(2) as pool:
        assert in_order(pool, slow_first, range(3 * AHEAD)) == list(range(3 * AHEAD))


def test_no_more_is_under_way_than_fits_into_memory() -> None:
    begun: list[int] = []

    class Never(ThreadPoolExecutor):
        def submit(self, fn: Any, /, *arguments: Any, **named: Any) -> Any:
            begun.append(arguments[0])
            return super().submit(fn, *arguments, **named)

    def fails(number: int) -> None:
        raise Rejected("export_gone", str(number))

    with Never(1) as pool, pytest.raises(Rejected, match="export_gone"):
        in_order(pool, fails, range(100))
    assert len(begun) == AHEAD


def test_a_plan_stores_its_parts_two_at_a_time_and_lists_them_in_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World(part_rows=1)
    meeting = Barrier(2, timeout=5)
    put = world.buckets.put_part

    def together(run_id: str, attempt: int, part: PartFile) -> str:
        meeting.wait()
        return put(run_id, attempt, part)

    monkeypatch.setattr(world.buckets, "put_part", together)
    with ThreadPoolExecutor(2) as pool:
        steps = replace(world.steps, planning=replace(world.steps.planning, transfers=pool))
        monkeypatch.setattr(world, "steps", steps)
        run = world.put("e1", [row(f"u{n}", n) for n in range(6)])
        world.work()
    assert world.run(run).status == "done"
    assert len(world.braze.profiles) == 6


def test_the_parts_of_an_export_are_downloaded_side_by_side_and_a_wrong_one_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World()
    meeting = Barrier(2, timeout=5)
    get = world.buckets.download

    def together(key: Any, target: Path, *going: Any) -> Any:
        if str(key).endswith(".csv"):
            meeting.wait()
        return get(key, target, *going)

    monkeypatch.setattr(world.buckets, "download", together)
    run = world.put("e1", [row("u", 1)])
    part = next(key for key in world.buckets.objects if key.endswith("part-1.csv"))
    second = part.replace("part-1", "part-2")
    world.buckets.objects[second] = b"external_id,n,city\nw,2,\n"
    named = (ExportPart(key=part), ExportPart(key=second, sha256="0" * 64))
    manifest = part.replace("part-1.csv", "manifest.json")
    world.buckets.objects[manifest] = Manifest(parts=named).model_dump_json(exclude_unset=True).encode()
    with ThreadPoolExecutor(2) as pool:
        steps = replace(world.steps, planning=replace(world.steps.planning, transfers=pool))
        monkeypatch.setattr(world, "steps", steps)
        world.work()
    assert (world.run(run).status, world.report(run)["reason"]) == ("blocked", "wrong_sha256")


def test_when_one_fails_the_others_are_waited_for() -> None:
    """What they write to is removed next."""
    ended: list[int] = []
    begun = Event()

    def work(number: int) -> None:
        if number:
            begun.set()
            Event().wait(0.05)
            ended.append(number)
            return
        begun.wait(5)
        raise Rejected("wrong_sha256", "the first")

    with ThreadPoolExecutor(3) as pool:
        with pytest.raises(Rejected, match="wrong_sha256"):
            in_order(pool, work, range(3))
        assert sorted(ended) == [1, 2]


def test_a_run_that_is_stopped_ends_its_download_in_the_middle(monkeypatch: pytest.MonkeyPatch) -> None:
    """One part of an export may take minutes."""
    world = World()
    run = world.put("e1", [row("u", 1)])

    def slow(_key: str, target: Path, going: Callable[[], None]) -> str:
        world.runs.stop(run, Halt(status="cancelled", reason="cancelled", by="someone"))
        for _ in range(500):
            target.write_bytes(b"a chunk")
            going()
            Event().wait(0.01)
        raise AssertionError("it is downloaded to its end")

    monkeypatch.setattr(world.buckets, "download", slow)
    monkeypatch.setattr(world, "steps", replace(world.steps, pace=replace(world.steps.pace, beat=0.01)))
    world.work()
    assert (world.run(run).status, world.run(run).attempt) == ("cancelled", 1)
