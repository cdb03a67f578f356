"""Pointers flip once, files come back in order, columns remember who sends them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bridge.errors import Rejected
from bridge.stores.snapshots import SnapshotStore
from mapping.run import Column, ColumnRecord, Snapshot
from tests.unit.stores.admin_tables import INSTALLATIONS, aws, installations_table, state_bucket

AUDIENCE = "int_1#a#1"


@pytest.fixture(scope="module")
def store() -> Iterator[SnapshotStore]:
    """One table for all: each test has rows of its own."""
    with aws() as client:
        installations_table(client("dynamodb"))  # its keys are those of RunsTable
        yield SnapshotStore(client("dynamodb"), INSTALLATIONS, client("s3"), state_bucket(client("s3")))


def snapshot(version: int, **changes: Any) -> Snapshot:
    columns = (Column(name="n", type="number", field="v0"),)
    return Snapshot(
        version=version,
        run_id=f"run_{version}",
        prefix="snapshots/p/",
        partitions=2,
        hashing="h",
        identifier="external_id",
        columns=columns,
        **changes,
    )


def test_a_pointer_flips_only_from_the_version_it_was_made_of(store: SnapshotStore) -> None:
    assert store.pointer(AUDIENCE) is None
    assert store.flip(AUDIENCE, snapshot(1), None)
    assert not store.flip(AUDIENCE, snapshot(1), None)
    assert not store.flip(AUDIENCE, snapshot(3), 2)
    assert store.flip(AUDIENCE, snapshot(2, members=5), 1)
    assert store.pointer(AUDIENCE) == snapshot(2, members=5)


def test_files_come_back_in_the_order_of_the_partitions(store: SnapshotStore, tmp_path: Path) -> None:
    prefix = store.prefix(AUDIENCE, 1, "run_1")
    assert prefix == "snapshots/int_1/a/1/000001-run_1/"
    for number in (0, 1):
        (tmp_path / f"p{number}").write_text(str(number))
    store.upload(prefix, [tmp_path / "p0", tmp_path / "p1"])
    found = store.download(snapshot(1).model_copy(update={"prefix": prefix}), tmp_path)
    assert [path.read_text() for path in found] == ["0", "1"]


def test_a_column_gathers_its_audiences(store: SnapshotStore) -> None:
    for owner in ("int_1#b", "int_1#a"):
        store.record_column("int_1", ColumnRecord(name="n", type="number", owners=(owner,)))
    expected = ColumnRecord(name="n", type="number", owners=("int_1#a", "int_1#b"))
    assert store.columns("int_1") == {"n": expected}
    assert store.columns("int_2") == {}


def test_what_a_run_committed_is_described_beside_its_files(store: SnapshotStore) -> None:
    prefix = store.prefix(AUDIENCE, 4, "run_4")
    kept = snapshot(4, on_leave="null", update_existing_only=True).model_copy(update={"prefix": prefix})
    assert store.described(AUDIENCE, 4, "run_4") is None
    store.describe(kept)
    assert store.described(AUDIENCE, 4, "run_4") == kept


def test_files_past_their_retention_are_told_from_a_fault(store: SnapshotStore, tmp_path: Path) -> None:
    gone = snapshot(5).model_copy(update={"prefix": "snapshots/gone/"})
    with pytest.raises(Rejected) as refused:
        store.download(gone, tmp_path)
    assert refused.value.reason == "snapshot_expired"
