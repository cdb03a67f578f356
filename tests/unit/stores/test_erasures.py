"""What an erasure keeps, reads and rewrites, on the real expressions."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bridge.errors import Retryable
from bridge.stores.claims import ClaimStore
from bridge.stores.delivery_lines import DeliveryLineStore
from bridge.stores.delivery_rows import feed
from bridge.stores.erasures import ErasureStore
from bridge.stores.feed_hours import FeedHours
from bridge.stores.profiles import ProfileStore
from bridge.stores.runs import RunStore
from bridge.stores.snapshots import SnapshotStore
from bridge.stores.state_files import StateFiles
from mapping.braze_memory import Kept, Sent
from tests.unit.stores.admin_tables import BUCKET, DELIVERIES, Clock, aws, deliveries_table, state_bucket

RUNS = "runs"


@pytest.fixture(scope="module")
def account() -> Iterator[Any]:
    with aws() as client:
        dynamodb = client("dynamodb")
        deliveries_table(dynamodb)
        keys = [("pk", "HASH"), ("sk", "RANGE")]
        dynamodb.create_table(
            TableName=RUNS,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name, _ in keys],
            KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys],
        )
        state_bucket(client("s3"))
        client("s3").put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        yield client


@pytest.fixture
def s3(account: Any) -> Any:
    return account("s3")


@pytest.fixture
def dynamodb(account: Any) -> Any:
    return account("dynamodb")


def test_a_job_is_asked_for_once_until_it_is_done(dynamodb: Any) -> None:
    clock = Clock()
    store = ErasureStore(dynamodb, RUNS, clock, 30)
    first = {"status": "queued", "requested_at": "1"}
    assert store.ask("era_1", first) == first
    assert store.ask("era_1", first | {"requested_at": "2"}) == first
    assert store.hold("era_1", "me", 60)
    assert store.save("era_1", first | {"status": "done"}, "me")
    assert store.ask("era_1", first | {"requested_at": "3"}) == first | {"requested_at": "3"}
    assert store.get("era_1") == first | {"requested_at": "3"}
    assert store.get("era_2") is None


def test_one_worker_at_a_time_has_a_job(dynamodb: Any) -> None:
    clock = Clock()
    store, runs = ErasureStore(dynamodb, RUNS, clock), RunStore(dynamodb, RUNS, clock)
    assert not store.hold("era_3", "me", 60)
    assert not runs.erasing("era_3")
    store.ask("era_3", {"status": "queued"})
    assert not runs.erasing("era_3")
    assert store.hold("era_3", "me", 60)
    assert runs.erasing("era_3")
    assert not store.hold("era_3", "you", 60)
    assert not store.save("era_3", {"status": "done"}, "you")
    clock.forward(seconds=61)
    assert not runs.erasing("era_3")
    assert store.hold("era_3", "you", 60)
    assert not store.save("era_3", {"status": "done"}, "me")
    store.let_go("era_3", "me")
    assert runs.erasing("era_3")
    store.let_go("era_3", "you")
    assert not runs.erasing("era_3")


def test_keys_and_folders_come_page_by_page(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    files = StateFiles(s3, BUCKET)
    for key in ("runs/a/1", "runs/a/2", "runs/ab/1", "runs/b/1", "runs/b/plan/2", "stages/x"):
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"")
    monkeypatch.setattr("bridge.stores.state_files.PAGE", 2)
    found: list[str] = []
    after: str | None = ""
    while after is not None:
        keys, after = files.page("runs/", after)
        found += keys
    assert found == ["runs/a/1", "runs/a/2", "runs/ab/1", "runs/b/1", "runs/b/plan/2"]
    assert files.folders("runs/", "") == (["a", "ab"], "ab")
    assert files.folders("runs/", "a")[0] == ["ab", "b"]
    assert files.folders("runs/", "ab") == (["b"], None)


def test_an_object_is_rewritten_as_what_it_was(s3: Any, tmp_path: Path) -> None:
    files = StateFiles(s3, BUCKET)
    s3.put_object(
        Bucket=BUCKET, Key="letters/1", Body=b"one", ContentType="text/csv", Tagging="superseded=yes"
    )
    files.write("letters/1", (b"x" * 5_000_000 for _ in range(2)))
    assert s3.head_object(Bucket=BUCKET, Key="letters/1")["ContentType"] == "text/csv"
    assert len(files.read("letters/1") or b"") == 10_000_000
    assert files.read("letters/2") is None
    assert list(files.lines("letters/2")) == []
    s3.put_object(Bucket=BUCKET, Key="snapshots/i/a/1/1/p", Body=b"one", Tagging="superseded=yes")
    files.fetch("snapshots/i/a/1/1/p", tmp_path / "p")
    files.store("snapshots/i/a/1/1/p", tmp_path / "p")
    tags = s3.get_object_tagging(Bucket=BUCKET, Key="snapshots/i/a/1/1/p")["TagSet"]
    assert tags == [{"Key": "superseded", "Value": "yes"}]


def test_lines_are_whole_wherever_a_chunk_ends(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bridge.stores.state_files.CHUNK", 7)
    text = "ümlaut,1\r\nzwei,ß\r\n\r\nende"
    s3.put_object(Bucket=BUCKET, Key="runs/r/rejects.csv", Body=text.encode())
    assert list(StateFiles(s3, BUCKET).lines("runs/r/rejects.csv")) == text.splitlines(keepends=True)


def test_earlier_versions_of_an_audiences_files_are_deleted_and_no_others(s3: Any, dynamodb: Any) -> None:
    store = SnapshotStore(dynamodb, RUNS, s3, BUCKET, Clock())
    for audience in ("int_1#a#1", "int_1#a#12"):
        for body in (b"old", b"new"):
            s3.put_object(Bucket=BUCKET, Key=f"{store.folder(audience)}1-run/p-0000.parquet", Body=body)
    s3.put_object(Bucket=BUCKET, Key=f"{store.folder('int_1#a#1')}0-run/p", Body=b"deleted")
    s3.delete_object(Bucket=BUCKET, Key=f"{store.folder('int_1#a#1')}0-run/p")
    assert set(store.audiences()) >= {"int_1#a#1", "int_1#a#12"}
    store.purge("int_1#a#1")

    def versions(audience: str) -> list[bytes]:
        found = s3.list_object_versions(Bucket=BUCKET, Prefix=store.folder(audience)).get("Versions", [])
        return [
            s3.get_object(Bucket=BUCKET, Key=one["Key"], VersionId=one["VersionId"])["Body"].read()
            for one in found
        ]

    assert versions("int_1#a#1") == [b"new"]
    assert sorted(versions("int_1#a#12")) == [b"new", b"old"]


class Reluctant:
    """S3 that answers 200 and has deleted nothing."""

    def __init__(self, s3: Any) -> None:
        self._s3 = s3

    def __getattr__(self, name: str) -> Any:
        return getattr(self._s3, name)

    def delete_objects(self, **asked: Any) -> dict[str, Any]:
        first = asked["Delete"]["Objects"][0]
        return {"Errors": [{"Key": first["Key"], "Code": "InternalError", "Message": "We are sorry."}]}


def test_earlier_versions_that_s3_could_not_delete_are_not_taken_for_deleted(s3: Any, dynamodb: Any) -> None:
    store = SnapshotStore(dynamodb, RUNS, Reluctant(s3), BUCKET, Clock())  # type: ignore[arg-type]
    for body in (b"old", b"new"):
        s3.put_object(Bucket=BUCKET, Key=f"{store.folder('int_1#b#1')}1-run/p-0000.parquet", Body=body)
    with pytest.raises(Retryable):
        store.purge("int_1#b#1")


def test_memories_and_claims_are_dropped_and_counted(dynamodb: Any) -> None:
    clock = Clock()
    memory, claims = ProfileStore(dynamodb, DELIVERIES), ClaimStore(dynamodb, DELIVERIES)
    memory.write("int_1", {"external_id=u": Kept({"a": Sent(1, "x")})}, now=clock())
    assert memory.forget("int_1", ["external_id=u", "external_id=v"]) == 1
    assert memory.read("int_1", ["external_id=u"], now=clock())["external_id=u"] == Kept()
    claims.take("int_1", "event", ["m1", "m2"], owner="d", now=clock())
    assert claims.forget("int_1", "event", ["m1", "m3"]) == 1
    assert claims.take("int_1", "event", ["m1", "m2"], owner="e", now=clock()) == ["m1"]


def test_delivery_rows_that_name_somebody_are_found_and_rewritten_unless_they_changed(dynamodb: Any) -> None:
    clock = Clock()
    store = DeliveryLineStore(dynamodb, DELIVERIES, clock)
    hours = FeedHours(dynamodb, DELIVERIES, timedelta(days=30))
    for number in range(8):
        at = f"2026-11-22T{10 + number % 2}:00:0{number}.000Z"
        hours.mark(at)
        lines = [{"message_id": "m", "user": 'say "u1"' if number == 3 else f"u{number}1"}]
        row = {
            "pk": {"S": f"dlv_{number}"},
            "feed": {"S": feed(at, f"dlv_{number}")},
            "at": {"S": at},
            "integration_id": {"S": "int_1"},
            "events": {"S": json.dumps(lines, separators=(",", ":"))},
        }
        dynamodb.put_item(TableName=DELIVERIES, Item=row)
    assert store.hours() == ["2026-11-22T10", "2026-11-22T11"]
    assert store.naming("2026-11-22T10", ["u1"]) == []
    assert store.naming("2026-11-22T10", ['say "u1"']) == []
    ((delivery_id, installation_id, was),) = store.naming("2026-11-22T11", ["x", 'say "u1"'])
    assert (delivery_id, installation_id) == ("dlv_3", "int_1")
    assert store.rewrite(delivery_id, [{"user": ""}], was)
    assert not store.rewrite(delivery_id, [{"user": "?"}], was)
    assert store.naming("2026-11-22T11", ['say "u1"']) == []
