"""Exports, good and bad, beside each other on the running stack: each ends in the documented state and reason."""

import csv
import hashlib
import io
import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import boto3
import pytest

from local.demo import clues, prepare
from local.demo.api import Api
from local.demo.aws import Account
from local.demo.exports import File
from local.demo.stack import Stack
from local.demo.watch import Patience, Watch
from local.demo.web import Http, Refused
from local.settings import REGION, ROOT_KEY
from mapping.export import run_id

Json = dict[str, Any]
Row = Mapping[str, object]
ENDED = {"done", "cancelled", "blocked", "stale"}


@dataclass
class Bench:
    """One Braze installation of its own, an export bucket, and what Braze holds."""

    stack: Stack
    api: Api
    account: Account
    watch: Watch
    tag: str
    installation: str = ""

    def put(self, where: str, rows: Sequence[Row], *, spoil: Json | None = None, **manifest: Any) -> str:
        """Upload an export of one CSV part with its manifest; the id of its run."""
        prefix = f"exports/{self.installation}/{where}/{uuid.uuid4().hex[:8]}/"
        body = as_csv(rows)
        part = {"key": f"{prefix}part-1.csv", "rows": len(rows), "sha256": hashlib.sha256(body).hexdigest()}
        document = json.dumps({"parts": [part | (spoil or {})], **manifest}).encode()
        return self.upload([File(part["key"], body), File(f"{prefix}manifest.json", document)])

    def upload(self, files: Sequence[File]) -> str:
        """Put files in order; the run the last one starts."""
        self.account.upload(files)
        return run_id(files[-1].key, hashlib.md5(files[-1].body).hexdigest())  # noqa: S324 - S3's ETag is one

    def ends(self, run: str) -> Json:
        """The run once it has ended with its report."""
        return self._seen(run, lambda found: found["status"] in ENDED and bool(found["report_url"]), "ended")

    def becomes(self, run: str, status: str) -> Json:
        """The run once it has this status."""
        return self._seen(run, lambda found: found["status"] == status, status)

    def _seen(self, run: str, test: Any, what: str) -> Json:
        found: Json = {}

        def look() -> int:
            nonlocal found
            try:
                found = self.api.run(run)
            except Refused:  # its notification is on the way
                return 0
            return int(test(found))

        self.watch.until(f"run {run} {what}", 1, look)
        return found

    def profile(self, user: str) -> Json:
        """What Braze holds of a user, custom attributes beside the standard ones; empty when unknown."""
        Http(self.stack.braze_url).call("POST", "/_standin/settle", json={})
        try:
            found = Http(self.stack.braze_url).call("GET", f"/_standin/profiles/{user}")
        except Refused:
            return {}
        return {**found, **found.get("custom_attributes", {})}


def as_csv(rows: Sequence[Row]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


@pytest.fixture(scope="module")
def installed(stack: Stack) -> Iterator[Bench]:
    tag = uuid.uuid4().hex[:8]
    api, account = Api(stack), Account(stack)
    watch = Watch(lambda: clues.gather(api, account), Patience(total=120))
    bench = Bench(stack, api, account, watch, tag)
    made = api.install("braze", prepare.braze(stack) | {"name": f"Braze exports {tag}"})
    bench.installation = made["id"]
    yield bench
    api.uninstall(made["id"])


@pytest.fixture
def bench(installed: Bench) -> Bench:
    """The installation of all, and people and an audience of one test's own."""
    tag = uuid.uuid4().hex[:8]
    return Bench(
        installed.stack, installed.api, installed.account, installed.watch, tag, installed.installation
    )


def reason(run: Json) -> tuple[str, str]:
    return run["status"], run["halt"]["reason"] if run["halt"] else ""


def test_bad_exports_are_blocked_with_their_reason_and_their_neighbour_arrives(bench: Bench) -> None:
    user, audience = f"{bench.tag}-u", f"audience={bench.tag}"
    people = [{"external_id": user, "first_name": "Ada"}]
    runs = {
        "missing_column": bench.put(f"{audience}-1/split=1", [{"customer": "u", "first_name": "Ada"}]),
        "wrong_sha256": bench.put(f"{audience}-2/split=1", people, spoil={"sha256": "0" * 64}),
        "truncated": bench.put(f"{audience}-3/split=1", people, spoil={"rows": 2}),
        "bad_manifest": bench.put(f"{audience}-4/split=1", people, surprise=True),
    }
    good = bench.put(f"{audience}-5/split=1", people)
    assert {code: reason(bench.ends(run)) for code, run in runs.items()} == {
        code: ("blocked", code) for code in runs
    }
    assert bench.ends(good)["status"] == "done"
    held = bench.profile(user)
    assert (held["first_name"], held[f"AIQ_{bench.tag}-5_1"]) == ("Ada", True)
    assert not [name for name in held if name.startswith("AIQ_") and "-5_" not in name]


def test_an_export_for_nobody_is_blocked_and_says_so(bench: Bench) -> None:
    key = f"exports/int_{bench.tag}/audience=a/split=1/e/manifest.json"
    run = bench.ends(bench.upload([File(key, b'{"parts":[]}')]))
    assert reason(run) == ("blocked", "unknown_installation")


def test_an_untyped_column_waits_and_goes_out_once_it_is_approved(bench: Bench) -> None:
    user = f"{bench.tag}-u"
    column = f"points_{bench.tag}"
    run = bench.put(f"audience={bench.tag}/split=1", [{"external_id": user, column: "12"}])
    waiting = bench.becomes(run, "waiting_approval")
    assert [wait["code"] for wait in waiting["plan"]["waits_for"]] == ["untyped_column"]
    assert bench.profile(user) == {}
    bench.api.approve(run)
    assert bench.ends(run)["status"] == "done"
    assert bench.profile(user)[column] == 12


def test_a_cancelled_run_sends_nothing_and_lets_the_next_one_go(bench: Bench) -> None:
    user, where = f"{bench.tag}-u", f"audience={bench.tag}/split=1"
    run = bench.put(where, [{"external_id": user, f"odd_{bench.tag}": "x"}])
    bench.becomes(run, "waiting_approval")
    bench.api.cancel(run)
    assert reason(bench.ends(run)) == ("cancelled", "cancelled")
    assert bench.profile(user) == {}
    assert bench.ends(bench.put(where, [{"external_id": user}]))["status"] == "done"
    assert bench.profile(user)[f"AIQ_{bench.tag}_1"] is True


def test_a_dropped_file_is_a_full_export(bench: Bench) -> None:
    user = f"{bench.tag}-u"
    key = f"drop/{bench.installation}/audience={bench.tag}/split=1/members of may.csv"
    body = as_csv([{"external_id": user, "home_city": "Ulm"}])
    run = bench.ends(bench.upload([File(key, body)]))
    assert (run["status"], run["plan"]["joined"]) == ("done", 1)
    assert bench.profile(user)["home_city"] == "Ulm"


def test_a_delta_changes_whom_it_names_and_nobody_else(bench: Bench) -> None:
    where, name = f"audience={bench.tag}/split=1", f"AIQ_{bench.tag}_1"
    stays, goes, comes = (f"{bench.tag}-{who}" for who in ("stays", "goes", "comes"))
    people = [{"external_id": user, "op": "add"} for user in (stays, goes)]
    assert (
        bench.ends(bench.put(where, [{"external_id": one["external_id"]} for one in people]))["status"]
        == "done"
    )
    delta = [{"external_id": goes, "op": "remove"}, {"external_id": comes, "op": "add"}]
    run = bench.put(where, delta, mode="delta")
    waiting = bench.becomes(run, "waiting_approval")
    assert [wait["code"] for wait in waiting["plan"]["waits_for"]] == ["removes_many"]
    bench.api.approve(run)
    ended = bench.ends(run)
    assert (ended["status"], ended["plan"]["joined"], ended["plan"]["left"]) == ("done", 1, 1)
    assert [bench.profile(user)[name] for user in (stays, goes, comes)] == [True, False, True]


def test_a_bad_value_costs_that_value_alone(bench: Bench) -> None:
    user, column = f"{bench.tag}-u", f"orders_{bench.tag}"
    rows = [{"external_id": user, "gender": "female", column: "many", "language": "klingon"}]
    types = {column: {"type": "number"}}
    run = bench.ends(bench.put(f"audience={bench.tag}/split=1", rows, attributes=types))
    assert run["status"] == "done"
    assert [warning.partition(":")[0] for warning in run["plan"]["warnings"]] == ["invalid_value"] * 2
    held = bench.profile(user)
    assert (held["gender"], held[f"AIQ_{bench.tag}_1"]) == ("F", True)
    assert column not in held
    assert not held.get("language")


def test_an_export_to_an_unknown_campaign_ends_blocked(bench: Bench) -> None:
    rows = [{"external_id": f"{bench.tag}-{number}"} for number in range(400)]
    run = bench.ends(bench.put(f"campaign=none-{bench.tag}", rows))
    assert reason(run) == ("blocked", "unknown_campaign")
    assert f"none-{bench.tag}" in run["halt"]["detail"]


def test_a_run_whose_message_became_a_dead_letter_is_blocked_and_harms_no_other(bench: Bench) -> None:
    user, where = f"{bench.tag}-u", f"audience={bench.tag}/split=1"
    first = bench.put(where, [{"external_id": user, f"odd_{bench.tag}": "x"}])
    bench.becomes(first, "waiting_approval")
    second = bench.put(where, [{"external_id": user, "op": "add"}], mode="delta")
    bench.becomes(second, "waiting_lease")
    account = boto3.Session(ROOT_KEY, ROOT_KEY, region_name=REGION)
    sqs = account.client("sqs", endpoint_url=bench.stack.emulator_url)
    for run in (first, second):
        body = json.dumps({"run_id": run, "step": "resume"})
        sqs.send_message(QueueUrl=bench.stack.outputs["ExportDeadLetterQueueUrl"], MessageBody=body)
    assert reason(bench.ends(second)) == ("blocked", "waited_too_long")
    assert bench.becomes(first, "waiting_approval")
    bench.api.approve(first)
    assert bench.ends(first)["status"] == "done"
