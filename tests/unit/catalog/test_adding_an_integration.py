"""docs/adding-an-integration.md lists what an integration is made of, and nothing else knows its name."""

import re
import subprocess
from importlib import import_module
from pathlib import Path

import pytest

from local.invoke import FUNCTIONS
from mapping.catalog import entries
from tests.unit.template.lanes import LANES, OWN

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "adding-an-integration.md").read_text(encoding="utf-8")
KEYS = [entry.key for entry in entries()]
NEWEST = "webhook"
"""The integration that was added to prove the page."""

GENERATED = {"functions/collect/openapi.json"}
STAND_IN = {".ci/run", "local/settings.py", "local/standins/webhook/"}


def listed(key: str) -> list[str]:
    table = PAGE.partition("<!-- files -->")[2].partition("<!-- end -->")[0]
    return [path.replace("<key>", key) for path in re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE)]


def test_the_page_lists_six_files() -> None:
    assert len(listed(NEWEST)) == 6


@pytest.mark.parametrize("key", KEYS)
def test_every_integration_is_made_of_the_listed_files(key: str) -> None:
    assert [path for path in listed(key) if not list(ROOT.glob(path))] == []


def test_no_other_file_of_the_bundle_knows_the_newest_ones_name() -> None:
    found = subprocess.run(
        ["git", "grep", "-Iil", "--untracked", NEWEST, "--", ".", ":!tests", ":!docs", ":!*.md"],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    known = {path.relative_to(ROOT).as_posix() for name in listed(NEWEST) for path in ROOT.glob(name)}
    others = set(found.stdout.split()) - known - GENERATED
    assert {path for path in others if not path.startswith(tuple(STAND_IN))} == set()


def test_every_integration_has_a_lane_and_every_lane_an_integration_or_a_duty_of_ours() -> None:
    assert set(LANES) == {*KEYS, *OWN}
    assert not OWN & set(KEYS)


@pytest.mark.parametrize("key", KEYS)
def test_every_integration_has_a_worker_and_a_client(key: str) -> None:
    assert FUNCTIONS[f"{key}_delivery"] == f"{LANES[key]}DeliveryFunction"
    assert import_module(f"bridge.clients.{key}")


def test_every_function_of_the_tree_is_in_the_template() -> None:
    assert set(FUNCTIONS) == {path.parent.name for path in (ROOT / "functions").glob("*/app.py")}
