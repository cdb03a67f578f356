"""Profile updates without what Braze has already: recalled before a request, remembered after its answer."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

from bridge.errors import Retryable
from bridge.flows.delivery.lanes import Planned
from mapping.braze_memory import Kept, Memory, Update, remembered, returned, sift
from mapping.outcome import ItemOutcome, Outcome

_ROUNDS = 5
_LONGEST_DETAIL = 255


class Profiles(Protocol):
    """The memory's rows, one a profile; both calls raise Retryable."""

    def read(self, installation_id: str, users: Collection[str], *, now: datetime) -> Mapping[str, Kept]:
        """Every user's memory; who is unknown has an empty one."""
        ...

    def write(self, installation_id: str, kept: Mapping[str, Kept], *, now: datetime) -> Collection[str]:
        """Each as version + 1 of what was read; the users whom another worker wrote first, unwritten."""
        ...


@dataclass(frozen=True, slots=True)
class Recall:
    """What is left to send, what came to nothing, and the profiles as they are remembered now."""

    planned: list[Planned]
    settled: dict[int, ItemOutcome] = field(default_factory=dict)
    kept: Mapping[str, Kept] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ProfileMemory:
    """Concurrent workers keep the newest: a row that changed in between is read and judged again."""

    rows: Profiles

    def recall(self, installation_id: str, planned: Sequence[Planned], now: datetime) -> Recall:
        """Items without what is unchanged or older. Raises Retryable when the memory cannot be had now."""
        waiting = _of_users(planned)
        if not waiting:
            return Recall(list(planned))
        done: dict[int, Planned | ItemOutcome] = {}
        kept = dict(self.rows.read(installation_id, waiting, now=now))
        for _ in range(_ROUNDS):
            changed: dict[str, Kept] = {}
            for user in waiting:
                memory = kept[user].memory
                back = returned([_change(one) for one in waiting[user]], memory)
                for one in waiting[user]:
                    done[one.index], memory = _sifted(one, memory, back)
                if memory != kept[user].memory:
                    changed[user] = Kept(memory, kept[user].version)
            lost = self.rows.write(installation_id, changed, now=now) if changed else ()
            kept |= {user: _written(one) for user, one in changed.items() if user not in lost}
            if not lost:
                return _recalled(planned, done, kept)
            waiting = {user: waiting[user] for user in lost}
            kept |= self.rows.read(installation_id, waiting, now=now)
        raise Retryable("memory_busy", "what was sent of the profiles could not be looked up now")

    def remember(
        self, installation_id: str, recall: Recall, outcomes: Mapping[int, ItemOutcome], now: datetime
    ) -> None:
        """Keep what Braze accepted. What cannot be written is sent again some day, which costs a data point."""
        sent = [one for one in recall.planned if one.profile and _accepted(outcomes.get(one.index))]
        waiting = _of_users(sent)
        kept = dict(recall.kept)
        try:
            for _ in range(_ROUNDS):
                if not waiting:
                    return
                after = {user: _after(kept[user], waiting[user], recall.kept[user]) for user in waiting}
                changed = {user: one for user, one in after.items() if one.memory != kept[user].memory}
                lost = self.rows.write(installation_id, changed, now=now) if changed else ()
                waiting = {user: waiting[user] for user in lost}
                if waiting:
                    kept |= self.rows.read(installation_id, waiting, now=now)
        except Retryable:
            return


def _of_users(planned: Sequence[Planned]) -> dict[str, list[Planned]]:
    """The items of each profile, in the order in which they happened."""
    users: dict[str, list[tuple[int, int, Planned]]] = {}
    for one in planned:
        if one.profile is not None:
            users.setdefault(one.profile.user, []).append((one.profile.at, one.index, one))
    return {user: [one for *_, one in sorted(updates)] for user, updates in users.items()}


def _sifted(one: Planned, memory: Memory, back: frozenset[str]) -> tuple[Planned | ItemOutcome, Memory]:
    update, wire = _change(one)
    left = sift(wire, update, memory, back)
    left_out = one.left_out + left.left_out
    if left.empty:
        named = ", ".join(f"{note.field} ({note.reason})" for note in left_out if not note.sent)
        detail = f"left out: {named}"[:_LONGEST_DETAIL]
        return ItemOutcome(Outcome.FILTERED, "unchanged", detail, left_out), left.memory
    if not left.left_out:
        return one, left.memory
    return replace(one, wire=[("attributes", left.wire)], left_out=left_out), left.memory


def _change(one: Planned) -> tuple[Update, dict[str, Any]]:
    """The update of an item that has one: such an item is a single attributes object."""
    if one.profile is None:
        raise ValueError("the item changes no profile")
    [(_, wire)] = one.wire
    return one.profile, wire


def _recalled(
    planned: Sequence[Planned], done: Mapping[int, Planned | ItemOutcome], kept: Mapping[str, Kept]
) -> Recall:
    ends = [(one.index, done.get(one.index, one)) for one in planned]
    return Recall(
        [end for _, end in ends if isinstance(end, Planned)],
        {index: end for index, end in ends if isinstance(end, ItemOutcome)},
        kept,
    )


def _after(kept: Kept, sent: Iterable[Planned], before: Kept) -> Kept:
    return Kept(remembered(kept.memory, map(_change, sent), before.memory), kept.version)


def _written(kept: Kept) -> Kept:
    return Kept(kept.memory, kept.version + 1)


def _accepted(outcome: ItemOutcome | None) -> bool:
    """A delivery with a note (an error that names no item) may lack this very item."""
    return outcome is not None and outcome.outcome is Outcome.DELIVERED and not outcome.reason
