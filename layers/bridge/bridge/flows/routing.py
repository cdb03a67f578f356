"""Which installation wants which event, and how many of them fit into one planned request."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bridge.flows.event_messages import Arrival
from mapping import actioniq, braze
from mapping.event import Event
from mapping.installation import ActionIqSettings, BrazeSettings, Installation
from mapping.outcome import ItemOutcome
from mapping.packing import ACTIONIQ_RECORDS, BRAZE_OBJECTS, MESSAGE_BYTES, pack

type Wanted = Callable[[Event], ItemOutcome | None]
type Packs = Callable[[Sequence[Arrival]], list[list[int]]]


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


def actioniq_route(installation: Installation) -> Route:
    """≤500 records a request."""
    settings = ActionIqSettings.of(installation)

    def packs(arrivals: Sequence[Arrival]) -> list[list[int]]:
        return pack(
            [arrival.event for arrival in arrivals],
            max_items=ACTIONIQ_RECORDS,
            max_objects=ACTIONIQ_RECORDS,
            max_bytes=MESSAGE_BYTES,
            count=_one,
            sizes=[len(arrival.text) for arrival in arrivals],
        )

    return Route(lambda event: actioniq.wanted(event, settings), packs)


def braze_route(installation: Installation) -> Route:
    """≤75 objects a request, in each array by itself where the account still counts so."""
    settings = BrazeSettings.of(installation)

    def packs(arrivals: Sequence[Arrival]) -> list[list[int]]:
        return pack(
            [arrival.event for arrival in arrivals],
            max_items=2 * BRAZE_OBJECTS,
            max_objects=BRAZE_OBJECTS,
            max_bytes=MESSAGE_BYTES,
            count=lambda event: braze.object_count(event, settings),
            array=braze.array_of if settings.objects_rule == "per_array" else None,
            sizes=[len(arrival.text) for arrival in arrivals],
        )

    return Route(lambda event: braze.wanted(event, settings), packs)


ROUTES: dict[str, Callable[[Installation], Route]] = {"actioniq": actioniq_route, "braze": braze_route}
"""Catalog key → how its installations are routed; a third integration adds one line."""


def route_of(installation: Installation) -> Route:
    """A configuration that cannot be read is no reason to lose events: delivery says what is wrong with it."""
    try:
        return ROUTES[installation.catalog_key](installation)
    except ValueError:
        return Route(lambda _: None, _cautious)


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


def _cautious(arrivals: Sequence[Arrival]) -> list[list[int]]:
    return pack(
        [arrival.event for arrival in arrivals],
        max_items=BRAZE_OBJECTS,
        max_objects=BRAZE_OBJECTS,
        max_bytes=MESSAGE_BYTES,
        count=_one,
        sizes=[len(arrival.text) for arrival in arrivals],
    )


def _one(_: Event) -> int:
    return 1
