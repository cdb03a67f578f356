"""Pointers flip once, files come back in order, columns remember who sends them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
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
        s3, bucket = client("s3"), state_bucket(client("s3"))
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        yield SnapshotStore(client("dynamodb"), INSTALLATIONS, s3, bucket, lambda: datetime.now(UTC))


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


def test_those_braze_does_not_know_lie_beside_the_snapshot(store: SnapshotStore, tmp_path: Path) -> None:
    (tmp_path / "unknown").write_bytes(b"who")
    store.upload_unknown("snapshots/p/", tmp_path / "unknown")
    assert store.download_unknown(snapshot(1), tmp_path).read_bytes() == b"who"


def test_files_past_their_retention_are_told_from_a_fault(store: SnapshotStore, tmp_path: Path) -> None:
    gone = snapshot(5).model_copy(update={"prefix": "snapshots/gone/"})
    with pytest.raises(Rejected) as refused:
        store.download(gone, tmp_path)
    assert refused.value.reason == "snapshot_expired"


def test_what_was_replaced_expires_from_then_on_and_what_is_current_never(store: SnapshotStore) -> None:
    audience = "int_2#a#1"
    for version in ("1-old", "2-before", "3-now"):
        for name in ("p-0000.parquet", "snapshot.json"):
            key = f"{store.folder(audience)}{version}/{name}"
            store.s3.put_object(Bucket=store.bucket, Key=key, Body=version.encode())
    current = snapshot(3).model_copy(
        update={"prefix": f"{store.folder(audience)}3-now/", "before": f"{store.folder(audience)}2-before/"}
    )
    store.retire(audience, current)
    assert marked(store, audience) == {"2-before"}
    store.retire(audience, current)
    assert marked(store, audience) == {"2-before"}
    bodies = [
        store.s3.get_object(Bucket=store.bucket, Key=key)["Body"].read() for key in keys(store, audience)
    ]
    assert bodies == [b"1-old"] * 2 + [b"2-before"] * 2 + [b"3-now"] * 2
    versions = store.s3.list_object_versions(Bucket=store.bucket, Prefix=store.folder(audience))["Versions"]
    assert len(versions) == 6


def test_a_file_that_nobody_marked_is_found_when_it_is_older_than_any_that_is(store: SnapshotStore) -> None:
    audience = "int_3#a#1"
    for version in ("1-lost", "2-now"):
        store.s3.put_object(Bucket=store.bucket, Key=f"{store.folder(audience)}{version}/p", Body=b"")
    current = snapshot(2).model_copy(update={"prefix": f"{store.folder(audience)}2-now/"})
    for days, found in ((36, set()), (38, {"1-lost"})):
        moment = datetime.now(UTC) + timedelta(days=days)
        later = SnapshotStore(store.dynamodb, store.table, store.s3, store.bucket, lambda at=moment: at)
        later.retire(audience, current)
        assert marked(store, audience) == found


def keys(store: SnapshotStore, audience: str) -> list[str]:
    found = store.s3.list_objects_v2(Bucket=store.bucket, Prefix=store.folder(audience))["Contents"]
    return [one["Key"] for one in found]


def marked(store: SnapshotStore, audience: str) -> set[str]:
    tagged = {
        key.split("/")[4]: store.s3.get_object_tagging(Bucket=store.bucket, Key=key)["TagSet"]
        for key in keys(store, audience)
    }
    assert all(tags in ([], [{"Key": "superseded", "Value": "yes"}]) for tags in tagged.values())
    return {version for version, tags in tagged.items() if tags}
