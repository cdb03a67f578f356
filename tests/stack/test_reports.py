"""What a run leaves behind and how a person is removed from it, on the running stack and under its real roles."""

import csv
import io
import json
import time
import uuid
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
import requests

from local.demo.stack import Stack
from local.settings import REGION, ROOT_KEY
from tests.stack.test_exports import Bench, installed

__all__ = ["installed"]


@pytest.fixture(scope="module")
def people(installed: Bench) -> tuple[Bench, str, str]:
    """An audience whose first run refused a row, and one of its members."""
    tag = uuid.uuid4().hex[:8]
    bench = Bench(
        installed.stack, installed.api, installed.account, installed.watch, tag, installed.installation
    )
    rows = [{"external_id": f"{tag}-u{n}", "home_city": f"{tag} City"} for n in range(4)]
    run = bench.put(f"audience={tag}/split=1", [*rows, {"external_id": "", "home_city": "=1+1"}])
    assert bench.ends(run)["status"] == "done"
    return bench, run, f"{tag}-u1"


def get(stack: Stack, path: str, **headers: str) -> requests.Response:
    url = f"{stack.api_url}/v1/admin/{path}"
    return requests.get(url, headers={"Authorization": f"Bearer {stack.admin_token}", **headers}, timeout=30)


def test_a_report_is_json_a_page_and_a_link_and_its_rejects_are_csv(people: tuple[Bench, str, str]) -> None:
    bench, run, _ = people
    told = get(bench.stack, f"audience-runs/{run}/report").json()
    assert (told["exported"], told["valid"], told["sent"]["accepted"]) == (5, 4, 4)
    assert [one["id"] for one in told["history"]] == [run]
    page = get(bench.stack, f"audience-runs/{run}/report", Accept="text/html")
    assert page.headers["Content-Type"].startswith("text/html")
    assert f"Audience {bench.tag}, split 1" in page.text
    shown = bench.api.run(run)
    assert requests.get(shown["report_page_url"], timeout=30).text == page.text
    assert requests.get(shown["report_url"], timeout=30).json() == told
    assert (shown["progress"]["accepted"], shown["progress"]["by_part"][0]["status"]) == (4, "done")
    rejects = get(bench.stack, f"audience-runs/{run}/rejects")
    assert rejects.headers["Content-Type"].startswith("text/csv")
    (row,) = csv.DictReader(io.StringIO(rejects.text))
    assert (row["stage"], row["row"], row["reason"]) == ("plan", "5", "empty_identifier")


def state(stack: Stack) -> Iterator[tuple[str, bytes]]:
    """Every version of every object of the state bucket."""
    s3 = boto3.Session(ROOT_KEY, ROOT_KEY, region_name=REGION).client("s3", endpoint_url=stack.emulator_url)
    bucket = stack.outputs["StateBucketName"]
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for one in page.get("Versions", ()):
            found: Any = s3.get_object(Bucket=bucket, Key=one["Key"], VersionId=one["VersionId"])
            yield one["Key"], found["Body"].read()


def test_a_person_is_removed_from_what_is_kept_and_nobody_else(people: tuple[Bench, str, str]) -> None:
    bench, first, person = people
    where = f"audience={bench.tag}/split=1"
    rows = [{"external_id": f"{bench.tag}-u{n}", "home_city": f"{bench.tag} Town"} for n in range(4)]
    second = bench.put(where, rows)
    assert bench.ends(second)["status"] == "done"
    url, bearer = bench.stack.api_url, {"Authorization": f"Bearer {bench.stack.admin_token}"}
    asked = requests.post(
        f"{url}/v1/admin/subjects/erase", headers=bearer, json={"user_id": person}, timeout=30
    )
    assert asked.status_code == 202
    for _ in range(120):
        job = get(bench.stack, f"subjects/erase/{asked.json()['id']}").json()
        if job["status"] == "done":
            break
        time.sleep(0.5)
    assert job["status"] == "done", job
    assert (job["erased"]["lines"], job["erased"]["changes"], job["erased"]["snapshots"]) == (2, 2, 2)
    kept = {
        key: body for key, body in state(bench.stack) if key.startswith(("snapshots/", "letters/", "stages/"))
    }
    assert not [key for key, body in kept.items() if person.encode() in body]
    parts = [body for key, body in state(bench.stack) if first in key and key.endswith(".jsonl")]
    assert any(f"{bench.tag}-u2".encode() in body for body in parts)
    log = get(bench.stack, "audit-logs?limit=20").json()["data"]
    assert {"subject.erasure_requested", "subject.erased"} <= {entry["action"] for entry in log}
    assert person not in json.dumps(log)
    third = bench.put(where, [row for row in rows if row["external_id"] != person])
    plan = bench.ends(third)["plan"]
    assert (plan["joined"], plan["left"], plan["changed"]) == (0, 0, 0)
