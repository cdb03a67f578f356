"""What a reading found, as rows for the page of a report."""

from collections.abc import Mapping
from typing import Any

from bridge.flows.runs.charts import number

type Rows = list[tuple[str, ...]]

_COUNTED = (
    ("read", "people read"),
    ("unread", "not read"),
    ("unknown_to_braze", "unknown to Braze"),
    ("drifted", "people with a difference"),
    ("not_members", "not members at Braze, though they should be"),
    ("extra_members", "members at Braze, though they should not be"),
    ("to_repair", "people a repair has to send"),
)


def counts(report: Mapping[str, Any]) -> Rows:
    """How many were read and how they differ; empty for a run after which nobody was read."""
    found = report.get("reconcile") or report.get("joiners") or {}
    rows: Rows = [(told, number(found[name])) for name, told in _COUNTED if name in found]
    if found.get("why"):
        rows.append(("why not", str(found["why"])))
    return rows


def attributes(report: Mapping[str, Any]) -> Rows:
    """Per attribute and kind of difference, how many people."""
    found = (report.get("reconcile") or {}).get("attributes", {})
    return [(name, kind, number(count)) for name, kinds in found.items() for kind, count in kinds.items()]


def examples(report: Mapping[str, Any]) -> Rows:
    """Some people, masked: what was expected of them and what Braze holds."""
    found = (report.get("reconcile") or {}).get("examples", ())
    shown = ("user", "attribute", "kind", "expected", "held")
    return [tuple("–" if one[name] is None else str(one[name]) for name in shown) for one in found[:50]]  # noqa: RUF001
