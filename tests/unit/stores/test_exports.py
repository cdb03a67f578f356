"""Exports are read in the version that started the run; parts and plans are kept under their attempt."""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from bridge.errors import Rejected, Retryable
from bridge.stores.exports import CHUNK, ExportStore
from bridge.stores.parts import PartFiles
from bridge.stores.report_links import ReportLinks
from mapping.comparison import PartFile
from mapping.export import RunPlan
from mapping.run import PartResult
from tests.unit.stores.admin_tables import BUCKET, aws, state_bucket


@pytest.fixture(scope="module")
def s3() -> Iterator[Any]:
    """One bucket for all: each test has keys of its own."""
    with aws() as client:
        state_bucket(client("s3"))
        yield client("s3")


def test_a_manifest_is_read_in_its_own_version(s3: Any) -> None:
    store = ExportStore(s3, BUCKET)
    first = s3.put_object(Bucket=BUCKET, Key="m", Body=b"one")["ETag"].strip('"')
    assert store.manifest("m", first)[0] == b"one"
    s3.put_object(Bucket=BUCKET, Key="m", Body=b"two")
    with pytest.raises(Rejected, match="export_gone"):
        store.manifest("m", first)
    with pytest.raises(Rejected, match="export_gone"):
        store.modified("m", first)


def test_a_download_says_what_it_got(s3: Any, tmp_path: Path) -> None:
    s3.put_object(Bucket=BUCKET, Key="part", Body=b"x" * 3_000_000)
    got = ExportStore(s3, BUCKET).download("part", tmp_path / "f", lambda: None)
    assert got == sha256(b"x" * 3_000_000).hexdigest()
    assert (tmp_path / "f").stat().st_size == 3_000_000
    with pytest.raises(Rejected, match="export_gone"):
        ExportStore(s3, BUCKET).download("none", tmp_path / "g", lambda: None)


def test_a_download_can_be_ended_after_any_megabyte(s3: Any, tmp_path: Path) -> None:
    s3.put_object(Bucket=BUCKET, Key="part", Body=b"x" * 3_000_000)
    looks = iter((None, None, Retryable("halted", "cancelled")))

    def going() -> None:
        if stop := next(looks):
            raise stop

    with pytest.raises(Retryable, match="halted"):
        ExportStore(s3, BUCKET).download("part", tmp_path / "f", going)
    assert (tmp_path / "f").stat().st_size == 2 * CHUNK


def test_a_plan_is_the_one_whose_hash_was_fixed(s3: Any) -> None:
    files = PartFiles(s3, BUCKET)
    plan = RunPlan(
        run_id="run_1", integration_id="i", kind="audience", export_id="e", attempt=2, exported_at="2026"
    )
    key, digest = files.put_plan(plan)
    assert key == "runs/run_1/plan-2/plan.json"
    assert files.get_plan(key, digest) == plan
    with pytest.raises(Rejected, match="plan_corrupt"):
        files.get_plan(key, "0" * 64)
    s3.delete_object(Bucket=BUCKET, Key=key)
    with pytest.raises(Rejected, match="plan_expired"):
        files.get_plan(key, digest)


def test_parts_changes_and_results_come_back(s3: Any, tmp_path: Path) -> None:
    files = PartFiles(s3, BUCKET)
    key = files.put_part("run_1", 1, PartFile(3, 1, b"{}\n", "sha"))
    assert key == "runs/run_1/plan-1/part-00003.jsonl"
    assert files.get_part(key) == b"{}\n"
    for number in (0, 1):
        (tmp_path / "c").write_text(str(number))
        files.put_changes("run_1", 1, number, tmp_path / "c")
    assert [path.read_text() for path in files.get_changes("run_1", 1, tmp_path)] == ["0", "1"]
    results = [PartResult(part=1, rows=2, accepted="0-1"), PartResult(part=2, rows=1)]
    for result in results:
        files.put_result("run_1", result)
    assert files.results("run_1", 2) == results
    assert files.put_report("run_1", {"a": 1}) == "runs/run_1/report.json"


def test_a_result_is_written_where_there_is_none_or_over_the_one_that_was_seen(s3: Any) -> None:
    files, known = PartFiles(s3, BUCKET), PartResult(part=1, rows=2)
    assert files.result_tag("run_t", 1) is None
    assert not files.put_result("run_t", known, over='"gone"')
    assert files.put_result("run_t", known)
    seen = files.result_tag("run_t", 1)
    later, latest = (known.model_copy(update={"accepted": lines}) for lines in ("0", "0-1"))
    assert not files.put_result("run_t", later)
    assert files.put_result("run_t", latest, over=seen)
    assert not files.put_result("run_t", later, over=seen)
    assert files.results("run_t", 1) == [latest]


def test_rejects_of_a_plan_lie_with_it_and_those_of_the_run_beside_its_report(s3: Any) -> None:
    files = PartFiles(s3, BUCKET)
    line = b"x" * 1_000_000
    assert list(files.get_rejects("run_1", 7)) == []
    files.put_rejects("run_1", (line for _ in range(9)), attempt=7)
    chunks = list(files.get_rejects("run_1", 7))
    assert len(chunks) > 1
    assert b"".join(chunks) == line * 9
    files.put_rejects("run_1", [b"all"])
    kept = s3.get_object(Bucket=BUCKET, Key="runs/run_1/rejects.csv")
    assert (kept["Body"].read(), kept["ContentType"]) == (b"all", "text/csv; charset=utf-8")


def test_a_page_is_read_measured_and_linked_to(s3: Any) -> None:
    PartFiles(s3, BUCKET).put_page("run_2", "<p>")
    links, key = ReportLinks(s3, BUCKET), "runs/run_2/report.html"
    assert (links.size(key), links.read(key)) == (3, b"<p>")
    assert links.size("runs/run_2/none.html") is None
    assert s3.head_object(Bucket=BUCKET, Key=key)["ContentType"] == "text/html; charset=utf-8"
    assert f"/{key}?" in links.url(key)
    assert "response-content-disposition=attachment" in links.url(key, name="rejects.csv")


def test_results_and_findings_are_those_that_are_there(s3: Any, tmp_path: Path) -> None:
    files = PartFiles(s3, BUCKET)
    assert files.results_there("run_r") == files.findings("run_r", tmp_path) == []
    files.put_result("run_r", PartResult(part=3, rows=2))
    for part, body in ((1, b"one"), (2, b"two"), (1, b"one")):
        files.put_findings("run_r", part, body)
    assert [result.part for result in files.results_there("run_r")] == [3]
    assert sorted(path.read_bytes() for path in files.findings("run_r", tmp_path)) == [b"one", b"two"]
    (tmp_path / "drift").write_bytes(b"who")
    files.put_drift("run_r", tmp_path / "drift")
    files.get_drift("run_r", tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == b"who"
