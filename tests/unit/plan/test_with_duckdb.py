"""Going back and reading back with the comparison that is deployed, from the order to the report."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from bridge.diff import Session
from tests.unit.plan.test_joiners import DELTA, KNOWN, export, joiners, now, sent_to
from tests.unit.plan.test_reconcile import MANY, done, ends, found
from tests.unit.plan.world import World, row, truth


@contextmanager
def duckdb() -> Iterator[Session]:
    with TemporaryDirectory() as directory:
        session = Session(Path(directory), memory_limit="200MB", threads=1)
        yield session
        session.close()


def inside(world: World) -> dict[str, object]:
    return {user: profile for user, profile in world.braze.profiles.items() if profile["AIQ_a1_1"]}


def test_a_rollback_and_a_repair_bring_back_what_was_committed() -> None:
    world = World(part_rows=4, sessions=duckdb)
    first = done(world, "one", [*MANY, row("left", 1)])
    done(world, "two", [*MANY[1:9], row("u9", 9, "there"), row("new", 1)])
    back = ends(world, world.roll_back(first))
    assert back.plan
    assert (back.plan.joined, back.plan.left, back.plan.changed, back.plan.data_points) == (2, 1, 1, 4)
    assert inside(world) == truth([*MANY, row("left", 1)])
    world.clock.forward(120)

    profiles = world.braze.profiles
    profiles["u1"]["city"] = "elsewhere"
    del profiles["u2"], profiles["u3"]["n"]
    profiles["new"]["AIQ_a1_1"] = True
    told = found(world, ends(world, world.reconcile(first, repair=True)).id)
    assert (told["read"], told["drifted"], told["unknown_to_braze"], told["extra_members"]) == (12, 3, 1, 1)
    assert told["attributes"] == {"city": {"different": 1}, "n": {"missing": 1}}
    repair = ends(world, told["repair"]).plan
    assert repair
    assert (repair.joined, repair.left, repair.changed, repair.data_points) == (1, 1, 2, 6)
    assert inside(world) == truth([*MANY, row("left", 1)])


def test_whom_braze_does_not_know_is_kept_apart_and_tried_again() -> None:
    world = World(part_rows=4, sessions=duckdb, config={"update_existing_only": True})
    world.braze.only = set(KNOWN)
    people = [row(f"u{n}", n, "here") for n in range(6)]
    told = joiners(world, export(world, "one", people))
    assert (told["of"], told["unknown_to_braze"]) == (6, 2)
    assert (now(world).members, now(world).unknown, now(world).rows) == (4, 2, 4)
    world.braze.only = {*KNOWN, "u4"}
    delta = [{**row("u0", 7, "here"), "op": "add"}, {**row("new", 1), "op": "add"}]
    told = joiners(world, export(world, "two", delta, mode="delta", columns=DELTA))
    assert (told["of"], told["unknown_to_braze"]) == (3, 2)
    assert world.braze.profiles["u4"] == {"AIQ_a1_1": True, "n": 4.0, "city": "here"}
    assert (now(world).members, now(world).unknown) == (5, 2)
    world.braze.refuse = lambda line: "BAD" if line["external_id"] == "u5" else ""
    export(world, "three", [{**row("new"), "op": "remove"}], mode="delta", columns=DELTA)
    assert sent_to(world) == {"u5"}
    assert (now(world).members, now(world).unknown) == (5, 1)
    export(world, "four", people[:5])
    assert now(world).unknown == 0


def test_postcodes_and_ids_of_an_untyped_export_are_text_whatever_their_digits() -> None:
    world = World(sessions=duckdb)
    rows = [{"external_id": "u1", "zip": "80331", "customerId": "12", "nr": "5", "points": "7"}]
    types = {"customerId": {"name": "crm"}, "nr": {"name": "nth", "type": "number"}}
    run_id = world.put("one", rows, columns=tuple(rows[0]), attributes=types)
    world.work()
    plan = world.run(run_id).plan
    assert plan
    assert [wait.detail for wait in plan.waits_for] == [
        "'zip' is new and untyped; it would be sent as string",
        "'crm' is new and untyped; it would be sent as string",
        "'points' is new and untyped; it would be sent as number",
    ]
    world.runs.approve(run_id)
    world.resume(run_id)
    world.work()
    sent = {"AIQ_a1_1": True, "zip": "80331", "crm": "12", "nth": 5, "points": 7}
    assert world.braze.profiles["u1"] == sent
