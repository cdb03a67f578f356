"""A run's report as one page that needs nothing but itself: no host, no script, no image."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from bridge.flows.runs import readback_page
from bridge.flows.runs.charts import bars, joins_and_leaves, number, throughput
from bridge.flows.runs.report_style import STYLE

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
"""What a browser may load for the page; said in the page itself as well, for where it is kept as a file."""
MOST_PARTS = 200

type Report = Mapping[str, Any]


def page(report: Report) -> str:
    """HTML of a report as `report.report` makes it; every text of it is escaped."""
    title = _title(report)
    sections = (
        _head(report, title),
        _section("In short", _numbers(report)),
        _section("From the export to Braze", _funnel(report)),
        _section("Joins and leaves", _history(report)),
        _section("Throughput", throughput(report.get("parts", ()))),
        _section("Attributes changed", _counts(report.get("attributes_changed", {}), "attribute", "changes")),
        _section("Rejects by reason", _rejects(report)),
        _section("Samples", _samples(report)),
        _section("Read back at Braze", _readback(report)),
        _section("What a person should know", _notes(report)),
        _section("Parts", _parts(report.get("parts", ()))),
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="referrer" content="no-referrer">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body><main>{''.join(sections)}"
        "</main></body></html>\n"
    )


def _title(report: Report) -> str:
    if report.get("audience_id"):
        return f"Audience {report['audience_id']}, split {report['split_id']}"
    return f"Campaign {report['campaign_id']}" if report.get("campaign_id") else "Events"


def _head(report: Report, title: str) -> str:
    status = str(report["status"])
    why = ": ".join(str(report[name]) for name in ("reason", "detail") if report.get(name))
    return (
        f'<h1>{escape(title)} <span class="status {escape(status)}">{escape(status)}</span></h1>'
        f'<p class="muted">{_said("run", report["id"])} · {_said("export", report["export_id"])} · '
        f"{_said('exported', report.get('exported_at') or '?')} · {_said('ended', report['ended_at'])}</p>"
        + (f"<p>{escape(why)}</p>" if why else "")
    )


def _said(what: str, value: object) -> str:
    return f"{what} {escape(str(value))}"


def _numbers(report: Report) -> str:
    full = report.get("full_resend_data_points", 0)
    saved = f"{1 - report['data_points'] / full:.1%}" if full else "–"  # noqa: RUF001 - a dash
    shown = [
        ("members", number(report["members"])),
        ("joined", number(report["joined"])),
        ("left", number(report["left"])),
        ("changed", number(report["changed"])),
        ("requests", number(report["requests"])),
        ("data points", number(report["data_points"])),
        ("saved to a full resend", saved),
        ("seconds", number(report["seconds"])),
    ]
    return (
        f"<dl>{''.join(f'<div><dt>{escape(what)}</dt><dd>{value}</dd></div>' for what, value in shown)}</dl>"
    )


def _funnel(report: Report) -> str:
    sent = report["sent"]
    tried = sent["accepted"] + sent["rejected"] + sent["held"]
    left = report["left"]
    changed = report["joined"] + left + report["changed"] or sent["lines"]
    return bars(
        [
            ("exported", report["exported"], f"{number(report['duplicates'])} were there twice"),
            ("valid", report["valid"], "rows with a usable identifier, one a user"),
            ("changed", changed, f"{number(left)} of them left and are in no export" if left else ""),
            ("sent", tried, f"{number(sent['undelivered'])} not sent" if sent["undelivered"] else ""),
            (
                "accepted",
                sent["accepted"],
                f"{number(sent['held'])} without an answer" if sent["held"] else "",
            ),
        ]
    )


def _history(report: Report) -> str:
    runs = report.get("history", ())
    if report["kind"] != "audience" or not runs:
        return ""
    rows = [
        (run["created_at"], run["status"], *(number(run[name]) for name in ("joined", "left", "members")))
        for run in reversed(runs)
    ]
    return (
        f"{joins_and_leaves(runs)}"
        '<p class="key"><span class="j"></span>joined<span class="l"></span>left</p>'
        f"<details><summary>As a table</summary>{_table(('began', 'ended', 'joined', 'left', 'members'), rows)}"
        "</details>"
    )


def _rejects(report: Report) -> str:
    kinds = (
        ("row left out", report.get("rejected_rows_by_reason", {})),
        ("value not used", report.get("rejected_values_by_reason", {})),
        ("refused by Braze", report["sent"]["rejected_by_reason"]),
    )
    rows = [
        (reason, count, what)
        for what, found in kinds
        for reason, count in sorted(found.items(), key=lambda one: (-one[1], one[0]))
    ]
    if not rows:
        return '<p class="muted">None.</p>'
    return bars(rows) + '<p class="muted">Every one of them is a line of the run\'s rejects.csv.</p>'


def _samples(report: Report) -> str:
    found = [*report.get("rejected_rows", ()), *report.get("rejected_values", ())][:20]
    rows = [(one["part"], one["row"], one.get("user", ""), one["reason"]) for one in found]
    return _table(("part", "row", "user (masked)", "reason"), rows) if rows else ""


def _readback(report: Report) -> str:
    differ, shown = readback_page.attributes(report), readback_page.examples(report)
    tables = (
        (("at Braze", "people"), readback_page.counts(report)),
        (("attribute", "difference", "people"), differ),
        (("user (masked)", "attribute", "difference", "expected", "at Braze"), shown),
    )
    return "".join(_table(names, rows) for names, rows in tables if rows)


def _counts(found: Mapping[str, int], *names: str) -> str:
    ordered = sorted(found.items(), key=lambda one: (-one[1], one[0]))
    return _table(names, [(name, number(count)) for name, count in ordered]) if ordered else ""


def _notes(report: Report) -> str:
    waited = [
        f"waited for approval: {wait['code']}: {wait['detail']}" for wait in report.get("waited_for", ())
    ]
    by = [f"approved by {report['approved_by']}"] if report.get("approved_by") else []
    notes = [*waited, *by, *report.get("warnings", ())]
    return f"<ul>{''.join(f'<li>{escape(str(note))}</li>' for note in notes)}</ul>" if notes else ""


def _parts(parts: Sequence[Report]) -> str:
    if not parts:
        return ""
    names = ("part", "rows", "accepted", "requests", "ended", "started_at", "ended_at")
    rows = [tuple(part[name] for name in names) for part in parts[:MOST_PARTS]]
    more = f"<p>and {number(len(parts) - MOST_PARTS)} more</p>" if len(parts) > MOST_PARTS else ""
    return f"<details><summary>{number(len(parts))} parts</summary>{_table(names, rows)}{more}</details>"


def _table(names: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in names)
    body = "".join(f"<tr>{''.join(f'<td>{escape(str(cell))}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _section(title: str, inside: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{inside}</section>" if inside else ""
