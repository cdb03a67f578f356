"""What became of one item: the vocabulary every lane answers in."""

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """Six ends of an item; only RETRY and UNKNOWN may be followed by another attempt."""

    DELIVERED = "delivered"
    FILTERED = "filtered"
    REJECTED = "rejected"
    RETRY = "retry"
    BLOCKED = "blocked"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """One value that stays behind while its neighbours go out: `properties.url` or `traits.bio`, and a stable code.

    A value that is `sent` all the same is one to be warned of.
    """

    field: str
    reason: str
    sent: bool = False


@dataclass(frozen=True, slots=True)
class ItemOutcome:
    """One item's end: `reason` is a stable code, `detail` names the field and never quotes a value."""

    outcome: Outcome
    reason: str = ""
    detail: str = ""
    left_out: tuple[LeftOut, ...] = ()


def filtered(reason: str, detail: str = "") -> ItemOutcome:
    """Nobody wants it: recorded, acknowledged, not an error."""
    return ItemOutcome(Outcome.FILTERED, reason, detail)


def rejected(reason: str, detail: str = "") -> ItemOutcome:
    """Never again: the vendor would refuse it or store it in part."""
    return ItemOutcome(Outcome.REJECTED, reason, detail)
