"""From the library to a working installation, and what a person is asked on the way."""

import json

import pytest

from tests.unit.cli.fake_api import Problem
from tests.unit.cli.openapi import sample

ACTIONIQ = ("--set", "account_id=your-account-id", "--set", "destination_id=dest-12345")
REFUSED = sample(
    "Check", permission="users.track", status="failed", reason="invalid_key", hint="Make a new key."
)


def test_the_library_is_listed_filtered_and_searched(bridge) -> None:
    assert {one["key"] for one in bridge.json("catalog")["data"]} >= {"actioniq", "braze"}
    assert [one["key"] for one in bridge.json("catalog", "--category", "cdp")["data"]] == ["actioniq"]
    assert [one["key"] for one in bridge.json("catalog", "--search", "braze")["data"]] == ["braze"]


def test_an_entry_shows_its_fields_and_where_they_are_found(bridge) -> None:
    shown = bridge("catalog", "actioniq").stdout
    assert "api_key" in shown
    assert "Settings > API Keys" in shown


def test_an_unknown_entry_says_what_there_is(bridge) -> None:
    done = bridge("catalog", "segment")
    assert (done.exit_code, "bridge catalog" in done.stderr) == (5, True)


def test_what_is_missing_is_asked_for_and_the_secret_is_not_echoed(bridge) -> None:
    done = bridge("install", "actioniq", typed="aiq_secret\nyour-account-id\ndest-12345\n")
    assert done.exit_code == 0, done.output
    assert "aiq_secret" not in done.output
    assert "shown there once" in done.stderr
    (made,) = bridge.api.installed.values()
    assert made["config"]["destination_id"] == "dest-12345"
    assert bridge.api.secrets[made["id"]] == {"api_key": "aiq_secret"}
    assert f"bridge test {made['id']}" in done.stderr


def test_a_secret_comes_from_the_environment(bridge) -> None:
    bridge.environ["BRIDGE_SECRET_API_KEY"] = "aiq_secret"
    made = bridge.json("install", "actioniq", *ACTIONIQ)
    assert (made["config"]["api_key"], bridge.api.secrets[made["id"]]["api_key"]) == ("***", "aiq_secret")


@pytest.mark.parametrize("piped", ["aiq_secret\n", "api_key=aiq_secret\n", '{"api_key": "aiq_secret"}'])
def test_a_secret_comes_from_stdin(bridge, piped) -> None:
    made = bridge.json("install", "actioniq", *ACTIONIQ, "--secret-stdin", piped=piped)
    assert bridge.api.secrets[made["id"]] == {"api_key": "aiq_secret"}


def test_a_secret_of_another_integration_on_stdin_is_named(bridge) -> None:
    done = bridge("install", "actioniq", *ACTIONIQ, "--secret-stdin", piped='{"rest_api_key": "x"}')
    assert (done.exit_code, "rest_api_key" in done.stderr) == (2, True)


def test_a_secret_is_not_taken_from_the_command_line(bridge) -> None:
    done = bridge("install", "actioniq", *ACTIONIQ, "--set", "api_key=aiq_secret")
    assert (done.exit_code, "BRIDGE_SECRET_API_KEY" in done.stderr) == (2, True)
    assert bridge.api.installed == {}


def test_where_nobody_is_there_it_says_what_to_give(bridge) -> None:
    done = bridge("install", "actioniq", "--set", "account_id=a")
    assert done.exit_code == 2
    assert "BRIDGE_SECRET_API_KEY" in done.stderr
    assert "--set destination_id=dest-12345" in done.stderr


@pytest.mark.parametrize("pair", ["color=red", "account_id", "claims=perhaps"])
def test_a_field_that_cannot_be_meant_is_refused(bridge, pair) -> None:
    assert bridge("install", "actioniq", "--set", pair).exit_code == 2


def test_values_have_the_types_of_their_fields(bridge) -> None:
    bridge.environ["BRIDGE_SECRET_REST_API_KEY"] = "k"
    pairs = ["rest_endpoint=https://rest.fra-01.braze.eu", "track_pages=yes", "approve_recipients=500"]
    made = bridge.json("install", "braze", *(word for pair in pairs for word in ("--set", pair)))
    assert (made["config"]["track_pages"], made["config"]["approve_recipients"]) == (True, 500)
    assert bridge("configure", "braze", "--set", "approve_recipients=many").exit_code == 2


def test_an_install_can_be_sent_again_without_harm(bridge) -> None:
    bridge.environ["BRIDGE_SECRET_API_KEY"] = "k"
    bridge("install", "actioniq", *ACTIONIQ)
    assert [headers["Idempotency-Key"] for method, _, headers in bridge.api.asked if method == "POST"]


def test_a_name_that_is_taken_says_how_to_choose_another(bridge) -> None:
    bridge.install("actioniq", name="ActionIQ")
    bridge.environ["BRIDGE_SECRET_API_KEY"] = "k"
    done = bridge("install", "actioniq", *ACTIONIQ)
    assert (done.exit_code, "--name" in done.stderr) == (6, True)
    assert bridge("install", "actioniq", *ACTIONIQ, "--name", "Second").exit_code == 0


def test_an_install_whose_key_is_refused_is_not_saved(bridge) -> None:
    bridge.environ["BRIDGE_SECRET_API_KEY"] = "k"
    bridge.api.checks = [REFUSED]
    done = bridge("install", "actioniq", *ACTIONIQ, "--test")
    assert (done.exit_code, "users.track: Make a new key." in done.stderr) == (6, True)
    assert bridge.api.installed == {}


def test_the_api_names_each_field_at_fault(bridge) -> None:
    faults = [
        {
            "pointer": "/config/rest_endpoint",
            "code": "host_not_allowed",
            "detail": "rest_endpoint: not a host of Braze",
        },
        {"pointer": "/name", "code": "too_long", "detail": "is too long"},
    ]

    def refuse(**_: object) -> None:
        raise Problem(422, "VALIDATION_FAILED", "is wrong", faults)

    bridge.install()
    bridge.api.changeIntegration = refuse
    done = bridge("configure", "braze", "--name", "x")
    assert done.exit_code == 6
    assert done.stderr == "rest_endpoint: not a host of Braze\nname: is too long\n"


@pytest.mark.parametrize("called", ["ActionIQ", "actioniq", "ACTIONIQ"])
def test_an_installation_is_found_by_id_name_or_key(bridge, called) -> None:
    made = bridge.install("actioniq", name="ActionIQ")
    assert (
        bridge.json("integrations", called)["id"]
        == bridge.json("integrations", made["id"])["id"]
        == made["id"]
    )


def test_a_key_that_two_have_is_asked_back(bridge) -> None:
    first, second = bridge.install(name="Braze EU"), bridge.install(name="Braze US")
    done = bridge("integrations", "braze")
    assert (done.exit_code, first["id"] in done.stderr, second["id"] in done.stderr) == (2, True, True)
    assert bridge("integrations", "mailer").exit_code == 5


def test_a_change_is_a_new_revision(bridge) -> None:
    made = bridge.install("actioniq")
    after = bridge.json(
        "configure", made["id"], "--set", "destination_id=dest-2", "--name", "Two", "--source", "src_1"
    )
    assert (after["config"]["destination_id"], after["name"], after["sources"]) == (
        "dest-2",
        "Two",
        ["src_1"],
    )
    assert bridge.json("configure", made["id"], "--every-source")["sources"] is None
    rows = bridge.json("integrations", made["id"], "--revisions")["data"]
    assert [row["revision_number"] for row in rows] == [3, 2, 1]


def test_an_empty_value_takes_a_field_away(bridge) -> None:
    made = bridge.install("actioniq")
    made["config"]["base_url"] = "https://api.actioniq.com"
    assert "base_url" not in bridge.json("configure", made["id"], "--set", "base_url=")["config"]


def test_a_change_of_nothing_is_refused(bridge) -> None:
    made = bridge.install()
    assert bridge("configure", made["id"], "--summary", "why").exit_code == 2
    assert bridge("integrations", "--revisions").exit_code == 2


def test_a_key_is_rotated_without_echo(bridge) -> None:
    made = bridge.install()
    done = bridge("rotate", "braze", typed="new-key\n")
    assert (done.exit_code, "new-key" in done.output) == (0, False)
    assert bridge.api.secrets[made["id"]] == {"rest_api_key": "new-key"}
    assert bridge("rotate", "braze").exit_code == 2


def test_what_holds_no_secret_cannot_be_rotated(bridge) -> None:
    made = bridge.install()
    del made["config"]["rest_api_key"]
    assert bridge("rotate", "braze").exit_code == 6


def test_an_installation_is_switched_off_and_on(bridge) -> None:
    bridge.install()
    assert bridge.json("disable", "braze")["enabled"] is False
    assert "disabled" in bridge("integrations").stdout
    assert bridge.json("enable", "braze")["enabled"] is True


def test_a_test_gives_a_tick_for_each_permission(bridge) -> None:
    bridge.install()
    bridge.install("actioniq", enabled=False)
    done = bridge("test")
    assert (done.exit_code, done.stdout.count("✔")) == (0, 4)
    assert len(bridge.json("test", "braze")["data"][0]["checks"]) == 4


def test_a_test_that_fails_says_what_to_do_and_exits_1(bridge) -> None:
    bridge.install()
    bridge.api.checks = [
        REFUSED,
        sample("Check", permission="users.export.ids", status="unknown", reason="timeout"),
    ]
    done = bridge("test", "braze", "--json")
    assert (done.exit_code, json.loads(done.stdout)["data"][0]["ok"]) == (1, False)
    assert "✘ users.track: Make a new key.\n? users.export.ids: timeout" in bridge("test", "braze").stdout


def test_nothing_is_deleted_without_a_yes(bridge) -> None:
    made = bridge.install()
    assert bridge("uninstall", "braze").exit_code == 2
    assert bridge("uninstall", "braze", typed="n\n").exit_code == 9
    assert made["id"] in bridge.api.installed
    assert bridge.json("uninstall", "braze", "--yes") == {"deleted": made["id"]}
    assert bridge.api.installed == {}


def test_a_role_that_is_too_small_is_told_whom_to_ask(bridge) -> None:
    bridge.install()
    bridge.log_in("viewer")
    done = bridge("disable", "braze")
    assert (done.exit_code, "This needs the role editor." in done.stderr) == (4, True)
    assert "bridge tokens create" in done.stderr
