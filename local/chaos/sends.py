"""The ledger of campaign messages: each (activation, campaign, user) has one end, and went out once at most. Pure."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from local.chaos.journeys import Wanted
from local.chaos.ledger import Fault, Line, unfiled
from local.chaos.records import Entry

NAME = "Campaign messages"


def ledger(
    wanted: Iterable[Wanted],
    unsure: Iterable[Wanted],
    entries: Iterable[Entry],
    sent: Mapping[Wanted, int],
    letters: Collection[str],
) -> Line:
    """`sent` is what Braze holds; `unsure` was ordered and never answered."""
    mine: dict[Wanted, list[Entry]] = defaultdict(list)
    for entry in entries:
        if entry.kind == "campaign":
            for order in entry.orders:
                mine[order, entry.name, entry.message].append(entry)
    asked = set(wanted)
    line = Line(NAME, len(asked))
    for one in sorted(asked):
        told = [entry for entry in mine[one] if entry.reason != "duplicate"]
        line.copies_dropped += len(mine[one]) - len(told)
        line.states[_end(told)] += 1
        line.reasons.update(f"{entry.state}: {entry.reason}" for entry in told if entry.reason)
        line.faults += [Fault(NAME, " ".join(one), what) for what in _off(told, sent.get(one, 0))]
        line.faults += [Fault(NAME, " ".join(one), what) for what in unfiled(told, letters)]
    strangers = {one for one, count in sent.items() if count} - asked - set(unsure)
    line.faults += [Fault(NAME, " ".join(one), "sent, and nobody ordered it") for one in sorted(strangers)]
    line.faults += [Fault(NAME, " ".join(one), "sent twice") for one in set(unsure) if sent.get(one, 0) > 1]
    return line


def _end(told: Sequence[Entry]) -> str:
    return told[0].state if told else "lost"


def _off(told: Sequence[Entry], count: int) -> Iterator[str]:
    if not told:
        yield "nowhere"
        return
    states = {entry.state for entry in told}
    if "under way" in states:
        yield "still under way"
    if len(states) > 1:
        yield "in " + " and ".join(sorted(states))
    if count > 1:
        yield f"sent {count} times"
    if "delivered" in states and not count:
        yield "delivered, and never sent"
    perhaps = any(entry.perhaps for entry in told)
    if count and "delivered" not in states and not perhaps:
        yield f"{told[0].state}, and sent"
