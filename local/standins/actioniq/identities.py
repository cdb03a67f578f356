"""Identity resolution, as simple as it can be told.

Records that share a user_id, an anonymous_id or an email (lower-cased) belong to one profile.
Two groups that both hold a user_id are never joined: a shared device does not make two people one.
The record then belongs to its user_id's group.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from local.standins.web import Json

JOINING: Final = ("user_id", "email", "anonymous_id")

type Key = tuple[str, str]


@dataclass(slots=True, eq=False)
class Person:
    """One resolved profile; each attribute carries the record timestamp that set it."""

    ordinal: int
    identifiers: dict[str, dict[str, None]] = field(default_factory=dict)
    attributes: dict[str, tuple[str, Any]] = field(default_factory=dict)
    records: dict[str, int] = field(default_factory=dict)

    def view(self) -> Json:
        """Show identifiers, live attributes and the number of records by type."""
        return {
            "profile_id": f"prof_{self.ordinal:08d}",
            "identifiers": {name: list(values) for name, values in self.identifiers.items()},
            "attributes": {name: value for name, (_, value) in self.attributes.items() if value is not None},
            "records": self.records,
        }


class Identities:
    """The profiles of one destination."""

    def __init__(self) -> None:
        self.people: dict[int, Person] = {}
        self.owners: dict[Key, Person] = {}
        self.made = 0

    def add(self, record: Mapping[str, Any], at: str) -> None:
        """File one record under its person; `at` is its sortable time."""
        identifiers: Mapping[str, Any] = record["identifiers"]
        person = self._person(joining_keys(identifiers))
        for name, value in identifiers.items():
            person.identifiers.setdefault(name, {})[str(value)] = None
        kind = record["record_type"]
        person.records[kind] = person.records.get(kind, 0) + 1
        if kind == "user_profile":
            _merge(person, {name: (at, value) for name, value in record["attributes"].items()})

    def _person(self, keys: Iterable[Key]) -> Person:
        person: Person | None = None
        free: list[Key] = []
        for key in keys:
            owner = self.owners.get(key)
            if owner is None:
                free.append(key)
            elif person is None:
                person = self._fits(owner, keys)
            elif owner is not person and not _two_people(owner, person):
                self._join(owner, into=person)
        if person is None:
            person = self._make()
        for key in free:
            self.owners[key] = person
        return person

    def _fits(self, owner: Person, keys: Iterable[Key]) -> Person | None:
        """Return the owner unless the record names a user_id that is not the owner's."""
        named = {value for name, value in keys if name == "user_id"}
        known = owner.identifiers.get("user_id", {})
        return None if named and known and not named & set(known) else owner

    def _make(self) -> Person:
        person = Person(self.made)
        self.people[person.ordinal] = person
        self.made += 1
        return person

    def _join(self, gone: Person, into: Person) -> None:
        for name, values in gone.identifiers.items():
            into.identifiers.setdefault(name, {}).update(values)
            for value in values:
                key = (name, value.lower() if name == "email" else value)
                if self.owners.get(key) is gone:
                    self.owners[key] = into
        for kind, number in gone.records.items():
            into.records[kind] = into.records.get(kind, 0) + number
        _merge(into, gone.attributes)
        del self.people[gone.ordinal]


def joining_keys(identifiers: Mapping[str, Any]) -> tuple[Key, ...]:
    """Return the identifiers that join, strongest first."""
    found = ((name, identifiers.get(name)) for name in JOINING)
    return tuple(
        (name, value.lower() if name == "email" else value)
        for name, value in found
        if isinstance(value, str) and value
    )


def _two_people(one: Person, other: Person) -> bool:
    return bool(one.identifiers.get("user_id")) and bool(other.identifiers.get("user_id"))


def _merge(person: Person, fresh: Mapping[str, tuple[str, Any]]) -> None:
    """Take each attribute whose record is not older than the one that set it before."""
    for name, (at, value) in fresh.items():
        known = person.attributes.get(name)
        if known is None or at >= known[0]:
            person.attributes[name] = (at, value)
