"""Traits as a profile's attributes (Braze's user attributes object); what Braze would not store in full is left out."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from mapping import braze_values
from mapping.braze_fields import (
    ADDRESS_NAMES,
    MAX_KEY_BYTES,
    Field,
    FieldKind,
    attribute_field,
    trait_field,
)
from mapping.outcome import LeftOut

_CUSTOM: Final = FieldKind.CUSTOM
_CHECKED: Final = frozenset({str, list, dict})


def attributes_of(traits: dict[str, Any], notes: list[LeftOut], *, consent: bool) -> dict[str, Any]:
    """The attributes that go out; `notes` is told of each trait that does not. `consent` lets consent fields pass."""
    profile = _Profile(traits, consent, {}, notes)
    attributes = profile.attributes
    for trait, value in traits.items():
        field = trait_field(trait)
        if field.problem:
            profile.leave_out(trait, field.problem)
        elif field.kind is not _CUSTOM:
            profile.add(trait, field, value)
        elif trait == "address" and type(value) is dict:
            profile.add_address(value)
        elif type(value) in _CHECKED and (reason := braze_values.problem(value)):
            profile.leave_out(trait, reason)
        else:
            attributes[field.name] = value
            if field.looks_like:
                notes.append(LeftOut(f"traits.{trait}", f"looks_like_{field.looks_like}", sent=True))
    return attributes


@dataclass(frozen=True, slots=True)
class _Profile:
    """A profile update in the making."""

    traits: dict[str, Any]
    consent: bool
    attributes: dict[str, Any]
    notes: list[LeftOut]

    def leave_out(self, trait: str, reason: str) -> None:
        """Note a trait that does not go out."""
        self.notes.append(LeftOut(f"traits.{trait[:MAX_KEY_BYTES]}", reason))

    def add(self, trait: str, field: Field, value: Any) -> None:
        """Take a standard attribute, or leave it out."""
        if field.kind is FieldKind.CONSENT and not self.consent:
            self.leave_out(trait, "consent_field")
        elif field.renamed and field.name in self.traits:
            self.leave_out(trait, "exact_name_given")
        elif value == "":
            self.leave_out(trait, "empty")
        elif field.standard is not None and (known := field.standard.check(value)) is not None:
            self.attributes[field.name] = known
        else:
            too_long = braze_values.problem(value) == "string_too_long"
            self.leave_out(trait, "string_too_long" if too_long else "bad_value")

    def add_address(self, address: dict[str, Any]) -> None:
        """Take city and country out; what is left stays the custom attribute `address`."""
        rest = {}
        for key, value in address.items():
            if (name := ADDRESS_NAMES.get(key)) is None:
                rest[key] = value
            else:
                self.add(f"address.{key}", _address_field(name), value)
        if reason := braze_values.problem(rest):
            self.leave_out("address", reason)
        elif rest:
            self.attributes["address"] = rest


@lru_cache(maxsize=len(ADDRESS_NAMES))
def _address_field(name: str) -> Field:
    field = attribute_field(name)
    return Field(name, field.kind, renamed=True, standard=field.standard)
