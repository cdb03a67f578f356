"""The page on the stand-ins names every switch and every fault."""

import re
from pathlib import Path
from typing import get_args

import pytest

from local.standins.braze.modes import Modes
from local.standins.faults import Kind

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "stand-ins.md").read_text(encoding="utf-8")
NAMED = set(re.findall(r"`(\w+)`", PAGE))


@pytest.mark.parametrize("switch", sorted(Modes.model_fields))
def test_every_switch_of_braze_is_on_the_page(switch: str) -> None:
    assert switch in NAMED


@pytest.mark.parametrize("fault", get_args(Kind.__value__))
def test_every_fault_is_on_the_page(fault: str) -> None:
    assert fault in NAMED
