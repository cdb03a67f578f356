"""Packing events into planned vendor requests: in order, as few as the limits allow."""

from collections.abc import Callable, Sequence
from typing import Final

from mapping.event import Event
from mapping.json_values import encode

BRAZE_OBJECTS: Final = 75  # combined, per request (facts of /users/track; 75 per array on legacy accounts)
BRAZE_RECIPIENTS: Final = 50
ACTIONIQ_RECORDS: Final = 500
MESSAGE_BYTES: Final = 768 * 1024


def pack(
    events: Sequence[Event],
    *,
    max_items: int,
    max_objects: int,
    max_bytes: int,
    count: Callable[[Event], int],
    array: Callable[[Event], str] | None = None,
    sizes: Sequence[int] | None = None,
) -> list[list[int]]:
    """Indices of `events` in packs within all three limits; N one-object events make ⌈N/max_objects⌉ packs.

    `array` names the vendor's array an event goes to: then `max_objects` holds for each array by itself.
    `sizes` (bytes of each event as compact JSON) spares encoding them here. An event over `max_bytes`
    stands alone.
    """
    if sizes is None:
        sizes = [len(encode(event)) for event in events]
    packs: list[list[int]] = []
    pack: list[int] = []
    objects: dict[str, int] = {}
    used = 0
    for index, (event, size) in enumerate(zip(events, sizes, strict=True)):
        key = "" if array is None else array(event)
        many = objects.get(key, 0) + count(event)
        used += size + 1
        if pack and (many > max_objects or used > max_bytes or len(pack) >= max_items):
            packs.append(pack)
            pack, objects, many, used = [], {}, count(event), size + 1
        pack.append(index)
        objects[key] = many
    if pack:
        packs.append(pack)
    return packs
