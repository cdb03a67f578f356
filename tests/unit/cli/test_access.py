"""Logging in: what is kept, where it is kept, and where a token never goes."""

import json
import stat

import pytest

from bridge_cli.config import load
from tests.unit.cli.fake_account import BUCKET
from tests.unit.cli.fake_api import URL

STACK = {
    "api_url": URL,
    "admin_token": "sb_admin",
    "write_key": "dk_live_known",
    "emulator_url": "http://127.0.0.1:4566",
    "actioniq_url": "http://127.0.0.1:8085",
    "braze_url": "http://127.0.0.1:8086",
    "outputs": {"ExportBucketName": BUCKET},
}


@pytest.fixture
def nobody(bridge):
    bridge.config.unlink()
    return bridge


def test_a_token_is_checked_kept_and_used_from_then_on(nobody) -> None:
    told = nobody.json("login", "--url", f"{URL}/", "--token-stdin", piped="sb_editor\n")
    assert (told["profile"], told["api_url"], told["role"]) == ("default", URL, "editor")
    assert nobody("integrations").exit_code == 0


def test_the_file_of_tokens_is_its_owners_alone(nobody) -> None:
    nobody("login", "--url", URL, "--token-stdin", piped="sb_admin")
    assert stat.S_IMODE(nobody.config.stat().st_mode) == 0o600
    assert [one.name for one in nobody.config.parent.iterdir()] == ["config.json"]


def test_a_token_is_asked_for_without_echo(nobody) -> None:
    done = nobody("login", "--url", URL, typed="sb_viewer\n")
    assert done.exit_code == 0
    assert "Token" in done.stderr
    assert "sb_viewer" not in done.output


def test_a_token_comes_from_the_environment_where_nobody_is_there(nobody) -> None:
    nobody.environ["BRIDGE_TOKEN"] = "sb_viewer"
    assert nobody.json("login", "--url", URL)["role"] == "viewer"


@pytest.mark.parametrize("token", ["sb_wrong", "sb_activator"])
def test_a_token_that_is_refused_is_not_kept(nobody, token) -> None:
    done = nobody("login", "--url", URL, "--token-stdin", piped=token)
    assert done.exit_code == 4
    assert not nobody.config.exists()


def test_a_token_does_not_travel_in_the_clear(nobody) -> None:
    done = nobody("login", "--url", "http://bridge.example", "--token-stdin", piped="sb_admin")
    assert done.exit_code == 2
    assert nobody.api.asked == []


@pytest.mark.parametrize(
    "url", ["bridge.example", "ftp://bridge.example", "https://user@bridge.example", "https://"]
)
def test_what_is_no_address_is_refused(nobody, url) -> None:
    assert nobody("login", "--url", url, "--token-stdin", piped="sb_admin").exit_code == 2


def test_the_local_stack_is_read_anew_each_time(nobody) -> None:
    file = nobody.folder / "stack.json"
    file.write_text(json.dumps(STACK))
    assert nobody.json("login", "--stack-file", str(file))["profile"] == "local"
    assert "sb_admin" not in nobody.config.read_text()
    file.write_text(json.dumps(STACK | {"admin_token": "sb_wrong"}))
    assert nobody("integrations").exit_code == 4
    file.unlink()
    done = nobody("integrations")
    assert (done.exit_code, "make up" in done.stderr) == (3, True)


def test_the_local_stack_is_found_in_a_folder_above(nobody, monkeypatch) -> None:
    deep = nobody.folder / "a" / "b"
    deep.mkdir(parents=True)
    (nobody.folder / ".local").mkdir()
    (nobody.folder / ".local" / "stack.json").write_text(json.dumps(STACK))
    monkeypatch.chdir(deep)
    assert nobody.json("login", "--local")["bucket"] == BUCKET


def test_without_a_stack_nobody_logs_in_locally(nobody, monkeypatch) -> None:
    monkeypatch.chdir(nobody.folder)
    done = nobody("login", "--local")
    assert (done.exit_code, "make up" in done.stderr) == (3, True)


def test_a_stack_says_its_address_bucket_and_first_token(nobody) -> None:
    told = nobody.json("login", "--stack", "signal-bridge-dev", "--region", "eu-central-1", "--first-token")
    assert (told["profile"], told["api_url"], told["bucket"]) == ("signal-bridge-dev", URL, BUCKET)
    kept = load(nobody.config).profiles["signal-bridge-dev"]
    assert (kept["region"], kept["stack"], kept["token"]) == ("eu-central-1", "signal-bridge-dev", "sb_admin")


def test_a_stack_of_something_else_is_told_apart(nobody) -> None:
    done = nobody("login", "--stack", "blog", "--token-stdin", piped="sb_admin")
    assert (done.exit_code, "ApiUrl" in done.stderr) == (8, True)


def test_the_first_token_needs_a_stack(nobody) -> None:
    assert nobody("login", "--url", URL, "--first-token").exit_code == 2


def test_who_is_not_logged_in_is_told_how_to(nobody) -> None:
    done = nobody("catalog")
    assert (done.exit_code, "bridge login" in done.stderr) == (3, True)


def test_profiles_are_listed_and_chosen(bridge) -> None:
    bridge("login", "--profile", "second", "--url", URL, "--token-stdin", piped="sb_viewer")
    rows = bridge.json("profiles", "--use", "test")["data"]
    assert [(row["name"], row["current"]) for row in rows] == [("second", False), ("test", True)]
    assert bridge("profiles", "--use", "third").exit_code == 5
    assert "* " in bridge("profiles").stdout


def test_another_profile_is_used_for_one_command(bridge) -> None:
    bridge("login", "--profile", "second", "--url", URL, "--token-stdin", piped="sb_viewer")
    bridge("profiles", "--use", "test")
    assert bridge("tokens", "list", "--profile", "second").exit_code == 4
    assert bridge("tokens", "list").exit_code == 0
    assert bridge("tokens", "list", "--profile", "third").exit_code == 3


def test_logging_out_forgets_the_token(bridge) -> None:
    assert bridge.json("logout") == {"forgotten": "test"}
    assert "sb_admin" not in bridge.config.read_text()
    assert bridge("logout").exit_code == 3


def test_the_environment_alone_is_enough(nobody) -> None:
    nobody.environ |= {"BRIDGE_URL": URL, "BRIDGE_TOKEN": "sb_viewer"}
    assert nobody("integrations").exit_code == 0


def test_a_kept_token_never_goes_to_an_address_out_of_the_environment(bridge) -> None:
    bridge.environ["BRIDGE_URL"] = "https://elsewhere.example"
    done = bridge("integrations")
    assert (done.exit_code, "BRIDGE_TOKEN" in done.stderr) == (3, True)
    assert bridge.api.asked == []


def test_a_file_that_others_can_read_is_warned_of(bridge) -> None:
    bridge.config.chmod(0o644)
    done = bridge("integrations", "--json")
    assert "chmod 600" in done.stderr
    assert json.loads(done.stdout) == {"data": []}


def test_a_broken_file_says_so(bridge) -> None:
    bridge.config.write_text("{")
    done = bridge("integrations")
    assert (done.exit_code, "bridge login" in done.stderr) == (3, True)
