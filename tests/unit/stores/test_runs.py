"""Rows of RunsTable: every change is conditional, on the real expressions."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from bridge.errors import Rejected, Retryable
from bridge.stores.faults import FaultStore
from bridge.stores.part_rows import PartRows
from bridge.stores.run_history import RunHistory
from bridge.stores.run_line import RunLine
from bridge.stores.runs import RunStore
from mapping.export import RunPlan, Wait
from mapping.run import Halt, PlanRef, Run
from tests.unit.stores.admin_tables import Clock, aws

TABLE = "runs"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def account() -> Iterator[Any]:
    with aws() as client:
        yield client("dynamodb")


@pytest.fixture
def dynamodb(account: Any) -> Iterator[Any]:
    """A table of each test's own in one account."""
    names = ("pk", "sk", "feed", "at")
    account.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in names],
        KeySchema=[
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "feed",
                "KeySchema": [
                    {"AttributeName": "feed", "KeyType": "HASH"},
                    {"AttributeName": "at", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            },
        ],
    )
    yield account
    account.delete_table(TableName=TABLE)


@pytest.fixture
def store(dynamodb: Any, clock: Clock) -> RunStore:
    return RunStore(dynamodb, TABLE, clock)


def run(number: int = 1, **changes: Any) -> Run:
    fields = {
        "id": f"run_{number}",
        "kind": "audience",
        "integration_id": "int_1",
        "export_id": "e",
        "key": "exports/manifest.json",
        "etag": "t",
        "status": "planning",
        "created_at": f"2026-11-22T12:00:0{number}.000Z",
        "audience_id": "a",
        "split_id": "1",
    }
    return Run.model_validate(fields | changes)


def plan(*codes: str) -> RunPlan:
    waits = tuple(Wait(code=code, detail="why") for code in codes)
    return RunPlan(
        run_id="run_1",
        integration_id="int_1",
        kind="audience",
        export_id="e",
        attempt=1,
        exported_at="2026-11-22T12:00:00.000Z",
        waits_for=waits,
        details={"columns": [{"name": "x"}]},
    )


def waiting(store: RunStore, status: str = "waiting_approval", *codes: str) -> Run:
    kept = store.create(run())
    store.hold(kept.id, "w", 60)
    ref = PlanRef(key="k", sha256="s")
    moved = store.move(
        kept, "w", expect={"planning"}, status=status, plan=plan(*codes), plan_ref=ref, parts=3
    )
    assert moved
    return moved


def test_a_run_is_created_once(store: RunStore) -> None:
    assert store.create(run()) == run()
    assert store.create(run(etag="other")).etag == "t"


def test_a_run_comes_back_as_it_was_kept(store: RunStore) -> None:
    kept = waiting(store, "planned", "removes_many")
    assert store.get("run_1") == kept
    assert (kept.parts, kept.plan, kept.plan_ref) == (3, plan("removes_many"), PlanRef(key="k", sha256="s"))


def test_one_worker_holds_a_run_until_its_lease_ends(store: RunStore, clock: Clock) -> None:
    store.create(run())
    assert store.hold("run_1", "a", 60)
    assert store.hold("run_1", "b", 60) is None
    clock.forward(seconds=61)
    assert store.hold("run_1", "b", 60)
    store.let_go("run_1", "a")
    assert store.hold("run_1", "a", 60) is None
    store.let_go("run_1", "b")
    assert store.hold("run_1", "a", 60)
    assert store.hold("run_2", "a", 60) is None


def test_a_move_needs_the_lease_and_the_status(store: RunStore) -> None:
    kept = store.create(run())
    assert store.move(kept, "a", expect={"planning"}, status="planned") is None
    store.hold("run_1", "a", 60)
    assert store.move(kept, "a", expect={"syncing"}, status="planned") is None
    moved = store.move(kept, "a", expect={"planning", "waiting_lease"}, status="planned", attempt=1)
    assert moved
    assert (moved.status, moved.attempt) == ("planned", 1)


def test_the_first_reason_to_stop_stays(store: RunStore) -> None:
    store.create(run())
    first = Halt(status="blocked", reason="http_401")
    store.stop("run_1", first)
    stopped = store.stop("run_1", Halt(status="cancelled", reason="cancelled"))
    assert stopped
    assert stopped.halt == first
    assert store.stop("run_9", first) is None


def test_an_audience_passes_from_run_to_run_by_compare_and_swap(store: RunStore) -> None:
    assert store.holder("int#a#1") is None
    assert store.take_audience("int#a#1", "run_1", None)
    assert not store.take_audience("int#a#1", "run_2", None)
    assert not store.take_audience("int#a#1", "run_3", "run_2")
    assert store.take_audience("int#a#1", "run_2", "run_1")
    assert store.holder("int#a#1") == "run_2"


def test_approving_names_what_was_approved(store: RunStore) -> None:
    waiting(store, "waiting_approval", "removes_many", "type_change")
    approved = store.approve("run_1", "kim")
    assert (approved.approved, approved.approved_by) == (("removes_many", "type_change"), "kim")
    assert approved.status == "waiting_approval"


def test_who_waits_in_line_is_found_and_can_be_overtaken(store: RunStore) -> None:
    waiting(store, "waiting_lease")
    store.create(run().model_copy(update={"id": "run_2", "audience_id": "other", "status": "waiting_lease"}))
    store.create(run().model_copy(update={"id": "run_3", "origin": "joiners", "status": "waiting_lease"}))
    store.create(run().model_copy(update={"id": "run_4"}))
    assert [one.id for one in store.in_line(run().audience)] == ["run_1"]
    assert not store.supersede("run_1", "run_9")
    assert store.supersede("run_1", "run_9", "waiting_lease")
    assert store.in_line(run().audience) == []


def test_a_line_holds_the_older_exports_of_an_audience_that_look_again(dynamodb: Any, clock: Clock) -> None:
    line, soon = RunLine(dynamodb, TABLE, clock), clock() + timedelta(seconds=90)
    for number, hour in ((3, 12), (1, 10), (2, 11)):
        line.stand("int_1#a#1", f"run_{number}", f"2026-11-22T{hour}:00:00.000Z", soon)
    line.stand("int_1#a#2", "run_4", "2026-11-22T09:00:00.000Z", soon)
    assert line.before("int_1#a#1", "2026-11-22T12:00:00.000Z") == ["run_1", "run_2"]
    assert line.before("int_1#a#1", "2026-11-22T10:00:00.000Z") == []
    clock.forward(seconds=60)
    line.stand("int_1#a#1", "run_2", "2026-11-22T11:00:00.000Z", clock() + timedelta(seconds=90))
    clock.forward(seconds=60)
    assert line.before("int_1#a#1", "2026-11-22T12:00:00.000Z") == ["run_2"]


def test_approving_a_stale_run_has_it_planned_again(store: RunStore) -> None:
    waiting(store, "waiting_approval")
    assert store.supersede("run_1", "run_2")
    assert not store.supersede("run_1", "run_2")
    approved = store.approve("run_1", "kim")
    assert (approved.status, approved.approved, approved.ended_at) == ("planning", ("stale_export",), None)


def test_only_what_waits_can_be_approved(store: RunStore) -> None:
    store.create(run())
    with pytest.raises(Rejected):
        store.approve("run_1", "kim")


def test_a_waiting_run_is_cancelled_at_once_and_a_working_one_is_told(store: RunStore) -> None:
    waiting(store, "waiting_approval")
    assert store.cancel("run_1", "kim").status == "cancelled"
    with pytest.raises(Rejected):
        store.cancel("run_1", "kim")
    store.create(run(2, status="syncing"))
    told = store.cancel("run_2", "kim")
    assert told.status == "syncing"
    assert told.halt == Halt(status="cancelled", reason="cancelled", by="kim")


def test_runs_are_listed_newest_first_page_by_page(store: RunStore) -> None:
    for number in (1, 2, 3):
        store.create(run(number))
    first, cursor = store.page(2, None)
    second, end = store.page(2, cursor)
    assert [found.id for found in (*first, *second)] == ["run_3", "run_2", "run_1"]
    assert end is None


def test_a_part_is_leased_checkpointed_and_counted_once(store: RunStore, dynamodb: Any, clock: Clock) -> None:
    rows = PartRows(dynamodb, TABLE, clock)
    store.create(run())
    assert rows.lease("run_1", 1, "a", 60) == (False, True, "", 1)
    assert rows.lease("run_1", 1, "b", 60) == (False, False, "", 0)
    assert rows.checkpoint("run_1", 1, "a", "ledger", 60, progressed=False)
    assert not rows.checkpoint("run_1", 1, "b", "other", 60, progressed=True)
    assert rows.leave("run_1", 1, "a", "ledger 2")
    assert rows.lease("run_1", 1, "b", 60) == (False, True, "ledger 2", 1)
    clock.forward(seconds=61)
    assert rows.lease("run_1", 1, "c", 60) == (False, True, "ledger 2", 2)
    assert rows.checkpoint("run_1", 1, "c", "ledger 3", 60, progressed=True)
    assert rows.lease("run_1", 1, "c", 60) == (False, True, "ledger 3", 1)
    assert not rows.finish("run_1", 1, "b")
    assert rows.finish("run_1", 1, "c")
    assert not rows.finish("run_1", 1, "c")
    assert rows.lease("run_1", 1, "d", 60) == (True, False, "", 0)
    found = store.get("run_1")
    assert found
    assert found.parts_done == 1


def test_the_last_runs_of_an_audience_are_one_query_away_and_noted_once_each(
    dynamodb: Any, clock: Clock
) -> None:
    history = RunHistory(dynamodb, TABLE, 90, clock)
    for day in (3, 1, 2, 2):
        history.note("int_1#a#1", {"id": f"run_{day}", "created_at": f"2026-11-{day:02d}", "joined": day})
    history.note("int_1#a#2", {"id": "run_9", "created_at": "2026-11-09", "joined": 9})
    assert [one["joined"] for one in history.last("int_1#a#1", 12)] == [1, 2, 3]
    assert [one["joined"] for one in history.last("int_1#a#1", 2)] == [2, 3]
    row = dynamodb.query(
        TableName=TABLE,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": "HISTORY#int_1#a#2"}},
    )["Items"][0]
    assert int(row["expires_at"]["N"]) == int(clock().timestamp()) + 90 * 86_400


def test_the_checkpoints_of_a_run_are_those_its_parts_have(
    store: RunStore, dynamodb: Any, clock: Clock
) -> None:
    rows = PartRows(dynamodb, TABLE, clock)
    for part in (1, 2, 11):
        rows.lease("run_1", part, "a", 60)
    rows.checkpoint("run_1", 2, "a", "two", 60, progressed=False)
    rows.checkpoint("run_1", 11, "a", "eleven", 60, progressed=False)
    rows.lease("run_2", 1, "a", 60)
    assert rows.ledgers("run_1") == {2: "two", 11: "eleven"}


def test_rows_of_a_run_and_its_parts_expire_so_long_after_their_last_change(
    dynamodb: Any, clock: Clock
) -> None:
    store, rows = RunStore(dynamodb, TABLE, clock, 10), PartRows(dynamodb, TABLE, clock, 10)

    def expiry(sk: str) -> int:
        item = dynamodb.get_item(TableName=TABLE, Key={"pk": {"S": "run_1"}, "sk": {"S": sk}})["Item"]
        return int(item["expires_at"]["N"]) - int(clock().timestamp())

    store.create(run())
    assert expiry("RUN") == 10 * 86_400
    clock.forward(days=8)
    assert expiry("RUN") == 2 * 86_400
    store.stop("run_1", Halt(status="cancelled", reason="cancelled"))
    rows.lease("run_1", 1, "me", 60)
    assert expiry("RUN") == expiry("PART#00001") == 10 * 86_400


def test_the_parts_of_a_run_tell_what_they_have_written_down(dynamodb: Any, clock: Clock) -> None:
    RunStore(dynamodb, TABLE, clock).create(run())
    rows = PartRows(dynamodb, TABLE, clock)
    assert rows.states("run_1") == []
    for part in (2, 1, 11):
        rows.lease("run_1", part, "me", 60)
    rows.checkpoint("run_1", 1, "me", "{}", 60, progressed=True)
    rows.finish("run_1", 1, "me")
    assert rows.states("run_1") == [(1, "{}", True, False), (2, "", False, True), (11, "", False, True)]
    clock.forward(seconds=61)
    assert rows.states("run_1")[1] == (2, "", False, False)


def test_faults_count_while_each_receive_ends_in_one(dynamodb: Any, clock: Clock) -> None:
    faults = FaultStore(dynamodb, TABLE, clock)
    assert [faults.note("m-1", receive) for receive in (7, 8, 9)] == [1, 2, 3]
    assert faults.note("m-2", 10) == 1
    assert [faults.note("m-1", receive) for receive in (11, 12)] == [1, 2]
    with pytest.raises(Retryable):
        FaultStore(dynamodb, "nowhere", clock).note("m-1", 13)
