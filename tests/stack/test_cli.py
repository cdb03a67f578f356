"""The installed command on the running stack: as an operator uses it, from an empty profile to a repaired delivery."""

import json
import os
import pty
import select
import subprocess
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from bridge.delivery_worker import INSTALLATIONS_SECONDS
from local.demo.stack import Stack
from local.settings import LocalSettings
from tests.stack.house import ACCOUNT, BRAZE_KEY, House, until

PATIENCE = 60
WRONG = "aiq_wrong"
HEARD = INSTALLATIONS_SECONDS + 1
"""Seconds after which every worker has heard of a change; a letter replayed before may meet the old key once more."""


@dataclass
class Bridge:
    """`.tools/cli/bin/bridge` with a file of profiles of its own."""

    program: Path
    house: House
    folder: Path
    variables: dict[str, str] = field(default_factory=dict)

    def run(self, *args: str, typed: str = "", **more: str) -> subprocess.CompletedProcess[str]:
        command = [str(self.program), *args]
        return subprocess.run(
            command,
            input=typed,
            env=self.environment(**more),
            text=True,
            capture_output=True,
            timeout=PATIENCE,
            cwd=self.folder,
            check=False,
        )

    def json(self, *args: str, **more: str) -> Any:
        done = self.run(*args, "--json", **more)
        assert done.returncode == 0, (args, done.stdout, done.stderr)
        return json.loads(done.stdout)

    def environment(self, **more: str) -> dict[str, str]:
        own = {
            "BRIDGE_CONFIG": str(self.folder / "config.json"),
            "BRIDGE_WRITE_KEY": self.house.source["write_key"],
        }
        clean = {
            name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "BRIDGE_"))
        }
        return clean | own | self.variables | more

    def install(self, key: str, secret: str, *pairs: str) -> str:
        """An installation that the house's source alone feeds."""
        name = f"{key} {self.house.tag} {uuid.uuid4().hex[:4]}"
        settings = [word for pair in pairs for word in ("--set", pair)]
        made = self.json(
            "install", key, "--name", name, "--source", self.house.source["id"], *settings, **_secret(secret)
        )
        self.house.installed.append(made["id"])
        return str(made["id"])

    def actioniq(self, secret: str) -> str:
        return self.install(
            "actioniq", secret, f"account_id={ACCOUNT}", f"destination_id={self.house.destination}"
        )

    def braze(self) -> str:
        return self.install("braze", BRAZE_KEY, f"rest_endpoint={self.house.stack.braze_url}")

    def members(self, name: str, users: list[str], city: str = "Ulm") -> str:
        file = self.folder / name
        file.write_text("external_id,home_city\n" + "".join(f"{user},{city}\n" for user in users))
        return str(file)


def _secret(value: str) -> dict[str, str]:
    return {"BRIDGE_SECRET_API_KEY": value, "BRIDGE_SECRET_REST_API_KEY": value}


@pytest.fixture(scope="module")
def house(stack: Stack) -> Iterator[House]:
    house = House(stack)
    house.open()
    yield house
    house.close()


@pytest.fixture
def bridge(house: House, settings: LocalSettings, tmp_path: Path) -> Bridge:
    program = Path(__file__).parents[2] / ".tools" / "cli" / "bin" / "bridge"
    assert program.exists(), "not installed: make .tools/cli.ready"
    made = Bridge(program, house, tmp_path)
    assert made.json("login", "--stack-file", str(settings.stack_file))["role"] == "admin"
    return made


def test_the_quick_setup_ends_with_a_200_in_live_events(bridge: Bridge) -> None:
    """Library, filter, fields, install, test, event, activity log, live events."""
    assert "ActionIQ" in bridge.run("catalog").stdout
    assert [one["key"] for one in bridge.json("catalog", "--category", "CDP")["data"]] == ["actioniq"]
    assert "Settings > API Keys" in bridge.run("catalog", "actioniq").stdout
    installed = bridge.actioniq(bridge.house.actioniq_key)
    assert "✔" in bridge.run("test", installed).stdout
    user = bridge.house.user()
    sent = bridge.json(
        "events", "send", "--user", user, "--event", "Order Completed", "--set", "total=59.9", "--wait"
    )
    assert [(row["status"], row["vendor_status"]) for row in sent["deliveries"]] == [("delivered", 200)]
    (record,) = bridge.house.records(user)
    assert (record["attributes"]["event_name"], record["attributes"]["total"]) == ("Order Completed", 59.9)
    line = bridge.run("events", "tail", "--once", "--integration", installed, "--user", user).stdout
    assert " delivered 200 " in line
    assert f"track Order Completed {user}" in line
    stages = bridge.json("events", "show", sent["deliveries"][0]["delivery_id"])["stages"]
    assert all(stages[stage] for stage in ("input", "mapped", "request", "response"))


def test_a_secret_is_asked_for_at_a_terminal_and_not_echoed(bridge: Bridge) -> None:
    told, code, _ = _at_a_terminal(
        bridge,
        ["install", "actioniq", "--name", f"{bridge.house.tag} typed", "--source", bridge.house.source["id"]],
        {
            "API key": bridge.house.actioniq_key,
            "Account ID": ACCOUNT,
            "Destination ID": bridge.house.destination,
        },
    )
    bridge.house.installed += [
        one["id"] for one in bridge.json("integrations")["data"] if one["name"].endswith(" typed")
    ]
    assert code == 0, told
    assert bridge.house.actioniq_key not in told
    assert ACCOUNT in told


def test_a_refused_key_becomes_a_dead_letter_that_is_replayed_once_it_is_mended(bridge: Bridge) -> None:
    installed, user = bridge.actioniq(WRONG), bridge.house.user()
    checked = bridge.run("test", installed)
    assert (checked.returncode, "✘ api_key" in checked.stdout) == (1, True), checked.stdout
    red = bridge.run("doctor", "--integration", installed)
    assert (red.returncode, "✘" in red.stdout, "bridge rotate" in red.stdout) == (1, True, True), red.stdout
    bridge.json("events", "send", "--user", user)
    letters = until(
        lambda: bridge.json("dead-letters", "--integration", installed)["data"],
        "a dead letter of the refused key",
    )
    assert letters[0]["reason"] == "unauthorized"
    assert (
        "dead letters: unauthorized" in bridge.run("doctor", "--integration", installed, "--no-test").stdout
    )
    assert bridge.run("rotate", installed, **_secret(bridge.house.actioniq_key)).returncode == 0
    time.sleep(HEARD)
    replayed = bridge.json("replay", "--reason", "unauthorized", "--integration", installed, "--yes")
    assert (replayed["replayed"], replayed["remaining"]) == (len(letters), 0)
    assert until(lambda: bridge.house.records(user), "the replayed record")
    assert bridge.json("dead-letters", "--integration", installed)["data"] == []


def test_an_audience_is_pushed_to_done_and_changed_with_approval_and_taken_back(bridge: Bridge) -> None:
    installed = bridge.braze()
    stays, goes, third = (bridge.house.user() for _ in range(3))
    where = ["--audience", "1042", "--split", "1", "--integration", installed]
    first = bridge.members("first.csv", [stays, goes, third])
    plan = bridge.json("audience", "plan", first, *where)
    assert (plan["status"], plan["plan"]["joined"]) == ("planned", 3)
    assert bridge.house.profile(stays) == {}
    pushed = bridge.json("audience", "push", first, *where, "--yes", "--part-rows", "2")
    assert (pushed["run"]["status"], pushed["report"]["sent"]["accepted"]) == ("done", 3)
    assert _member(bridge, goes) is True
    second = bridge.members("second.csv", [stays], city="Bonn")
    waits = bridge.run("audience", "push", second, *where, "--yes", "--json")
    assert waits.returncode == 9, waits.stderr
    run = json.loads(waits.stdout)["run"]["id"]
    assert "removes_many" in bridge.run("runs", "show", run).stdout
    assert run in bridge.run("runs", "list", "--waiting").stdout
    approved = bridge.run("audience", "approve", run, "--yes", "--watch")
    assert (approved.returncode, approved.stdout.splitlines()[-1]) == (0, f"{run} done 1 of 1 parts")
    assert [_member(bridge, user) for user in (stays, goes)] == [True, False]
    assert bridge.json("runs", "report", run)["left"] == 2
    back = bridge.run("runs", "rollback", pushed["run"]["id"], "--yes", "--watch")
    assert back.returncode == 0, back.stdout + back.stderr
    assert [_member(bridge, user) for user in (stays, goes)] == [True, True]
    assert bridge.house.profile(stays)["home_city"] == "Ulm"


def test_a_person_sees_the_plan_and_says_yes(bridge: Bridge) -> None:
    installed, user = bridge.braze(), bridge.house.user()
    file = bridge.members("members.csv", [user])
    command = ["audience", "push", file, "--audience", "7", "--split", "a", "--integration", installed]
    told, code, report = _at_a_terminal(bridge, command, {"Send it?": "n"})
    assert (code, "Nothing was sent." in told, report) == (9, True, "")
    assert bridge.house.profile(user) == {}
    told, code, report = _at_a_terminal(bridge, command, {"Send it?": "y"})
    assert code == 0, told
    assert told.index("joined") < told.index("Send it?")
    assert "done" in report
    assert _member(bridge, user, "AIQ_7_a") is True


def test_the_doctor_is_content_with_what_works(bridge: Bridge) -> None:
    installed = bridge.actioniq(bridge.house.actioniq_key)
    done = bridge.run("doctor", "--integration", installed)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "✘" not in done.stdout
    assert done.stdout.count("✔") >= 12


def test_the_doctor_finds_what_does_not(bridge: Bridge) -> None:
    installed = bridge.actioniq(bridge.house.actioniq_key)
    bridge.run("disable", installed)
    done = bridge.run(
        "doctor",
        "--integration",
        installed,
        "--json",
        BRIDGE_WRITE_KEY="dk_live_none",
        BRIDGE_BUCKET=f"none-{bridge.house.tag}",
    )
    wrong = {one["check"]: one for one in json.loads(done.stdout)["findings"] if one["level"] == "failed"}
    assert done.returncode == 1
    assert {"installations", "sources", "export bucket"} <= set(wrong)
    assert all(one["hint"] for one in wrong.values())


def test_a_shell_completes_commands_and_values(bridge: Bridge) -> None:
    def completed(words: str) -> list[str]:
        asked = {
            "COMP_WORDS": words,
            "COMP_CWORD": str(words.count(" ")),
            "_BRIDGE_COMPLETE": "complete_bash",
        }
        return sorted(bridge.run(**asked).stdout.split())

    assert completed("bridge au") == ["audience", "audit"]
    assert "identify" in completed("bridge events send --type ")


def test_errors_say_what_to_do_next(bridge: Bridge) -> None:
    for args, code, hint in (
        (["integrations", "int_000000000000000000000000"], 5, "bridge integrations"),
        (["runs", "show", "run_none"], 5, "bridge runs list"),
        (["install", "actioniq", "--set", "api_key=x"], 2, "BRIDGE_SECRET_API_KEY"),
        (["tokens", "create", "x", "--role", "owner"], 6, "role"),
    ):
        done = bridge.run(*args)
        assert (done.returncode, hint in done.stderr, done.stdout) == (code, True, ""), (args, done.stderr)
    token = bridge.json("tokens", "create", bridge.house.tag, "--role", "viewer", "--days", "1")
    try:
        refused = bridge.run("audit", BRIDGE_TOKEN=token["token"])
        assert (refused.returncode, "bridge tokens create" in refused.stderr) == (4, True), refused.stderr
        assert "expires in" in bridge.run("doctor", "--no-test", BRIDGE_TOKEN=token["token"]).stdout
    finally:
        bridge.json("tokens", "delete", token["id"], "--yes")
    assert bridge.run("audit", BRIDGE_TOKEN="sb_wrong").returncode == 4


def _member(bridge: Bridge, user: str, name: str = "AIQ_1042_1") -> Any:
    found = bridge.house.profile(user)
    return found.get("custom_attributes", {}).get(name)


def _at_a_terminal(bridge: Bridge, args: list[str], answers: dict[str, str]) -> tuple[str, int, str]:
    """What a person saw, the exit code, and stdout; each question is answered when it comes."""
    main, side = pty.openpty()
    program = subprocess.Popen(
        [str(bridge.program), *args],
        stdin=side,
        stdout=subprocess.PIPE,
        stderr=side,
        env=bridge.environment(NO_COLOR="1", TERM="dumb"),
        cwd=bridge.folder,
    )
    os.close(side)
    told, waiting = b"", dict(answers)
    try:
        while block := _read(main):
            told += block
            for question in [
                one
                for one in waiting
                if told.rstrip().endswith((f"{one}:".encode(), f"{one} [y/N]:".encode()))
            ]:
                os.write(main, f"{waiting.pop(question)}\n".encode())
    finally:
        os.close(main)
    report = _ended(program)
    return told.decode(errors="replace"), program.returncode, report


def _ended(program: subprocess.Popen[bytes]) -> str:
    """Its stdout; one that goes on is ended."""
    try:
        return program.communicate(timeout=PATIENCE)[0].decode()
    except subprocess.TimeoutExpired:
        program.kill()
        return program.communicate()[0].decode()


def _read(terminal: int) -> bytes:
    ready, _, _ = select.select([terminal], [], [], PATIENCE)
    if not ready:
        return b""
    try:
        return os.read(terminal, 4096)
    except OSError:  # the other side has closed it
        return b""
