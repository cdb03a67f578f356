"""Every row that was left out and every line Braze refused, as CSV: RFC 4180, and safe to open in a spreadsheet."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import batched

from bridge.flows.runs.ledger import lines_of
from mapping.comparison import Reject
from mapping.export import RunPlan
from mapping.run import PartResult

COLUMNS = ("stage", "source", "row", "identifier", "reason", "line")
"""`stage` is `plan`, `braze`, or `held` (sent, no answer); `line` is what was sent, empty for a row that was not."""

HEADER = (",".join(COLUMNS) + "\r\n").encode()

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001 - full-width ones count too
_ROWS_AT_ONCE = 5_000

type Cell = str | int


def csv_lines(rows: Iterable[Sequence[Cell]]) -> bytes:
    """Rows as CSV; a cell that a spreadsheet would take for a formula gets an apostrophe in front."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerows([[_safe(cell) for cell in row] for row in rows])
    return text.getvalue().encode("utf-8", "backslashreplace")


def of_plan(found: Iterable[Reject]) -> Iterator[bytes]:
    """The header, then what the plan left out: `row` counts from 1 within the export's part."""
    yield HEADER
    for some in batched(found, _ROWS_AT_ONCE, strict=False):
        yield csv_lines([("plan", one.part, one.row, one.user, one.reason, "") for one in some])


def anything_refused(results: Iterable[PartResult]) -> bool:
    """Whether `of_braze` has anything to say."""
    return any(result.rejected or result.held for result in results)


def of_braze(plan: RunPlan, results: Iterable[PartResult], read: Callable[[str], bytes]) -> Iterator[bytes]:
    """Lines Braze refused, or of which nobody knows: only parts with such lines are read, one at a time.

    `row` counts from 1 within the planned part.
    """
    refs = {ref.number: ref for ref in plan.parts}
    for result in results:
        if not result.rejected and not result.held:
            continue
        key = refs[result.part].key
        lines = read(key).split(b"\n")
        reasons = [
            ("braze", reason, at) for reason, found in result.rejected.items() for at in lines_of(found)
        ]
        reasons += [("held", "no_answer", at) for at in lines_of(result.held)]
        reasons.sort(key=lambda one: one[2])
        yield csv_lines(
            [
                (stage, key, at + 1, identifier_of(lines[at]), reason, lines[at].decode())
                for stage, reason, at in reasons
            ]
        )


def identifier_of(line: bytes) -> str:
    """Whom a planned line is about."""
    sent = json.loads(line)
    found = (sent.get(name) for name in ("external_id", "braze_id", "external_user_id"))
    return next((str(one) for one in found if one is not None), "")


def _safe(cell: Cell) -> Cell:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
