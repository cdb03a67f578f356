"""Planned requests to Braze: which objects go out together, and which item each of them came from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from mapping.braze import BrazeObject
from mapping.braze_operators import combine
from mapping.json_values import encode

MAX_BODY_BYTES: Final = 3_500_000  # Braze refuses 4 MB; 413 or 400 depending on the endpoint

type Owners = tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class TrackRequest:
    """One `/users/track` body; `owners["events"][i]` are the items events[i] came from."""

    attributes: tuple[dict[str, Any], ...]
    events: tuple[dict[str, Any], ...]
    owners: Mapping[str, Owners]
    items: tuple[Sequence[BrazeObject], ...]
    times: tuple[str, ...]
    indices: tuple[int, ...]

    @property
    def objects(self) -> int:
        """How many of Braze's 75 combined objects the request takes."""
        return len(self.attributes) + len(self.events)

    def body(self) -> bytes:
        """Compact ASCII JSON; an empty array is left out."""
        arrays = {"attributes": self.attributes, "events": self.events}
        return encode({name: objects for name, objects in arrays.items() if objects})

    def split(self) -> tuple["TrackRequest", ...]:
        """Two halves by items, owners naming the original items; one item comes back alone."""
        middle = len(self.items) // 2
        if not middle:
            return (self,)
        return tuple(
            _plan(self.items[part], self.times[part], self.indices[part])
            for part in (slice(0, middle), slice(middle, None))
        )

    def fitting(self) -> tuple["TrackRequest", ...]:
        """The request, or as many halves of it as it takes for each body to stay within `MAX_BODY_BYTES`."""
        if len(self.body()) <= MAX_BODY_BYTES or len(self.items) == 1:
            return (self,)
        return tuple(part for half in self.split() for part in half.fitting())


def plan_track(items: Sequence[Sequence[BrazeObject]], *, times: Sequence[str] = ()) -> TrackRequest:
    """One request for the objects of each item: one attributes object a user, events in their order.

    Changes of one user are merged, the later winning key by key: `times` are the items' timestamps
    (ISO 8601 ms, `Z`), equal or absent ones keep the items' order. Braze leaves the order of two objects
    of one user open, so it is never asked.
    """
    if times and len(times) != len(items):
        raise ValueError("times are given for every item or for none")
    return _plan(tuple(items), tuple(times) or ("",) * len(items), tuple(range(len(items))))


def _plan(
    items: tuple[Sequence[BrazeObject], ...], times: tuple[str, ...], indices: tuple[int, ...]
) -> TrackRequest:
    events: list[dict[str, Any]] = []
    event_owners: list[tuple[int, ...]] = []
    changes: list[tuple[str, int, dict[str, Any]]] = []
    for index, time, objects in zip(indices, times, items, strict=True):
        for array, thing in objects:
            if array == "events":
                events.append(thing)
                event_owners.append((index,))
            else:
                changes.append((time, index, thing))
    if len(changes) > 1:
        changes.sort(key=_age)
    attributes, attribute_owners = _merged(changes)
    owners = {"attributes": attribute_owners, "events": tuple(event_owners)}
    return TrackRequest(attributes, tuple(events), owners, items, times, indices)


def _age(change: tuple[str, int, dict[str, Any]]) -> tuple[str, int]:
    return change[:2]


def _merged(changes: Sequence[tuple[str, int, dict[str, Any]]]) -> tuple[tuple[dict[str, Any], ...], Owners]:
    merged: list[dict[str, Any]] = []
    owners: list[tuple[int, ...]] = []
    place: dict[tuple[Any, ...], int] = {}
    for _, index, change in changes:
        user = (change.get("external_id"), change.get("braze_id"), change.get("_update_existing_only"))
        at = place.get(user)
        both = None if at is None else combine(merged[at], change)
        if at is None or both is None:
            place[user] = len(merged)
            merged.append(change)
            owners.append((index,))
        else:
            merged[at] = both
            owners[at] = (*owners[at], index) if index not in owners[at] else owners[at]
    return tuple(merged), tuple(owners)


@dataclass(frozen=True, slots=True)
class TriggerRequest:
    """One `/campaigns/trigger/send` body; it can name recipients only, never a broadcast."""

    campaign_id: str
    recipients: tuple[dict[str, Any], ...]
    owners: Owners
    items: tuple[dict[str, Any], ...]
    indices: tuple[int, ...]

    def body(self) -> bytes:
        """Compact ASCII JSON; raises ValueError without recipients."""
        if not self.recipients:
            raise ValueError("a trigger without recipients would address a whole segment")
        return encode({"campaign_id": self.campaign_id, "recipients": self.recipients})

    def split(self) -> tuple["TriggerRequest", ...]:
        """Two halves by recipients: a user's duplicates stay together; one recipient comes back alone."""
        middle = len(self.recipients) // 2
        if not middle:
            return (self,)
        place = {index: at for at, index in enumerate(self.indices)}
        halves = []
        for owners in (self.owners[:middle], self.owners[middle:]):
            indices = tuple(sorted(index for owner in owners for index in owner))
            items = tuple(self.items[place[index]] for index in indices)
            halves.append(_trigger(self.campaign_id, items, indices))
        return tuple(halves)


def plan_recipients(campaign_id: str, recipients: Sequence[dict[str, Any]]) -> TriggerRequest:
    """One request for these recipients; of one user's entries the last one counts, as at Braze."""
    return _trigger(campaign_id, tuple(recipients), tuple(range(len(recipients))))


def _trigger(campaign_id: str, items: tuple[dict[str, Any], ...], indices: tuple[int, ...]) -> TriggerRequest:
    kept: dict[tuple[Any, Any], dict[str, Any]] = {}
    owners: dict[tuple[Any, Any], tuple[int, ...]] = {}
    for index, recipient in zip(indices, items, strict=True):
        user = (recipient.get("external_user_id"), recipient.get("braze_id"))
        kept[user] = recipient
        owners[user] = (*owners.get(user, ()), index)
    return TriggerRequest(campaign_id, tuple(kept.values()), tuple(owners.values()), items, indices)
