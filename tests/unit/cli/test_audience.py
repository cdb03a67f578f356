"""Pushing an audience: uploaded whole, seen before it is sent, followed to its report."""

import json

import pytest

from tests.unit.cli.fake_account import BUCKET

WAIT = {"code": "removes_many", "detail": "40% of the audience would leave", "count": 4}
WHO = ("--audience", "1042", "--split", "1")


@pytest.fixture
def file(tmp_path):
    found = tmp_path / "members.csv"
    found.write_text("external_id,city\n" + "".join(f"u{n},Ulm\n" for n in range(5)))
    return str(found)


@pytest.fixture
def ready(bridge):
    """Braze is installed."""
    bridge.install()
    return bridge


def test_a_push_uploads_the_parts_first_and_the_manifest_last(ready, file) -> None:
    told = ready.json("audience", "push", file, *WHO, "--yes", "--part-rows", "2")
    assert (told["run"]["status"], told["report"]["sent"]["accepted"]) == ("done", 5)
    (manifest,) = ready.account.manifests
    assert (manifest.dry_run, manifest.mode, manifest.identifier) == (False, "full", "external_id")
    assert [part.rows for part in manifest.parts] == [2, 2, 1]
    (braze,) = ready.api.installed
    prefix = f"exports/{braze}/audience=1042/split=1/20261122T090000000000Z/"
    assert sorted(ready.account.objects) == [f"{prefix}part-0000{n}.csv.gz" for n in (1, 2, 3)]
    assert ready.account.rows(f"{prefix}part-00003.csv.gz") == ["external_id,city", "u4,Ulm"]


def test_a_person_sees_the_plan_before_anything_is_sent(ready, file) -> None:
    done = ready("audience", "push", file, *WHO, typed="y\n")
    assert done.exit_code == 0, done.output
    assert done.stderr.index("joined") < done.stderr.index("Send it?")
    assert "AIQ_1042_1" in done.stderr
    assert "invalid_value: one" in done.stderr
    assert [manifest.dry_run for manifest in ready.account.manifests] == [True, False]
    assert len(ready.account.objects) == 1
    assert "done" in done.stdout


def test_a_no_sends_nothing(ready, file) -> None:
    done = ready("audience", "push", file, *WHO, typed="n\n")
    assert (done.exit_code, "Nothing was sent." in done.stderr) == (9, True)
    assert [manifest.dry_run for manifest in ready.account.manifests] == [True]


def test_where_nobody_can_be_asked_nothing_is_uploaded(ready, file) -> None:
    done = ready("audience", "push", file, *WHO)
    assert (done.exit_code, "--yes" in done.stderr, ready.account.objects) == (2, True, {})


def test_a_yes_approves_what_the_plan_was_seen_to_wait_for(ready, file) -> None:
    ready.api.waits = [WAIT]
    done = ready("audience", "push", file, *WHO, typed="y\n")
    assert done.exit_code == 0, done.output
    assert "needs approval (removes_many): 40% of the audience would leave" in done.stderr
    assert "Approve and send it?" in done.stderr


def test_what_was_not_seen_is_not_approved(ready, file) -> None:
    def meanwhile() -> None:
        ready.api.waits = [WAIT]

    ready.clock.meanwhile = meanwhile
    done = ready("audience", "push", file, *WHO, typed="y\n")
    assert (done.exit_code, "bridge audience approve run_" in done.stderr) == (9, True)


def test_with_yes_alone_a_run_that_needs_approval_waits(ready, file) -> None:
    ready.api.waits = [WAIT]
    done = ready("audience", "push", file, *WHO, "--yes", "--json")
    assert (done.exit_code, json.loads(done.stdout)["run"]["status"]) == (9, "waiting_approval")
    told = ready.json("audience", "push", file, *WHO, "--yes", "--approve")
    assert told["run"]["status"] == "done"


def test_a_run_that_is_blocked_says_why(ready, file) -> None:
    ready.api.blocks = {"status": "blocked", "reason": "wrong_sha256", "detail": "a part differs", "by": ""}
    done = ready("audience", "push", file, *WHO, "--yes")
    assert (done.exit_code, "wrong_sha256: a part differs" in done.stderr) == (1, True)
    done = ready("audience", "plan", file, *WHO)
    assert (done.exit_code, "wrong_sha256" in done.stderr) == (1, True)


def test_a_plan_is_a_dry_run(ready, file) -> None:
    run = ready.json("audience", "plan", file, *WHO)
    assert (run["status"], run["plan"]["joined"], run["plan"]["dry_run"]) == ("planned", 5, True)
    assert ready.json("audience", "plan", run["id"])["id"] == run["id"]


def test_the_manifest_says_what_the_options_say(ready, tmp_path) -> None:
    file = tmp_path / "delta.csv"
    file.write_text("customer,op,score,since\nu1,add,3,2026-01-01\n")
    options = ["--id-column", "customer", "--delta", "--type", "score=number", "--type", "since=date"]
    options += [
        "--rename",
        "score=aiq_score",
        "--on-leave",
        "null",
        "--existing-only",
        "--time-zone",
        "Europe/Berlin",
    ]
    ready.json("audience", "plan", str(file), *WHO, *options)
    (manifest,) = ready.account.manifests
    assert (manifest.mode, manifest.on_leave, manifest.update_existing_only) == ("delta", "null", True)
    assert (manifest.time_zone, manifest.attributes["score"].name) == ("Europe/Berlin", "aiq_score")
    assert {name: rule.type for name, rule in manifest.attributes.items()} == {
        "score": "number",
        "since": "date",
    }


@pytest.mark.parametrize(
    "options",
    [
        ("--split", "1"),
        ("--audience", "a_b", "--split", "1"),
        (*WHO, "--on-leave", "keep"),
        (*WHO, "--identifier", "email"),
        (*WHO, "--delimiter", "||"),
        (*WHO, "--type", "city=colour"),
        (*WHO, "--type", "city"),
        (*WHO, "--delta"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_uploaded(ready, file, options) -> None:
    assert ready("audience", "push", file, *options, "--yes").exit_code == 2
    assert ready.account.objects == {}


def test_of_two_braze_installations_one_has_to_be_named(ready, file) -> None:
    second = ready.install(name="Braze US")
    assert ready("audience", "plan", file, *WHO).exit_code == 2
    assert (
        ready.json("audience", "plan", file, *WHO, "--integration", "Braze US")["integration_id"]
        == second["id"]
    )


def test_without_braze_it_says_how_to_install_it(bridge, file) -> None:
    done = bridge("audience", "plan", file, *WHO)
    assert (done.exit_code, "bridge install braze" in done.stderr) == (5, True)


def test_without_a_bucket_it_says_where_one_is_named(ready, file) -> None:
    ready.log_in("admin", bucket="")
    done = ready("audience", "plan", file, *WHO)
    assert (done.exit_code, "ExportBucketName" in done.stderr) == (3, True)
    ready.environ["BRIDGE_BUCKET"] = BUCKET
    assert ready("audience", "plan", file, *WHO).exit_code == 0


def test_an_upload_that_fails_leaves_no_manifest(ready, file) -> None:
    ready.account.refuses = "AccessDenied"
    done = ready("audience", "push", file, *WHO, "--yes", "--part-rows", "1")
    assert (done.exit_code, "AccessDenied" in done.stderr) == (8, True)
    assert ready.account.manifests == []


def test_a_run_that_never_begins_is_given_up(ready, file) -> None:
    ready.api.begin_run = lambda *_, **__: None
    done = ready("audience", "push", file, *WHO, "--yes")
    assert (done.exit_code, "bridge dead-letters" in done.stderr) == (5, True)


def test_a_run_is_watched_no_longer_than_asked(ready, file) -> None:
    done = ready("audience", "push", file, *WHO, "--yes", "--timeout", "2")
    assert (done.exit_code, "bridge runs watch run_" in done.stderr) == (10, True)
