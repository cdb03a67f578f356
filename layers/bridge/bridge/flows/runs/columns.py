"""Which columns of an export become which attributes, of which type, and what a person should see first."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from bridge.errors import Rejected
from mapping.braze_columns import IDENTIFIERS, columns
from mapping.braze_fields import PROPERTY_NAMES, STANDARD_ATTRIBUTES, key_problem
from mapping.braze_properties import MAX_PROPERTIES
from mapping.comparison import SourceColumn, StageColumn
from mapping.export import ColumnType, Manifest, Wait
from mapping.run import Column, ColumnRecord

MOST_NAMED = 10
"""Audiences named as those who send a column: an account has thousands, and a run's row holds 400 KB."""

_WHY = {
    "other_identifier": "the manifest names the other identifier",
    "reserved_attribute": "this name is Braze's or ours to set",
    "consent_field": "consent is not changed unless the installation sets consent_fields to allow",
}


@dataclass(frozen=True, slots=True)
class Resolved:
    """The attributes of a run; `waits_for` holds what needs a person."""

    columns: tuple[StageColumn, ...]
    waits_for: tuple[Wait, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Named:
    """Attribute name per column that is sent, and a warning for each column that is not, or looks wrong."""

    names: Mapping[str, str]
    warnings: tuple[str, ...]


def named(
    found: Sequence[SourceColumn], manifest: Manifest, *, consent_fields: Literal["deny", "allow"]
) -> Named:
    """Sort the columns; raises Rejected when two of them would become one attribute."""
    names: dict[str, str] = {}
    warnings: list[str] = []
    for fate in columns(
        (
            (column.name, column.type or _standard_type(_renamed(column, manifest)) or "string")
            for column in found
        ),
        identifier=manifest.identifier,
        mode=manifest.mode,
        rules=manifest.attributes,
        consent_fields=consent_fields,
    ):
        if fate.reason == "duplicate_attribute":
            raise Rejected("duplicate_attribute", f"two columns would become {fate.attribute!r}")
        if fate.sent:
            names[fate.column] = fate.attribute
        if fate.reason:
            warnings.append(f"column {fate.column!r} is left out: {_WHY.get(fate.reason, fate.reason)}")
        if fate.warning:
            warnings.append(f"{fate.attribute!r} {fate.warning}")
    absent = sorted(manifest.attributes.keys() - {column.name for column in found})
    warnings += [f"the manifest types {name!r}, which is no column of the export" for name in absent]
    return Named(names, tuple(warnings))


def untyped(
    found: Iterable[SourceColumn],
    names: Mapping[str, str],
    manifest: Manifest,
    records: Mapping[str, ColumnRecord],
) -> list[str]:
    """Columns that neither the manifest, the file, an earlier run nor Braze's own fields have typed."""
    return [
        column.name
        for column in found
        if column.name in names
        and typed(column, manifest) is None
        and names[column.name] not in records
        and not _standard(names[column.name])
    ]


def resolve(
    found: Sequence[SourceColumn],
    names: Mapping[str, str],
    manifest: Manifest,
    *,
    records: Mapping[str, ColumnRecord],
    proposed: Mapping[str, ColumnType],
    known: Sequence[Column],
    owner: str,
) -> Resolved:
    """A standard field has Braze's type, others the manifest's, the first committed, the file's, or a guess.

    Braze locks an attribute's type, so a file's own word does not overrule what was sent before.
    """
    fields = {column.name: column.field for column in known}
    free = max((int(column.field[1:]) for column in known), default=-1) + 1
    used: list[StageColumn] = []
    waits: list[Wait] = []
    flips: list[str] = []
    for column in found:
        if column.name not in names:
            continue
        name = names[column.name]
        record = records.get(name)
        rule = manifest.attributes.get(column.name)
        kind = (
            _standard_type(name)
            or (rule.type if rule else None)
            or (record.type if record else None)
            or column.type
            or proposed[column.name]
        )
        if name not in fields:
            fields[name], free = f"v{free}", free + 1
        used.append(StageColumn(column.name, name, kind, fields[name]))
        if record and record.type == kind and column.type not in (None, kind):
            flips.append(
                f"{name!r} is {column.type} in the file and {kind} since its first run: values are cast"
            )
        waits += _doubts(name, kind, record, owner, is_guess=column.name in proposed)
    return Resolved(tuple(used), tuple(waits), tuple(flips))


def properties(found: Sequence[SourceColumn], manifest: Manifest, kind: str) -> Resolved:
    """Columns of a campaign or events export: properties under their own names, text unless typed.

    Raises Rejected when two of them would become one. What makes an event keeps its name, whatever the manifest
    says, and what Braze takes as no event's property is left out.
    """
    fixed = _OF_EVENTS if kind == "events" else {}
    used: list[StageColumn] = []
    warnings: list[str] = []
    for column in found:
        if column.name in IDENTIFIERS:
            continue
        if kind_of := fixed.get(column.name):
            used.append(StageColumn(column.name, column.name, kind_of, f"v{len(used)}", required=True))
            continue
        name = _renamed(column, manifest)
        if kind == "events":
            name = PROPERTY_NAMES.get(name, name)
            many = len(used) >= MAX_PROPERTIES + len(fixed)
            if problem := key_problem(name) or ("too_many_properties" if many else ""):
                warnings.append(f"column {column.name!r} is left out: {problem}")
                continue
        if any(name == one.name for one in used):
            raise Rejected("duplicate_property", f"two columns would become {name!r}")
        used.append(StageColumn(column.name, name, typed(column, manifest) or "string", f"v{len(used)}"))
    return Resolved(tuple(used), warnings=tuple(warnings))


_OF_EVENTS: Mapping[str, ColumnType] = {"event_name": "string", "event_time": "time"}


def typed(column: SourceColumn, manifest: Manifest) -> ColumnType | None:
    """The manifest's type, else the file's own."""
    rule = manifest.attributes.get(column.name)
    return (rule.type if rule else None) or column.type


def _renamed(column: SourceColumn, manifest: Manifest) -> str:
    rule = manifest.attributes.get(column.name)
    return (rule.name if rule else None) or column.name


def _standard(name: str) -> bool:
    return name in STANDARD_ATTRIBUTES


def _standard_type(name: str) -> ColumnType | None:
    field = STANDARD_ATTRIBUTES.get(name)
    return field.type if field else None  # type: ignore[return-value]


def _doubts(
    name: str, kind: ColumnType, record: ColumnRecord | None, owner: str, *, is_guess: bool
) -> Iterable[Wait]:
    if is_guess:
        yield Wait(code="untyped_column", detail=f"{name!r} is new and untyped; it would be sent as {kind}")
    if record and record.type != kind:
        yield Wait(code="type_change", detail=f"{name!r} was sent as {record.type} so far, now as {kind}")
    if record and record.owners and owner not in record.owners:
        others = [known.rpartition("#")[2] for known in record.owners]
        more = f" and {len(others) - MOST_NAMED} more" if len(others) > MOST_NAMED else ""
        told = f"{', '.join(others[:MOST_NAMED])}{more}"
        yield Wait(code="foreign_column", detail=f"{name!r} is sent by another audience: {told}")
