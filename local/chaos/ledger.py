"""The ledger: every accepted event and every installation it belongs to, in exactly one state, and really there.

Pure. What is off is a `Fault`; a run without one is a proof.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from local.chaos.happenings import countable, repeatable, unwanted
from local.chaos.load import Accepted
from local.chaos.records import Entry, State

CACHED = 10.0
"""Seconds for which a function may go on with what it knew of an installation before it was switched."""

Final = State | Literal["switched off", "lost"]
_ORDER = ("delivered", "rejected", "dead-lettered", "filtered", "under way")


@dataclass(frozen=True, slots=True)
class Side:
    """An installation, when it was switched off (epoch seconds), and how often its vendor holds each id.

    `letters` are the deliveries that have an open dead letter.
    """

    id: str
    name: str
    catalog_key: str
    off: Sequence[tuple[float, float]] = ()
    copies: Mapping[str, int] = field(default_factory=dict)
    letters: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is not as it has to be; `where` and `what` are the same for many of a kind."""

    where: str
    which: str
    what: str
    detail: str = ""


@dataclass(slots=True)
class Line:
    """One installation's sums; `doubled` are at the vendor more than once, each listed as such by its delivery."""

    name: str
    accepted: int = 0
    states: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    copies_dropped: int = 0
    doubled: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    @property
    def pending(self) -> int:
        """How many have no end yet."""
        return self.states["under way"] + self.states["lost"]


def ledger(
    accepted: Mapping[str, Accepted], sides: Sequence[Side], entries: Iterable[Entry], known: Iterable[str]
) -> list[Line]:
    """A line for each installation; `known` are ids that were sent without ever being answered 200."""
    mine: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    for one in entries:
        mine[one.installation, one.message].append(one)
    taken = _taken(mine)
    lines = [_line(side, accepted, mine, taken) for side in sides]
    for side, line in zip(sides, lines, strict=True):
        strangers = side.copies.keys() - accepted.keys() - set(known)
        line.faults += [Fault(side.name, one, "at the vendor, and nobody sent it") for one in strangers]
        if line.accepted != line.states.total():
            line.faults.append(
                Fault(side.name, "the sum", "is off", f"{line.states.total()} of {line.accepted}")
            )
    return lines


def _line(
    side: Side,
    accepted: Mapping[str, Accepted],
    mine: Mapping[tuple[str, str], Sequence[Entry]],
    taken: Mapping[str, float],
) -> Line:
    line = Line(side.name, len(accepted))
    for message, one in accepted.items():
        found = mine.get((side.id, message), ())
        free = repeatable(one.event)
        told = _originals(found)
        line.copies_dropped += len(found) - len(told)
        state, faults = _state(told, free=free)
        if state == "lost" and _was_off(side, one, taken.get(message)):
            state = "switched off"
        elif state == "under way":
            faults.append("still under way")
        elif state == "lost":
            faults = ["nowhere" if not found else "a copy was dropped, and there is no original"]
        line.states[state] += 1
        line.reasons.update({f"{entry.state}: {entry.reason}" for entry in told if entry.reason})
        if countable(side.catalog_key, one.event):
            copies = side.copies.get(message, 0)
            faults += _held(state, copies, perhaps=free or any(entry.perhaps for entry in found))
            line.doubled += [message] if copies > 1 and not free else []
        faults += _routed(side, one, told)
        faults += unfiled(told, side.letters)
        line.faults += [Fault(side.name, message, what) for what in faults]
    return line


def _originals(found: Sequence[Entry]) -> list[Entry]:
    """Without the copies that were dropped: as duplicates, or for the installation was off when they came."""
    told = [entry for entry in found if (entry.state, entry.reason) != ("filtered", "duplicate")]
    kept = [entry for entry in told if (entry.state, entry.reason) != ("filtered", "disabled")]
    return kept or told[:1]


def _state(told: Sequence[Entry], *, free: bool) -> tuple[Final, list[str]]:
    """The one state; what may go out twice without harm has the best of its states."""
    states = [entry.state for entry in told]
    if not states:
        return "lost", []
    best = min(states, key=_ORDER.index)
    if free or len(states) == 1:
        return best, []
    if len(set(states)) == 1:
        return best, [f"{best} by {len(states)} deliveries"] if best == "delivered" else []
    return best, ["in " + " and ".join(sorted(set(states)))]


def _held(state: Final, copies: int, *, perhaps: bool) -> Iterator[str]:
    """What the vendor holds against what the record says."""
    if state == "delivered":
        if not copies:
            yield "delivered, and not at the vendor"
        elif copies > 1 and not perhaps:
            yield f"{copies} times at the vendor, and not listed as sent without an answer"
    elif copies and not perhaps:
        yield f"{state}, and at the vendor"


def _routed(side: Side, one: Accepted, told: Sequence[Entry]) -> Iterator[str]:
    """Nothing is left out that belongs there, nor let in that does not."""
    outside = unwanted(side.catalog_key, one.event)
    for entry in told:
        if entry.state == "filtered" and not outside:
            fine = entry.reason == "unchanged" or (entry.reason == "disabled" and bool(side.off))
            if not fine:
                yield f"filtered as {entry.reason}, and wanted"
        elif entry.state in ("delivered", "rejected", "dead-lettered") and outside:
            yield f"{entry.state}, and not for this installation"


def unfiled(told: Iterable[Entry], letters: Collection[str]) -> list[str]:
    """A dead letter is one that a person finds."""
    dead = [entry for entry in told if entry.state == "dead-lettered" and entry.delivery not in letters]
    return [f"dead-lettered, and {entry.delivery} has no open letter" for entry in dead]


def _taken(mine: Mapping[tuple[str, str], Sequence[Entry]]) -> dict[str, float]:
    """When each message was routed at the latest: when its first delivery was begun."""
    when: dict[str, float] = {}
    for (_, message), found in mine.items():
        earliest = min(entry.at for entry in found)
        when[message] = min(when.get(message, earliest), earliest)
    return when


def _was_off(side: Side, one: Accepted, routed_by: float | None) -> bool:
    """Whether the installation may have been off when the message was routed."""
    until = routed_by if routed_by is not None else one.accepted_at
    return any(one.sent_at <= ends + CACHED and until >= begins for begins, ends in side.off)


def differences(lines: Iterable[Line]) -> list[Fault]:
    """All that is off."""
    return [fault for line in lines for fault in line.faults]
