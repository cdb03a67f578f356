"""The tables a newcomer reads."""

from collections import Counter
from collections.abc import Iterable

from rich import box
from rich.console import Console
from rich.table import Table

from local.demo.compare import Difference, summary
from local.demo.proof import SUCCESS
from local.demo.scenario import Report

LISTED = 40


def show(report: Report, console: Console) -> None:
    """Everything that happened, then the verdict."""
    console.print(_events(report), _runs(report), _campaigns(report), _timings(report))
    if report.differences:
        _differences(report.differences, console)
    else:
        console.print(_verdict(report), style="green")


def _verdict(report: Report) -> str:
    counts = f"{report.records} records, {report.braze_events} events, {report.profiles} profiles"
    return f"All {counts} and {report.triggers} campaign messages are as the log implies, each exactly once."


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=0)
    for number, column in enumerate(columns):
        table.add_column(column, justify="left" if number == 0 else "right")
    return table


def _rows(table: Table, rows: Iterable[tuple[object, ...]]) -> Table:
    for row in rows:
        table.add_row(*map(str, row))
    return table


def _events(report: Report) -> Table:
    fine = [row for row in report.live if row["status"] == "delivered" and row["vendor_status"] in SUCCESS]
    filtered = Counter(row["reason"] for row in report.live if row["status"] == "filtered")
    return _rows(
        _table("Events", "what", "count"),
        [
            ("events sent to /v1/batch", report.sent),
            ("records delivered to ActionIQ", report.records),
            ("orders delivered to Braze", report.braze_events),
            ("profiles in Braze", report.profiles),
            ("Live Events: requests answered with 200 (201 by Braze)", len(fine)),
            *((f"Live Events: filtered, {reason}", count) for reason, count in filtered.items()),
            ("Live Events: anything else", len(report.live) - len(fine) - filtered.total()),
        ],
    )


def _runs(report: Report) -> Table:
    table = _table(
        "Audience runs (points: data points metered; full: those of a full resend)",
        *(
            "export",
            "split",
            "members",
            "joined",
            "left",
            "changed",
            "requests",
            "points",
            "full",
            "saved",
            "s",
        ),
    )
    return _rows(
        table,
        (
            (
                *(
                    f"{planned.as_of:%b %d}",
                    planned.split,
                    planned.members,
                    len(planned.joined),
                    planned.left,
                ),
                *(planned.changed, run.requests, run.data_points, planned.full_resend),
                *(f"{1 - run.data_points / max(planned.full_resend, 1):.0%}", f"{run.seconds:.1f}"),
            )
            for planned, run in report.runs
        ),
    )


def _campaigns(report: Report) -> Table:
    repeated = report.triggers - report.recipients - report.activated
    again = report.activation.again.get("accepted") if report.activation else None
    return _rows(
        _table("Campaigns", "what", "recipients"),
        [
            ("export for those who joined", report.recipients),
            ("activation", report.activated),
            (f"the same activation once more (answer: accepted {again}), sent", repeated),
            ("campaign messages at Braze", report.triggers),
        ],
    )


def _timings(report: Report) -> Table:
    rows: list[tuple[object, ...]] = [(what, f"{seconds:.1f}") for what, seconds in report.timings.items()]
    return _rows(_table("Time", "step", "seconds"), [*rows, ("all", f"{sum(report.timings.values()):.1f}")])


def _differences(found: list[Difference], console: Console) -> None:
    console.print(f"[red]{len(found)} differences between the log and what arrived:")
    for kind, count in sorted(summary(found).items()):
        console.print(f"  {count:6d}  {kind}", markup=False)
    for difference in found[:LISTED]:
        console.print(f"- {difference}", markup=False)
    if len(found) > LISTED:
        console.print(f"... and {len(found) - LISTED} more")
