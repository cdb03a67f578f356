"""What was last sent of each profile, and what of an update need not go out again; never a value, only digests."""

from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from json import JSONEncoder
from typing import Any, Final, NamedTuple

from mapping.braze_fields import CONSENT_ATTRIBUTES, MAX_KEY_BYTES
from mapping.braze_operators import is_operation
from mapping.json_values import encode
from mapping.outcome import LeftOut

MOST_ATTRIBUTES: Final = 250
"""Remembered of one profile, the newest: a row stays small whatever a sender invents."""

_CONTROL: Final = frozenset({"external_id", "braze_id", "_update_existing_only", "_merge_objects"})
_DIGEST_BYTES: Final = 9


class Sent(NamedTuple):
    """One attribute as Braze last accepted it: when the change happened (epoch ms), and the value's digest.

    Without a digest the value is open: a change is on its way, or two crossed, or Braze worked it out.
    """

    at: int
    digest: str = ""


type Memory = Mapping[str, Sent]


@dataclass(frozen=True, slots=True)
class Kept:
    """A profile's memory as it was read; `version` 0 is a profile nobody remembers."""

    memory: Memory = field(default_factory=dict)
    version: int = 0


@dataclass(frozen=True, slots=True)
class Update:
    """Whose attributes change, and when that happened.

    Unless it `creates` the profile, nobody says whether Braze stored anything: then nothing counts as unchanged.
    """

    user: str
    at: int
    creates: bool = True


@dataclass(frozen=True, slots=True)
class Sifted:
    """What still goes out (identifiers included), what does not, and the memory as it must be before it goes."""

    wire: dict[str, Any]
    left_out: tuple[LeftOut, ...]
    memory: Memory

    @property
    def empty(self) -> bool:
        """Whether nothing but identifiers is left."""
        return self.wire.keys() <= _CONTROL


def update_of(wire: Mapping[str, Any], time: str) -> Update | None:
    """The update an attributes object is, at an ISO 8601 time; None when the time cannot be read."""
    name = "external_id" if "external_id" in wire else "braze_id"
    try:
        at = int(datetime.fromisoformat(time).timestamp() * 1000)
    except ValueError:
        return None
    creates = name == "external_id" and not wire.get("_update_existing_only", False)
    return Update(f"{name}={wire[name]}", at, creates)


def tells_repeats(update: Update, wire: Mapping[str, Any]) -> bool:
    """Whether these attributes, sent once and remembered, count as unchanged when the same update comes again."""
    merges = wire.get("_merge_objects") is True
    told = update.creates and CONSENT_ATTRIBUTES.isdisjoint(wire)
    return told and not any(_worked_out(value, merges=merges) for value in wire.values())


def returned(changes: Sequence[tuple[Update, Mapping[str, Any]]], memory: Memory) -> frozenset[str]:
    """What changes within one request and ends as Braze holds it already; changes in the order they happened."""
    if len(changes) == 1:
        return frozenset()
    last: dict[str, tuple[Update, Any]] = {}
    worked_out: set[str] = set()
    for update, wire in changes:
        merges = wire.get("_merge_objects") is True
        last |= {name: (update, value) for name, value in wire.items() if name in memory}
        worked_out |= {name for name, value in wire.items() if _worked_out(value, merges=merges)}
    return frozenset(
        name
        for name, (update, value) in last.items()
        if name not in worked_out
        and memory[name].at <= update.at
        and _unchanged(name, value, update, memory[name])
    )


def sift(
    wire: Mapping[str, Any], update: Update, memory: Memory, back: frozenset[str] = frozenset()
) -> Sifted:
    """Drop what is unchanged, older than what was sent, or `back` where it was; operators always go out.

    A remembered value that is about to change is forgotten first, so that nobody takes the old value for
    what Braze holds while the new one is on its way. One that is confirmed moves its time on, so that a
    change between the two that is still waiting comes too late.
    """
    if not memory:
        return Sifted(dict(wire), (), memory)
    kept: dict[str, Any] = {}
    left_out: list[LeftOut] = []
    after = dict(memory)
    merges = wire.get("_merge_objects") is True
    for name, value in wire.items():
        sent = memory.get(name)
        if name in _CONTROL or sent is None:
            kept[name] = value
        elif _worked_out(value, merges=merges):
            kept[name] = value
            after[name] = Sent(sent.at)
        elif name in back or _unchanged(name, value, update, sent):
            left_out.append(_left_out(name, "unchanged"))
            after[name] = Sent(max(sent.at, update.at), sent.digest)
        elif sent.at > update.at:
            left_out.append(_left_out(name, "older"))
        else:
            kept[name] = value
            after[name] = Sent(sent.at)
    return Sifted(kept, tuple(left_out), after)


def remembered(
    memory: Memory, sent: Iterable[tuple[Update, Mapping[str, Any]]], before: Memory | None = None
) -> Memory:
    """The memory once Braze has accepted these updates, given in the order in which they happened.

    `before` is the memory as it was when they went out: what another worker changed since then was on its way
    at the same time, and only Braze knows which of two values came last.
    """
    after = _last(sent)
    was = memory if before is None else before
    for name, now in memory.items():
        one = after.get(name)
        if one is None:
            after[name] = now
        elif now.at > one.at or now != was.get(name):
            after[name] = Sent(max(now.at, one.at), one.digest if now.digest == one.digest else "")
    if len(after) > MOST_ATTRIBUTES:
        newest = sorted(after, key=lambda name: after[name].at, reverse=True)[:MOST_ATTRIBUTES]
        return {name: after[name] for name in newest}
    return after


def _last(sent: Iterable[tuple[Update, Mapping[str, Any]]]) -> dict[str, Sent]:
    last = {}
    for update, wire in sent:
        user, at, merges = update.user, update.at, wire.get("_merge_objects") is True
        for name, value in wire.items():
            if name not in _CONTROL:
                last[name] = Sent(at, "" if _worked_out(value, merges=merges) else digest(user, name, value))
    return last


def _worked_out(value: Any, *, merges: bool) -> bool:
    """Whether Braze makes the new value out of this one and what it holds."""
    return type(value) is dict and (merges or is_operation(value))


def _unchanged(name: str, value: Any, update: Update, sent: Sent) -> bool:
    # Consent can be changed at Braze by the customer's own hand, and saying it again is free.
    if not sent.digest or not update.creates or name in CONSENT_ATTRIBUTES:
        return False
    return sent.digest == digest(update.user, name, value)


def digest(user: str, name: str, value: Any) -> str:
    """Twelve characters that tell a value of this user's attribute from another; the same for no two users."""
    plain = type(value) is not dict and type(value) is not list
    text = encode([user, name, value]) if plain else _SORTED.encode([user, name, value]).encode()
    return urlsafe_b64encode(blake2b(text, digest_size=_DIGEST_BYTES).digest()).decode()


_SORTED: Final = JSONEncoder(sort_keys=True, separators=(",", ":"))


def _left_out(name: str, reason: str) -> LeftOut:
    return LeftOut(f"traits.{name[:MAX_KEY_BYTES]}", reason)
