"""A quiet run's books, small and in order; tests take one thing out of order."""

from dataclasses import dataclass, field, replace
from typing import Any

from local.chaos import ledger, sends
from local.chaos.journeys import Wanted
from local.chaos.ledger import Line, Side
from local.chaos.load import Accepted
from local.chaos.records import Entry

BRAZE, ACTIONIQ = "int_b", "int_a"


def track(message: str, **changes: Any) -> dict[str, Any]:
    return {"type": "track", "event": "Won", "userId": "u1", "messageId": message} | changes


def entry(message: str, state: Any = "delivered", **changes: Any) -> Entry:
    known: dict[str, Any] = {
        "delivery": "dlv_1",
        "installation": BRAZE,
        "kind": "events",
        "reason": "",
        "perhaps": False,
        "at": 101.0,
    }
    return Entry(message=message, state=state, **known | changes)


@dataclass
class Books:
    """Three events to Braze: a delivered one, one that Braze refused, a dead letter; and a page, left out."""

    accepted: dict[str, Accepted] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    copies: dict[str, int] = field(default_factory=lambda: {"m1": 1})
    off: list[tuple[float, float]] = field(default_factory=list)
    catalog_key: str = "braze"
    unanswered: set[str] = field(default_factory=set)
    letters: set[str] = field(default_factory=lambda: {"dlv_1"})

    def __post_init__(self) -> None:
        page = {"type": "page", "userId": "u1", "messageId": "p1"}
        for event in (track("m1"), track("m2"), track("m3"), page):
            self.accept(event)
        self.entries = [
            entry("m1"),
            entry("m2", "rejected", reason="event_refused"),
            entry("m3", "dead-lettered", reason="unauthorized"),
            entry("p1", "filtered", reason="pages_not_tracked"),
        ]

    def accept(self, event: dict[str, Any], at: float = 100.0) -> None:
        self.accepted[event["messageId"]] = Accepted(event, at, at + 0.1)

    def change(self, message: str, **changes: Any) -> None:
        """Of its entry."""
        self.entries = [replace(one, **changes) if one.message == message else one for one in self.entries]

    def lose(self, message: str) -> None:
        self.entries = [one for one in self.entries if one.message != message]

    def line(self) -> Line:
        side = Side(BRAZE, "Braze", self.catalog_key, self.off, self.copies, self.letters)
        [line] = ledger.ledger(self.accepted, [side], self.entries, self.unanswered)
        return line

    def off_by(self) -> list[str]:
        """What the ledger finds, as `id: what`."""
        return [f"{fault.which}: {fault.what}" for fault in self.line().faults]


ORDERED: Wanted = ("act-1", "welcome", "u1")


def message(state: Any = "delivered", **changes: Any) -> Entry:
    """A recipient's entry."""
    return entry("u1", state, kind="campaign", name="welcome", orders=("act-1",), **changes)


def sent(entries: list[Entry], count: int, unsure: set[Wanted] | None = None) -> list[str]:
    asked = set() if unsure else {ORDERED}
    line = sends.ledger(asked, unsure or set(), entries, {ORDERED: count}, {"dlv_1"})
    return [fault.what for fault in line.faults]
