"""When an installation is degraded and when it is blocked: three refusals, each 30 s after the one before.

A delivery that the vendor refuses for its key goes to the dead letters at once; the installation is called
blocked only when the refusals go on, so that one bad answer of a vendor wakes nobody up.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from mapping.times import iso

STRIKES = 3
APART = timedelta(seconds=30)
NOTED_EVERY = timedelta(seconds=10)
"""A thousand refused deliveries are no thousand writes."""

Row = dict[str, Any]
"""`status` healthy, degraded or blocked, `kind` of the delivery, `reason`, `hint`, `since`, `at`, `failures`.

`strikes` counts the refusals that were far enough apart, `struck_at` is the time of the last of them.
"""

Verdict = Literal["refused", "blocked", "degraded"]
"""`refused`: by the vendor, one strike; `blocked`: for certain, nothing can be sent; `degraded`: it will pass."""


@dataclass(frozen=True, slots=True)
class Failure:
    """What a worker has to say of one delivery."""

    verdict: Verdict
    kind: str
    reason: str
    hint: str
    at: datetime


_WORSE = ("healthy", "degraded", "blocked")


def worst(rows: Iterable[Row]) -> Row:
    """Of the kinds of deliveries the one that is worst off; of several the one of which was heard last."""
    return max(rows, key=lambda row: (_WORSE.index(row["status"]), row["at"]))


def due(failure: Failure, noted: Failure | None) -> bool:
    """Whether it says anything that this worker has not just noted."""
    if noted is None or (noted.verdict, noted.reason) != (failure.verdict, failure.reason):
        return True
    return failure.at - noted.at >= NOTED_EVERY


def changed(before: Row | None, failure: Failure) -> tuple[dict[str, str], int]:
    """The row's texts after this failure, and its strikes."""
    ill = before if before is not None and before["status"] != "healthy" else None
    strikes, struck_at = _strikes(ill, failure)
    status = "blocked" if failure.verdict == "blocked" or strikes >= STRIKES else "degraded"
    at = iso(failure.at)
    since = ill["since"] if ill is not None and ill["status"] == status else at
    texts = {"status": status, "kind": failure.kind, "reason": failure.reason, "hint": failure.hint}
    return texts | {"since": since, "at": at, "struck_at": struck_at}, strikes


def _strikes(ill: Row | None, failure: Failure) -> tuple[int, str]:
    """Refusals count from the last success on, and not more often than every 30 s."""
    strikes, struck_at = (ill.get("strikes", 0), ill.get("struck_at", "")) if ill else (0, "")
    if failure.verdict != "refused":
        return strikes, struck_at
    if strikes and failure.at - datetime.fromisoformat(struck_at) < APART:
        return strikes, struck_at
    return strikes + 1, iso(failure.at)
