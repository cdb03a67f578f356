"""Which installation wants which event, and how many of them fit into one planned request."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from bridge.flows.events.event_messages import Arrival
from mapping.destination import Wants, mapping_module
from mapping.event import Event
from mapping.installation import Installation
from mapping.outcome import ItemOutcome

type Wanted = Callable[[Event], ItemOutcome | None]
type Packs = Callable[[Sequence[Arrival]], list[list[int]]]

CAUTIOUS_ITEMS: Final = 75
"""Events a delivery holds while nobody can say what its installation takes."""


@dataclass(frozen=True, slots=True)
class Route:
    """One installation: what it wants and how its deliveries are packed."""

    wanted: Wanted
    packs: Packs


@dataclass(frozen=True, slots=True)
class Routed:
    """What goes to one installation, and what does not, with the reason."""

    kept: list[Arrival]
    filtered: list[tuple[Arrival, str]]


def route_of(installation: Installation) -> Route:
    """As its mapping module says; settings that cannot be read are no reason to lose events: delivery tells."""
    try:
        wants = mapping_module(installation.catalog_key).wants(installation)
    except ValueError:
        wants = Wants(lambda _: None, max_objects=CAUTIOUS_ITEMS)
    return Route(wants.wanted, partial(_packs, wants))


def _packs(wants: Wants, arrivals: Sequence[Arrival]) -> list[list[int]]:
    sizes = [len(arrival.text) for arrival in arrivals]
    return wants.packs([arrival.event for arrival in arrivals], sizes)


def feeds(installation: Installation, arrival: Arrival) -> bool:
    """Without a list of its own an installation takes every source that is not for tests."""
    if installation.sources is None:
        return not arrival.test
    return arrival.event["sourceId"] in installation.sources


def route(
    arrivals: Iterable[Arrival], installation: Installation, catalog_name: str, wanted: Wanted
) -> Routed:
    """The reason is the first of: a second event with this message id, deselected, no consent, not wanted."""
    names = (installation.name, catalog_name, "All")
    categories = consent_categories(installation)
    routed = Routed([], [])
    seen: set[str] = set()
    for arrival in arrivals:
        event = arrival.event
        reason = ""
        if event["messageId"] in seen:
            reason = "duplicate"
        elif "integrations" in event and not selected(event["integrations"], names):
            reason = "deselected"
        elif categories and not consented(event, categories):
            reason = "no_consent"
        elif (unwanted := wanted(event)) is not None:
            reason = unwanted.reason
        seen.add(event["messageId"])
        if reason:
            routed.filtered.append((arrival, reason))
        else:
            routed.kept.append(arrival)
    return routed


def selected(integrations: Mapping[str, Any], names: Iterable[str]) -> bool:
    """The most particular name decides, case and all; an object counts as true (Segment's common fields)."""
    for name in names:
        choice = integrations.get(name)
        if choice is not None:
            return choice is not False
    return True


def consent_categories(installation: Installation) -> tuple[str, ...]:
    """What a person must have agreed to before this installation gets their events; none by default."""
    named = installation.config.get("consent_categories") or ()
    return tuple(named) if isinstance(named, list | tuple) else (str(named),)


def consented(event: Event, categories: Iterable[str]) -> bool:
    """An installation that asks for consent gets no event that does not carry it."""
    given = event.get("context", {}).get("consent")
    return isinstance(given, dict) and all(given.get(category) is True for category in categories)
