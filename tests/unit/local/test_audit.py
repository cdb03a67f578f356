"""What the audit says of what pip-audit and checkov were asked."""

import json
import re
from typing import Any

from local.audit import CHECKS, ROOT, shipped, verdict


def report(*dependencies: dict[str, Any]) -> str:
    return json.dumps({"dependencies": dependencies, "fixes": []})


def clean(name: str = "pydantic") -> dict[str, Any]:
    return {"name": name, "version": "2.14.3", "vulns": []}


def test_a_known_fault_fails_with_what_mends_it() -> None:
    fault = {"id": "PYSEC-1", "fix_versions": ["2.8.1"], "aliases": [], "description": "…"}
    lines, fine = verdict(report(clean(), {"name": "urllib3", "version": "2.8.0", "vulns": [fault]}))
    assert (lines, fine) == (["urllib3 2.8.0: PYSEC-1, mended in 2.8.1"], False)


def test_no_known_fault_is_fine_and_says_of_how_many() -> None:
    assert verdict(report(clean(), clean("requests"))) == (["no known fault in 2 packages"], True)


def test_an_index_that_knows_nothing_or_cannot_be_reached_is_said_and_fails_nothing() -> None:
    skipped = {"name": "pydantic", "skip_reason": "Dependency not found on PyPI"}
    for text in (report(skipped), "", "Traceback …"):
        lines, fine = verdict(text)
        assert (fine, lines[0].startswith("NOT DONE")) == (True, True)


def test_a_package_the_index_does_not_know_is_named() -> None:
    lines, fine = verdict(report(clean(), {"name": "odd", "skip_reason": "…"}))
    assert (lines[1], fine) == ("not in the index: odd", True)


def test_everything_shipped_is_audited() -> None:
    names = {lock.relative_to(ROOT).parent.as_posix() for lock in shipped()}
    assert {"layers/dependencies", "functions/audience_plan"} <= names


def test_each_check_that_is_left_out_has_its_reason_above_it() -> None:
    lines = CHECKS.read_text(encoding="utf-8").splitlines()
    skipped = [number for number, line in enumerate(lines) if re.fullmatch(r"  - CKV_AWS_\d+", line)]
    assert len(skipped) == 9
    assert all(lines[number - 1].startswith("  # ") for number in skipped)
