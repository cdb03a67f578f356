"""Dead letters and another try for them; sources, tokens, the audit log."""

import json

import pytest

from bridge_cli.config import load
from tests.unit.cli.fake_api import letter
from tests.unit.cli.openapi import MOMENT


@pytest.fixture
def five(bridge):
    """Three letters of one reason and two of another, one of them of an installation."""
    braze = bridge.install()
    for number in range(5):
        reason, of = ("unauthorized", None) if number < 3 else ("crashes_the_worker", braze["id"])
        bridge.api.letters[f"ltr_{number:x}"] = letter(number, reason, of)
    return bridge


def test_letters_are_listed_by_reason_and_installation(five) -> None:
    assert len(five.json("dead-letters")["data"]) == 5
    assert len(five.json("dead-letters", "--reason", "unauthorized")["data"]) == 3
    assert len(five.json("dead-letters", "--integration", "braze")["data"]) == 2
    assert len(five.json("dead-letters", "-n", "1")["data"]) == 1
    assert "The key is refused." in five("dead-letters").stdout


def test_a_letter_is_shown_with_its_body(five) -> None:
    assert '{"items": []}' in five("dead-letters", "ltr_1").stdout
    done = five("dead-letters", "ltr_f")
    assert (done.exit_code, "bridge dead-letters" in done.stderr) == (5, True)


def test_letters_are_counted_by_kind(five) -> None:
    assert five.json("dead-letters", "--count")["total"] == 5
    assert "crashes_the_worker" in five("dead-letters", "--count").stdout


def test_all_of_a_reason_are_replayed_and_followed_to_the_end(five) -> None:
    done = five.json("replay", "--reason", "unauthorized", "--yes")
    assert (done["status"], done["replayed"], done["total"], done["remaining"]) == ("done", 3, 3, 0)
    assert len(five.json("dead-letters")["data"]) == 2
    assert len(five.json("dead-letters", "--replayed")["data"]) == 3


def test_a_replay_goes_on_when_nobody_follows_it(five) -> None:
    left = five.json("replay", "--all", "--yes", "--no-follow")
    assert (left["status"], left["replayed"]) == ("replaying", 2)
    assert "rpl_0" in five("replays").stdout
    assert five.json("replays", "rpl_0")["status"] == "done"


def test_a_replay_is_cancelled(five) -> None:
    five("replay", "--all", "--yes", "--no-follow")
    assert five.json("replays", "rpl_0", "--cancel")["status"] == "cancelled"
    assert five("replays", "--cancel").exit_code == 2


def test_what_may_have_arrived_is_left_out_unless_it_is_asked_for(five) -> None:
    five.api.letters["ltr_0"]["outcome"] = "unknown"
    done = five("replay", "--reason", "unauthorized", "--yes")
    assert (done.exit_code, "1 letters that may have arrived are left out" in done.stderr) == (0, True)
    assert five.api.letters["ltr_0"]["replayed_at"] is None
    assert len(five.json("dead-letters", "--held")["data"]) == 1
    assert five.json("replay", "--reason", "unauthorized", "--held", "--yes")["replayed"] == 1


def test_everything_is_replayed(five) -> None:
    assert five.json("replay", "--all", "--yes")["replayed"] == 5
    assert five.json("replay", "--all", "--yes")["total"] == 0


def test_one_installation_is_replayed_alone(five) -> None:
    assert five.json("replay", "--all", "--integration", "braze", "--yes")["replayed"] == 2
    assert five.api.letters["ltr_0"]["replayed_at"] is None


def test_letters_are_replayed_by_their_ids(five) -> None:
    assert five.json("replay", "ltr_1", "ltr_4", "--yes") == {"replayed": 2, "remaining": 0, "unmarked": []}
    assert [one["replayed_at"] for one in five.api.letters.values()] == [None, MOMENT, None, None, MOMENT]


def test_a_person_is_asked_before_a_replay(five) -> None:
    assert five("replay", "--all").exit_code == 2
    done = five("replay", "--all", typed="n\n")
    assert (done.exit_code, "unauthorized" in done.stderr) == (9, True)
    assert five("replay", "--all", typed="y\n").exit_code == 0


@pytest.mark.parametrize(
    "args",
    [
        (),
        ("ltr_1", "--all"),
        ("--all", "--reason", "x"),
        ("ltr_1", "--integration", "braze"),
        ("ltr_1", "--held"),
    ],
)
def test_a_replay_names_its_letters_in_one_way(five, args) -> None:
    assert five("replay", *args, "--yes").exit_code == 2


def test_letters_that_could_not_be_sent_are_told(five) -> None:
    five.api.unsent = 3
    done = five("replay", "--reason", "unauthorized", "--yes")
    assert (done.exit_code, "3 letters" in done.stderr) == (7, True)


def test_letters_that_were_sent_and_could_not_be_marked_are_named(five) -> None:
    five.api.unmarked = ["ltr_0"]
    done = five("replay", "ltr_0", "--yes")
    assert (done.exit_code, "still shown as open: ltr_0" in done.stderr) == (0, True)


def test_a_source_shows_its_key_once_and_can_be_kept(bridge) -> None:
    made = bridge.json("sources", "create", "Shop", "--test", "--use")
    assert (made["kind"], made["test"]) == ("server", True)
    assert load(bridge.config).profiles["test"]["write_key"] == made["write_key"]
    assert made["write_key"] not in bridge("sources", "list").stdout
    assert bridge("events", "send").exit_code == 0


def test_a_key_needs_a_profile_to_be_kept_in(bridge) -> None:
    bridge.environ |= {"BRIDGE_URL": "https://bridge.example", "BRIDGE_TOKEN": "sb_admin"}
    assert bridge("sources", "create", "Shop", "--use").exit_code == 2
    assert bridge.api.sources == {}


def test_a_source_that_signs_has_a_secret(bridge) -> None:
    assert "hmac_secret" in bridge.json("sources", "create", "Shop", "--hmac")


def test_sources_and_tokens_are_deleted_with_a_yes(bridge) -> None:
    source = bridge.json("sources", "create", "Shop")["id"]
    token = bridge.json("tokens", "create", "Ada", "--role", "editor")["id"]
    for what, one in (("sources", source), ("tokens", token)):
        assert bridge(what, "delete", one).exit_code == 2
        assert bridge(what, "delete", one, typed="n\n").exit_code == 9
        assert bridge.json(what, "delete", one, "--yes") == {"deleted": one}
        assert bridge(what, "delete", one, "--yes").exit_code == 5


def test_a_token_has_a_role_and_maybe_an_end(bridge) -> None:
    assert bridge.json("tokens", "create", "CI", "--role", "viewer", "--days", "30")["expires_at"]
    made = bridge.json("tokens", "create", "Ada", "--role", "admin")
    assert (made["expires_at"], made["token"]) == (None, "sb_new_token")
    assert "never" in bridge("tokens", "list").stdout
    assert "sb_new_token" not in bridge("tokens", "list").stdout


def test_the_audit_log_says_who_did_what(bridge) -> None:
    assert "Ada" in bridge("audit").stdout
    bridge.log_in("viewer")
    done = bridge("audit", "--json")
    assert done.exit_code == 4
    assert json.loads(done.stderr)["error"]["status"] == 403
