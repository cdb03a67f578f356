"""Export columns as Braze attributes, recipients and events: what a column's name and type become."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Literal

from mapping.braze_fields import (
    MAX_EXTERNAL_ID_BYTES,
    STANDARD_ATTRIBUTES,
    FieldKind,
    attribute_field,
)
from mapping.export import ColumnRule, ColumnType

_WORDS: Final = re.compile(r"[^\W\d_A-Z]+|[A-Z]+(?![^\W\d_A-Z])|[A-Z][^\W\d_A-Z]+")
_POSTAL: Final = frozenset({"cep", "pincode", "plz", "postal", "postcode", "postleitzahl", "zip", "zipcode"})
_CODES: Final = frozenset(
    {"barcode", "bic", "code", "cp", "ean", "fax", "gtin", "guid", "iban", "id", "ids", "imei", "isbn", "key"}
    | {
        "mobile",
        "msisdn",
        "no",
        "nr",
        "number",
        "phone",
        "pin",
        "sku",
        "ssn",
        "tel",
        "telephone",
        "upc",
        "uuid",
    }
)

IDENTIFIERS: Final = frozenset({"external_id", "braze_id"})
OPERATION: Final = "op"


class ColumnKind(StrEnum):
    """What the plan does with a column."""

    IDENTIFIER = "identifier"
    OPERATION = "operation"
    STANDARD = "standard"
    CUSTOM = "custom"
    CONSENT = "consent"  # sent, as a line of its own that waits for approval
    LEFT_OUT = "left_out"  # loudly
    REFUSED = "refused"  # the export cannot be planned with it


@dataclass(frozen=True, slots=True)
class Column:
    """A column's fate: the attribute's name and value type, why it is not sent, what to warn of."""

    column: str
    kind: ColumnKind
    attribute: str = ""
    type: ColumnType = "string"
    reason: str = ""
    warning: str = ""

    @property
    def sent(self) -> bool:
        """Whether values of this column become attributes."""
        return self.kind in (ColumnKind.STANDARD, ColumnKind.CUSTOM, ColumnKind.CONSENT)


def columns(
    found: Iterable[tuple[str, ColumnType]],
    *,
    identifier: Literal["external_id", "braze_id"] = "external_id",
    mode: Literal["full", "delta"] = "full",
    rules: dict[str, ColumnRule] | None = None,
    consent_fields: Literal["deny", "allow"] = "deny",
) -> tuple[Column, ...]:
    """Every column of an export in the file's order; `found` is each name and the file's own type."""
    classified = []
    taken: dict[str, str] = {}
    for name, kind in found:
        rule = (rules or {}).get(name) or ColumnRule()
        column = classify(name, rule.type or kind, rename=rule.name, identifier=identifier, mode=mode)
        if column.kind is ColumnKind.CONSENT and consent_fields != "allow":
            column = Column(name, ColumnKind.LEFT_OUT, column.attribute, column.type, "consent_field")
        if column.sent and taken.setdefault(column.attribute, name) != name:
            column = Column(name, ColumnKind.REFUSED, column.attribute, column.type, "duplicate_attribute")
        classified.append(column)
    return tuple(classified)


def classify(
    column: str,
    kind: ColumnType,
    *,
    rename: str | None = None,
    identifier: Literal["external_id", "braze_id"] = "external_id",
    mode: Literal["full", "delta"] = "full",
) -> Column:
    """One column: the identifier, the delta's `op`, an attribute, or a reason against it."""
    if column == identifier:
        return Column(column, ColumnKind.IDENTIFIER, column)
    if column in IDENTIFIERS:
        return Column(column, ColumnKind.LEFT_OUT, reason="other_identifier")
    if column == OPERATION and mode == "delta":
        return Column(column, ColumnKind.OPERATION)
    field = attribute_field(rename or column)
    if field.problem:
        return Column(column, ColumnKind.REFUSED, field.name, kind, field.problem)
    if field.standard is not None:
        fate = ColumnKind.CONSENT if field.kind is FieldKind.CONSENT else ColumnKind.STANDARD
        return _standard(column, fate, field.name, kind)
    return Column(column, ColumnKind.CUSTOM, field.name, kind, warning=_warning(field.looks_like))


# value type of a standard attribute → types a column may have to become one
_CAN_BECOME: Final[dict[str, frozenset[str]]] = {
    "string": frozenset({"string", "integer"}),
    "date": frozenset({"date", "time", "string"}),
    "time": frozenset({"time", "date", "string"}),
    "boolean": frozenset({"boolean"}),
    "object": frozenset({"object"}),
    "array": frozenset({"array"}),
}


def _standard(column: str, kind: ColumnKind, name: str, given: ColumnType) -> Column:
    needed: Any = STANDARD_ATTRIBUTES[name].type
    if given not in _CAN_BECOME[needed]:
        return Column(column, ColumnKind.REFUSED, name, given, "wrong_type")
    return Column(column, kind, name, needed)


def _warning(standard: str) -> str:
    """`Birthdate` or `Email` was probably meant to be a standard attribute."""
    return f"looks like the standard attribute {standard}, but becomes a custom one" if standard else ""


def names_a_code(column: str) -> bool:
    """Whether values of this name are digits one does not reckon with: `zip`, `customerId`, `phone`, `order_number`."""
    words = [word.lower() for word in _WORDS.findall(column)]
    return bool(words) and (words[-1] in _CODES or not _POSTAL.isdisjoint(words))


def identifier_problem(value: object) -> str:
    """Why a row's identifier cannot be sent (empty_identifier, external_id_too_long), or an empty string."""
    if not isinstance(value, str) or not value.strip():
        return "empty_identifier"
    return "external_id_too_long" if len(value.encode(errors="replace")) > MAX_EXTERNAL_ID_BYTES else ""
