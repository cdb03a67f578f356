"""Each claim of docs/security.md names a test, and the test is there."""

import re

from local.settings import ROOT

PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
HELD = re.compile(r"`(tests/[a-z_/]+\.py)::(test_[a-z0-9_]+)`")


def claims() -> list[str]:
    rows = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith("| claim")]
    return [row for row in rows if row.strip("|- ")]


def test_every_claim_names_the_test_that_holds_it() -> None:
    assert len(claims()) > 30
    assert [claim for claim in claims() if len(HELD.findall(claim)) != 1] == []


def test_every_test_that_is_named_is_there() -> None:
    named = HELD.findall(PAGE)
    missing = [
        f"{file}::{name}"
        for file, name in named
        if f"def {name}(" not in (ROOT / file).read_text(encoding="utf-8")
    ]
    assert missing == []
