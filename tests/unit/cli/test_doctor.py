"""bridge doctor: a tick where all is well, else a sentence and what to do, and an exit code for scripts."""

import json

import pytest

from bridge_cli.transport import Answer, Unreachable
from tests.unit.cli.fake_account import BUCKET
from tests.unit.cli.fake_api import Problem, letter, queue
from tests.unit.cli.openapi import MOMENT, sample
from tests.unit.cli.test_access import STACK

OLD = "2026-11-01T09:00:00.000Z"


@pytest.fixture
def well(bridge):
    """Everything is as it should be."""
    bridge.install()
    bridge.json("sources", "create", "Shop")
    return bridge


@pytest.fixture
def local(well):
    """The same on this machine."""
    file = well.folder / "stack.json"
    file.write_text(json.dumps(STACK))
    assert well("login", "--stack-file", str(file)).exit_code == 0
    return well


@pytest.fixture
def findings(well):
    """What the doctor found wrong: `{check: [message, …]}`, and the exit code."""

    def findings(*args: str):
        done = well("doctor", "--json", *args)
        told = json.loads(done.stdout)
        wrong = [one for one in told["findings"] if one["level"] != "ok"]
        assert all(one["hint"] for one in wrong)
        assert told["ok"] is (done.exit_code == 0)
        return {(one["check"], one["level"]): one["message"] for one in wrong}, done.exit_code

    return findings


def test_all_is_well(well) -> None:
    done = well("doctor")
    assert (done.exit_code, done.stderr) == (0, "")
    assert all(line.startswith("✔") for line in done.stdout.splitlines())
    assert len(done.stdout.splitlines()) >= 12


def test_all_is_well_on_this_machine(local) -> None:
    done = local("doctor", "--strict")
    assert (done.exit_code, "All 4 ports" in done.stdout) == (0, True)


def test_a_port_that_nobody_listens_at_is_named(local) -> None:
    local.closed.add(8086)
    done = local("doctor")
    assert (
        done.exit_code,
        "✘ Nothing listens at http://127.0.0.1:8086 (braze).\n  Bring it up with: make up",
    ) == (
        1,
        done.stdout.partition("\n✔")[0],
    )


def test_an_api_that_does_not_answer_ends_the_examination(well, findings) -> None:
    well.api.failures = [Unreachable("nothing answers there", sent=False)] * 4
    wrong, code = findings()
    assert (list(wrong), code) == ([("api", "failed")], 1)


def test_another_server_is_told_apart(well, findings) -> None:
    well.api.failures = [Answer(200, {}, b"<html>")]
    assert "is not this API" in findings()[0]["api", "failed"]
    well.api.failures = [Answer(200, {}, b"{}")]
    assert "not Signal Bridge" in findings()[0]["api", "failed"]


def test_a_token_that_is_refused_ends_the_examination(well, findings) -> None:
    well.log_in("admin", token="sb_gone")
    wrong, code = findings()
    assert (wrong, code) == ({("token", "failed"): "The token was refused."}, 1)


def test_an_activators_token_is_of_no_use_here(well, findings) -> None:
    well.log_in("activator")
    assert findings()[0]["token", "failed"] == "This token may only post activations."


@pytest.mark.parametrize(("days", "level"), [("2026-12-01", "warning"), ("2027-12-01", "ok")])
def test_a_token_that_expires_soon_is_warned_of(well, findings, days, level) -> None:
    well.api.expires_at = f"{days}T09:00:00.000Z"
    wrong, code = findings()
    assert (("token", "warning") in wrong, code) == (level == "warning", 0)


@pytest.mark.parametrize(
    ("told", "found"),
    [
        ("Sun, 22 Nov 2026 09:00:10 GMT", ""),
        ("Sun, 22 Nov 2026 09:02:00 GMT", "warning"),
        ("Sun, 22 Nov 2026 08:50:00 GMT", "failed"),
    ],
)
def test_a_clock_that_is_off_is_found(well, findings, told, found) -> None:
    well.api.date = told
    assert next((level for check, level in findings()[0] if check == "clock"), "") == found


def test_nothing_installed_is_a_failure(well, findings) -> None:
    well.api.installed.clear()
    wrong, code = findings()
    assert (wrong["installations", "failed"], code) == ("Nothing is installed.", 1)


def test_a_disabled_installation_is_a_warning_and_all_of_them_a_failure(well, findings) -> None:
    other = well.install("actioniq", enabled=False)
    wrong, code = findings()
    assert (list(wrong), code) == ([("installations", "warning")], 0)
    assert findings("--strict")[1] == 1
    assert findings("--integration", "braze") == ({}, 0)
    well("disable", "braze")
    assert ("installations", "failed") in findings()[0]
    assert other["id"] in well("doctor").stdout


@pytest.mark.parametrize(("status", "level"), [("blocked", "failed"), ("degraded", "warning")])
def test_an_installation_that_does_not_deliver_says_why(well, findings, status, level) -> None:
    (braze,) = well.api.installed
    well.api.health[braze] = {"status": status, "reason": "unauthorized", "message": "Compare the key."}
    assert findings()[0]["health", level] == f"Braze is {status} (unauthorized): Compare the key."


def test_a_permission_that_fails_is_named_with_what_to_do(well, findings) -> None:
    well.api.checks = [
        sample("Check", permission="users.track", status="failed", reason="invalid_key", hint="Make one.")
    ]
    assert findings()[0]["permissions", "failed"] == "Braze: users.track (invalid_key). Make one."
    assert findings("--no-test") == ({}, 0)


def test_a_viewer_may_look_and_is_told_what_was_left_out(well, findings) -> None:
    well.log_in("viewer")
    wrong, code = findings()
    assert (list(wrong), code) == ([("permissions", "warning")], 0)


def test_without_a_source_nobody_can_send(well, findings) -> None:
    well.api.sources.clear()
    assert ("sources", "failed") in findings()[0]


def test_an_installation_that_nothing_feeds_is_found(well, findings) -> None:
    (braze,) = well.api.installed.values()
    braze["sources"] = ["src_gone"]
    assert findings()[0]["sources", "warning"] == "No source feeds Braze."
    braze["sources"] = None
    for source in well.api.sources.values():
        source["test"] = True
    assert ("sources", "warning") in findings()[0]


def test_a_write_key_that_is_refused_is_found(well, findings) -> None:
    well.log_in("admin", write_key="dk_live_gone")
    assert findings()[0] == {("sources", "failed"): "The write key of this profile is refused."}


def test_a_queue_from_which_nobody_takes_is_found(well, findings) -> None:
    well.api.queues = [[queue("braze", waiting=5)]]
    wrong, code = findings()
    assert (wrong["queues", "failed"], code) == ("5 messages wait in braze and nobody takes them.", 1)
    assert well.clock.waited


def test_a_queue_that_empties_is_well(well, findings) -> None:
    well.api.queues = [[queue("braze")], [queue("braze", waiting=5)], [queue("braze", waiting=2)]]
    assert findings() == ({}, 0)


def test_a_long_queue_is_a_warning(well, findings) -> None:
    well.api.queues = [[queue("braze", waiting=20_000, in_flight=100)]]
    assert findings()[0]["queues", "warning"] == "20,000 messages wait in braze."


def test_letters_that_are_not_filed_are_a_warning(well, findings) -> None:
    well.api.queues = [[queue("braze", dead_letters=2)]]
    assert "not filed" in findings()[0]["queues", "warning"]


@pytest.mark.parametrize(("age", "found"), [(60.0, False), (3600.0, True)])
def test_a_message_that_has_waited_long_is_found(well, findings, age, found) -> None:
    well.log_in("admin", stack="signal-bridge-dev")
    well.account.ages = {"braze": age}
    well.api.queues = [[queue("braze", waiting=5, in_flight=1)]]
    wrong = findings()[0]
    assert (wrong.get(("queues", "warning")) == "The oldest message of braze has waited 60 minutes.") is found


def test_ages_that_cannot_be_asked_for_are_a_warning(well, findings) -> None:
    well.log_in("admin", stack="signal-bridge-dev")
    well.account.refuses = "AccessDenied"
    well.api.queues = [[queue("braze", in_flight=1)]]
    wrong = findings()[0]
    assert "AccessDenied" in wrong["queues", "warning"]
    assert wrong["export bucket", "failed"] == "AccessDenied"


def test_open_dead_letters_are_counted_by_reason(well, findings) -> None:
    for number in range(3):
        well.api.letters[f"ltr_{number}"] = letter(number)
    assert findings()[0]["dead letters", "failed"] == "3 dead letters: unauthorized. The key is refused."
    assert findings("--integration", "braze") == ({}, 0)


def test_runs_that_wait_or_were_blocked_today_are_warned_of(well, findings) -> None:
    (braze,) = well.api.installed
    halt = {"status": "blocked", "reason": "wrong_sha256", "detail": "a part differs", "by": ""}
    for number, (status, at) in enumerate(
        [("waiting_approval", MOMENT), ("blocked", MOMENT), ("blocked", OLD)]
    ):
        run = sample(
            "AudienceRun", id=f"run_{number}", kind="audience", integration_id=braze, audience_id="7"
        )
        well.api.runs[run["id"]] = run | {
            "status": status,
            "updated_at": at,
            "halt": halt,
            "plan": None,
            "_ahead": [],
        }
    told = [
        one["message"]
        for one in json.loads(well("doctor", "--json").stdout)["findings"]
        if one["check"] == "runs"
    ]
    assert told == [
        "run_1 (audience 7) was blocked: wrong_sha256. a part differs.",
        "run_0 (audience 7) waits for approval: ",
    ]
    assert findings()[1] == 0


def test_a_bucket_that_takes_nothing_is_a_failure(well, findings) -> None:
    well.log_in("admin", bucket="signal-bridge-export-gone")
    assert "NoSuchBucket" in findings()[0]["export bucket", "failed"]
    well.log_in("admin", bucket="")
    assert ("export bucket", "warning") in findings()[0]
    well.log_in("admin", bucket=BUCKET)
    assert findings() == ({}, 0)


def test_a_file_of_tokens_that_others_can_read_is_found(well, findings) -> None:
    well.config.chmod(0o644)
    wrong, code = findings()
    assert (list(wrong), code) == ([("profile", "warning")], 0)


def test_who_is_not_logged_in_is_told_so(well, findings) -> None:
    well.config.unlink()
    wrong, code = findings()
    assert (wrong["profile", "failed"], code) == ("You are not logged in.", 1)


def test_one_check_that_fails_leaves_the_others_to_be_made(well, findings) -> None:
    def broken(**_: object) -> None:
        raise Problem(500, "INTERNAL", "Something failed on our side.")

    well.api.getHealth = broken
    wrong, code = findings()
    assert (sorted(wrong), code) == ([("health", "failed"), ("queues", "failed")], 1)
