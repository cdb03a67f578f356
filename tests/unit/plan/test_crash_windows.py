"""A worker dies after any of the durable writes, and the run still ends as if none had."""

import pytest

from tests.unit.plan.world import World, row, truth

FIRST = [row(f"u{n}", n, "here") for n in range(7)]
SECOND = [row("u0", 1, "here"), *(row(f"u{n}", n, "there") for n in range(2, 7)), row("new", 9)]


def play(kill_after: tuple[int, ...] = (), *, deliver_twice: bool = False) -> World:
    world = World(kill_after=kill_after, part_rows=4)
    world.put("first", FIRST)
    world.work(deliver_twice=deliver_twice)
    world.clock.forward(60)
    world.put("second", SECOND)
    world.work(deliver_twice=deliver_twice)
    return world


def check(world: World) -> None:
    """Braze holds what the last export says; who left keeps its attributes and is told so."""
    inside = {user: p for user, p in world.braze.profiles.items() if p["AIQ_a1_1"]}
    assert inside == truth(SECOND)
    assert world.braze.profiles["u1"]["AIQ_a1_1"] is False
    assert [run.status for run in world.runs.rows.values()] == ["done", "done"]
    (pointer,) = world.buckets.pointers.values()
    assert pointer.before in world.buckets.retired
    assert pointer.prefix not in world.buckets.retired
    assert all(run.report_key for run in world.runs.rows.values())


WRITES = play().life.writes


def test_without_a_death_every_line_is_sent_once() -> None:
    world = play()
    check(world)
    assert [len(request) for request in world.braze.sent] == [4, 3, 4, 4]
    assert world.braze.data_points == 7 * 3 + 1 + 1 + 5 + 2


@pytest.mark.parametrize("write", range(1, WRITES + 1))
def test_a_death_after_any_write_costs_nothing_but_a_request(write: int) -> None:
    world = play((write,))
    check(world)
    assert len(world.braze.sent) <= 4 + 1


@pytest.mark.parametrize("step", [11, 13, 17])
def test_death_after_death_still_ends(step: int) -> None:
    check(play(tuple(range(step, 400, step))))


def test_every_message_delivered_twice_changes_nothing() -> None:
    world = play(deliver_twice=True)
    check(world)
    assert len(world.braze.sent) == 4
