"""Planned requests to Braze: which objects go out together, and which item each of them came from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from mapping.braze import BrazeObject
from mapping.braze_operators import combine
from mapping.json_values import encode

MAX_BODY_BYTES: Final = 3_500_000
"""Braze refuses 4 MB; 413 or 400 depending on the endpoint. A planned delivery holds far less: `packing`."""

type Owners = tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class TrackRequest:
    """One `/users/track` body; `owners["events"][i]` are the items events[i] came from.

    `waiting` are items for a request after this one: what they make of the same user's change before them,
    only Braze can work out.
    """

    attributes: tuple[dict[str, Any], ...]
    events: tuple[dict[str, Any], ...]
    owners: Mapping[str, Owners]
    waiting: tuple[int, ...] = ()

    @property
    def objects(self) -> int:
        """How many of Braze's 75 combined objects the request takes."""
        return len(self.attributes) + len(self.events)

    def body(self) -> bytes:
        """Compact ASCII JSON; an empty array is left out."""
        arrays = {"attributes": self.attributes, "events": self.events}
        return encode({name: objects for name, objects in arrays.items() if objects})


def plan_track(items: Sequence[Sequence[BrazeObject]], *, times: Sequence[str] = ()) -> TrackRequest:
    """One request for the one object of each item: one attributes object a user, events in their order.

    Changes of one user are merged, the later winning key by key: `times` are the items' timestamps
    (ISO 8601 ms, `Z`), equal or absent ones keep the items' order. Braze leaves the order of two objects
    of one user open, so it is never asked.
    """
    if times and len(times) != len(items):
        raise ValueError("times are given for every item or for none")
    events: list[dict[str, Any]] = []
    event_owners: list[tuple[int, ...]] = []
    changes: list[tuple[str, int, dict[str, Any]]] = []
    for index, objects in enumerate(items):
        for array, thing in objects:
            if array == "events":
                events.append(thing)
                event_owners.append((index,))
            else:
                changes.append((times[index] if times else "", index, thing))
    if len(changes) > 1:
        changes.sort(key=_age)
    attributes, owners, waiting = _merged(changes)
    whose = {"attributes": owners, "events": tuple(event_owners)}
    return TrackRequest(attributes, tuple(events), whose, waiting)


def _age(change: tuple[str, int, dict[str, Any]]) -> tuple[str, int]:
    return change[:2]


def _merged(
    changes: Sequence[tuple[str, int, dict[str, Any]]],
) -> tuple[tuple[dict[str, Any], ...], Owners, tuple[int, ...]]:
    merged: list[dict[str, Any]] = []
    owners: list[tuple[int, ...]] = []
    place: dict[tuple[Any, Any], int] = {}
    waiting: dict[int, tuple[Any, Any]] = {}
    for _, index, change in changes:
        user = (change.get("external_id"), change.get("braze_id"))
        at = place.get(user)
        if at is None:
            place[user] = len(merged)
            merged.append(change)
            owners.append((index,))
        elif user in waiting.values() or (both := combine(merged[at], change)) is None:
            waiting[index] = user
        else:
            merged[at] = both
            owners[at] = (*owners[at], index)
    return tuple(merged), tuple(owners), tuple(waiting)


def last_of_each_user(recipients: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The recipients of one send; of one user's entries the last one counts, as at Braze."""
    kept: dict[tuple[Any, Any], dict[str, Any]] = {}
    for recipient in recipients:
        kept[recipient.get("external_user_id"), recipient.get("braze_id")] = recipient
    return list(kept.values())
