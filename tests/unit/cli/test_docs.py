"""docs/cli.md: every command it shows is run here, and every command there is is shown."""

import json
import re
import shlex
from collections.abc import Iterator

import pytest
import typer.main

from bridge_cli.errors import ExitCode
from bridge_cli.main import make_app
from local.settings import ROOT
from tests.unit.cli.fake_api import letter
from tests.unit.cli.test_access import STACK

PAGE = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
WAIT = {"code": "untyped_column", "detail": "points has no type", "count": 3}
TYPED = {"install actioniq": "aiq_secret\nyour-account-id\ndest-12345\n"}
ENDS = {"bridge doctor": ExitCode.FOUND}
"""There are dead letters, which the page goes on to replay."""
ELSEWHERE = {"uv tool install ./cli"}
"""Not ours to run here: tests/stack runs the installed command."""


def lines() -> list[str]:
    """What stands behind a prompt, without its comment."""
    blocks = re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)
    shown = [
        line[2:].partition(" #")[0].strip()
        for block in blocks
        for line in block.splitlines()
        if line[:2] == "$ "
    ]
    return [line for line in shown if line not in ELSEWHERE]


@pytest.fixture
def variables(bridge, tmp_path, monkeypatch):
    """What the page calls $RUN and the like, and the files that it names."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "members.csv").write_text("external_id,points\nu1,1\nu2,2\nu3,3\n")
    (tmp_path / "events.jsonl").write_text('{"type": "track", "event": "A", "userId": "u"}\n')
    (tmp_path / ".local").mkdir()
    (tmp_path / ".local" / "stack.json").write_text(json.dumps(STACK))
    bridge.api.letters = {one["id"]: one for one in map(letter, range(4))}
    source, token = (
        bridge.json("sources", "create", "x")["id"],
        bridge.json("tokens", "create", "x", "--role", "viewer")["id"],
    )
    bridge.install("actioniq", name="First")
    bridge("events", "send")
    delivery = bridge.api.deliveries[0]["delivery_id"]
    bridge.api.installed.clear()
    bridge.api.waits = [WAIT]
    for run in ("run_w", "run_v"):
        bridge.api.begin_run(run, dry_run=False, rows=1)
        bridge("runs", "watch", run)
    bridge.api.waits = []
    for run in ("run_r", "run_u"):
        bridge.api.begin_run(run, dry_run=False, rows=1)
    bridge("runs", "watch", "run_r")
    runs = {"RUN": "run_r", "UNDER_WAY": "run_u", "WAITING": "run_w", "WAITING_TOO": "run_v"}
    ids = {"SOURCE": source, "TOKEN_ID": token, "DELIVERY": delivery, "LETTER": "ltr_0"}
    return {"TOKEN": "sb_admin", "KEY": "secret", **runs, **ids}


def test_every_command_of_the_page_does_what_it_is_shown_for(bridge, variables) -> None:
    for line in lines():
        filled = re.sub(r"\$([A-Z_]+)", lambda found: variables[found[1]], line)
        piped, _, command = filled.rpartition("| ")
        settings, args = _parted(shlex.split(command))
        bridge.environ |= settings
        typed = next((answer for start, answer in TYPED.items() if " ".join(args).startswith(start)), "y\n")
        if "--json" in args or piped:
            done = bridge(*args, piped=piped.strip().removeprefix("echo "))
        else:
            done = bridge(*args, typed=typed)
        assert done.exit_code == ENDS.get(line, 0), f"{line}\n{done.output}"


def test_every_command_there_is_stands_on_the_page() -> None:
    shown = [" ".join(_parted(shlex.split(line.rpartition("| ")[2]))[1]) + " " for line in lines()]
    missing = [name for name in _names() if not any(line.startswith(f"{name} ") for line in shown)]
    assert missing == []


def test_every_exit_code_stands_on_the_page() -> None:
    rows = re.findall(r"^\| (\d+) \| `(\w+)` \|", PAGE, re.MULTILINE)
    assert [(int(number), name) for number, name in rows] == [(int(one), one.name) for one in ExitCode]


def test_every_command_says_what_it_is_for_and_takes_json() -> None:
    for name, command in _commands(typer.main.get_command(make_app())):
        assert command.help, name
        assert any("--json" in one.opts for one in command.params), name


def _parted(words: list[str]) -> tuple[dict[str, str], list[str]]:
    at = words.index("bridge")
    return dict(word.split("=", 1) for word in words[:at]), words[at + 1 :]


def _names() -> list[str]:
    return [name for name, _ in _commands(typer.main.get_command(make_app()))]


def _commands(group, before: str = "") -> Iterator[tuple[str, object]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _commands(command, f"{before}{name} ")
        else:
            yield f"{before}{name}", command
