"""What the stand-ins hold against what the log implies, one difference a line."""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from local.demo.membership_truth import State
from local.demo.truth import Truth

ABSENT = "nothing"
Json = dict[str, Any]
Triggers = Mapping[tuple[str, str], State]


@dataclass(frozen=True, slots=True)
class Held:
    """What both stand-ins were found to hold, as they answer it."""

    records: list[Json]
    events: list[Json]
    profiles: list[Json]
    triggers: list[Json]


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it should be."""

    where: str
    whose: str
    what: str
    expected: object
    found: object

    def __str__(self) -> str:
        """A sentence for the list."""
        return f"{self.where}: {self.whose}: {self.what}: expected {self.expected}, found {self.found}"


def differences(truth: Truth, triggers: Triggers, held: Held) -> list[Difference]:
    """Every difference; an empty list is the proof the demonstration exits with."""
    return [
        *_keyed("ActionIQ record", truth.records, ((str(r["record_id"]), r) for r in held.records)),
        *_keyed("Braze event", truth.events, ((_event_key(e), e) for e in held.events)),
        *_keyed("Braze trigger", triggers, ((_trigger_key(t), t) for t in held.triggers)),
        *_profiles(truth.profiles, held.profiles),
    ]


def _event_key(event: Json) -> tuple[str, str]:
    return str(event.get("external_id")), str(event.get("properties", {}).get("order_id"))


def _trigger_key(trigger: Json) -> tuple[str, str]:
    return str(trigger["campaign_id"]), str(trigger["recipient"].get("external_user_id"))


def _keyed[K: Hashable](
    where: str, expected: Mapping[K, State], found: Iterable[tuple[K, Json]]
) -> Iterator[Difference]:
    """Each key once, with every field the truth names."""
    by_key: dict[K, list[Json]] = defaultdict(list)
    for key, value in found:
        by_key[key].append(value)
    for key in expected.keys() | by_key.keys():
        copies = by_key.get(key, [])
        if len(copies) != (key in expected):
            yield Difference(where, str(key), "copies", int(key in expected), len(copies))
        elif copies:
            yield from _fields(where, str(key), expected[key], copies[0])


def _profiles(expected: Mapping[str, State], found: Iterable[Json]) -> Iterator[Difference]:
    """Attribute by attribute, those that nobody should have set included."""
    flat = {str(profile.get("external_id")): _flat(profile) for profile in found}
    for user in sorted(expected.keys() | flat.keys()):
        if user not in flat or user not in expected:
            yield Difference("Braze profile", user, "profile", int(user in expected), int(user in flat))
            continue
        yield from _fields("Braze profile", user, expected[user], flat[user])
        for name in sorted(flat[user].keys() - expected[user].keys()):
            yield Difference("Braze profile", user, name, ABSENT, flat[user][name])


def _flat(profile: Json) -> Json:
    standard = {
        name: value
        for name, value in profile.items()
        if name not in {"external_id", "braze_id", "custom_attributes"} and value not in (None, [], {})
    }
    return standard | dict(profile.get("custom_attributes") or {})


def _fields(where: str, whose: str, expected: State, found: Json) -> Iterator[Difference]:
    for name, value in expected.items():
        if not same(value, found.get(name, ABSENT)):
            yield Difference(where, whose, name, value, found.get(name, ABSENT))


def same(expected: object, found: object) -> bool:
    """Equal as JSON means it: `1` is not `true`, `12.50` is `12.5`, a time is an instant however written."""
    match expected:
        case bool():
            return found is expected
        case int() | float() | Decimal():
            return _is_number(found) and Decimal(str(expected)) == Decimal(str(found))
        case datetime():
            return isinstance(found, str) and _instant(found) == expected
        case dict():
            return (
                isinstance(found, dict)
                and expected.keys() == found.keys()
                and all(same(value, found[name]) for name, value in expected.items())
            )
    return expected == found


def _is_number(found: object) -> bool:
    return isinstance(found, int | float) and not isinstance(found, bool)


def _instant(text: str) -> datetime | None:
    """Without a zone it is UTC, as Braze reads it."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def summary(found: Iterable[Difference]) -> dict[str, int]:
    """How many differences of each kind, for a long list."""
    return dict(Counter(f"{difference.where}: {difference.what}" for difference in found))
