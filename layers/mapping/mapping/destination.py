"""What a mapping module tells the batcher: which events an installation wants, and how many of them fit a request.

The module `mapping.<catalog key>` offers `wants(installation) -> Wants`; nothing else has to know its name.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Protocol, cast

from mapping.catalog import entry
from mapping.event import Event
from mapping.installation import Installation
from mapping.outcome import ItemOutcome
from mapping.packing import MESSAGE_BYTES, pack


def _one(_: Event) -> int:
    return 1


@dataclass(frozen=True, slots=True)
class Wants:
    """`wanted` gives None or why not; the other fields are the limits of `mapping.packing.pack`.

    Without `max_items` as many items as objects fit.
    """

    wanted: Callable[[Event], ItemOutcome | None]
    max_objects: int
    max_items: int | None = None
    count: Callable[[Event], int] = _one
    array: Callable[[Event], str] | None = None

    def packs(self, events: Sequence[Event], sizes: Sequence[int] | None = None) -> list[list[int]]:
        """Positions of `events` in planned requests."""
        return pack(
            events,
            max_items=self.max_objects if self.max_items is None else self.max_items,
            max_objects=self.max_objects,
            max_bytes=MESSAGE_BYTES,
            count=self.count,
            array=self.array,
            sizes=sizes,
        )


class MappingModule(Protocol):
    """What each `mapping.<catalog key>` has."""

    def wants(self, installation: Installation) -> Wants:
        """Raises ValueError for settings that cannot be read."""
        ...


@cache
def mapping_module(catalog_key: str) -> MappingModule:
    """The module of a catalog entry; raises LookupError for a key that is not in the catalog."""
    if entry(catalog_key) is None:
        raise LookupError(catalog_key)
    return cast("MappingModule", import_module(f"mapping.{catalog_key}"))
