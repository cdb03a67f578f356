"""What is said where: results on stdout, everything else on stderr, and no colours where none are wanted."""

import json
import os
import pty
import sys

import pytest

from bridge_cli.screen import Screen, word
from tests.unit.cli.openapi import sample


def test_nothing_but_json_is_on_stdout(bridge) -> None:
    bridge.install()
    done = bridge("events", "send", "--wait", "--json")
    assert json.loads(done.stdout)["accepted"] == 1
    assert done.stderr == ""


def test_names_of_any_script_survive(bridge) -> None:
    made = bridge.install(name="Café 東京")
    assert bridge.json("integrations")["data"][0]["name"] == made["name"]
    assert "Café 東京" in bridge("integrations").stdout


def test_long_lines_are_not_cut_where_nobody_reads_along(bridge) -> None:
    detail = "x" * 500
    bridge.api.deliveries = [
        sample("LiveEventDetail", delivery_id="dlv_1", status="blocked", reason="r", detail=detail)
    ]
    (line,) = bridge("events", "tail", "--once").stdout.splitlines()
    assert detail in line


def test_without_a_terminal_there_are_no_colours(bridge) -> None:
    bridge.install()
    assert "\x1b" not in bridge("integrations").output


@pytest.mark.parametrize(
    ("variables", "coloured"),
    [({"TERM": "xterm-256color"}, True), ({"TERM": "xterm", "NO_COLOR": "1"}, False)],
)
def test_on_a_terminal_no_color_is_respected(variables, coloured, monkeypatch) -> None:
    main, side = pty.openpty()
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with os.fdopen(side, "w") as terminal, monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", terminal)
        Screen(as_json=False).line({}, word("blocked"))
        terminal.flush()
        shown = os.read(main, 1000).decode()
    os.close(main)
    assert ("\x1b[31m" in shown) is coloured
    assert "blocked" in shown
