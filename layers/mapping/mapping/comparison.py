"""What the comparison of an export with a snapshot is asked, and what it answers."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from mapping.export import ColumnType
from mapping.run import Column


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One part of an export on local disk; `key` is how a person knows it."""

    number: int
    path: Path
    key: str


@dataclass(frozen=True, slots=True)
class SourceColumn:
    """A column under the exact name it has in the file; `type` is the file's own word, None for CSV."""

    name: str
    type: ColumnType | None = None


@dataclass(frozen=True, slots=True)
class StageColumn:
    """A column of the export that is used: its name in the file, at Braze, and in our own files.

    A row without a value in a `required` column is no row.
    """

    source: str
    name: str
    type: ColumnType
    field: str
    required: bool = False


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row left out: rows count from 1 within their part, the header apart; `user` as the file has it."""

    part: str
    row: int
    reason: str
    user: str = ""


class Reject(NamedTuple):
    """One of all rows left out, or one value of a row that was not used."""

    part: str
    row: int
    user: str
    reason: str


@dataclass(frozen=True, slots=True)
class Staged:
    """What was read: rows per part, rejected rows by reason, and per field the values that are not null.

    `rejected_values` counts values that cannot be used in rows that can, by reason; the examples name their rows.
    """

    rows: dict[int, int]
    rejected: dict[str, int]
    examples: tuple[RejectedRow, ...]
    duplicates: int
    usable: int
    members: int
    values: dict[str, int]
    rejected_values: dict[str, int] = field(default_factory=dict)
    value_examples: tuple[RejectedRow, ...] = ()


@dataclass(frozen=True, slots=True)
class Old:
    """A committed snapshot on local disk: one file per partition, in order."""

    files: tuple[Path, ...]
    columns: tuple[Column, ...]
    same_hashing: bool


@dataclass(frozen=True, slots=True)
class Sending:
    """How a change is written: the membership attribute, the JSON of leaving, the identifier's key."""

    attribute: str
    identifier: str
    on_leave: str
    update_existing_only: bool


@dataclass(frozen=True, slots=True)
class Sampling:
    """Whom a reconcile looks at: `most` of the snapshot (None: all), picked by `salt`; `names` can be compared.

    With change files in `joined` only the members who came with those changes are looked at.
    """

    attribute: str
    identifier: str
    names: frozenset[str]
    salt: str
    most: int | None
    joined: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class DriftSample:
    """One cell that differs; both values are masked already."""

    user: str
    name: str
    kind: str
    ours: str
    theirs: str


@dataclass(frozen=True, slots=True)
class Drifted:
    """What a reconcile found: people Braze does not know, people with cells that differ, cells by name and kind."""

    unknown: int = 0
    people: int = 0
    to_repair: int = 0
    cells: dict[tuple[str, str], int] = field(default_factory=dict)
    samples: tuple[DriftSample, ...] = ()
    unknown_samples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PartFile:
    """One part, ready to be stored: numbers start at 1, one JSON object a line."""

    number: int
    rows: int
    body: bytes
    sha256: str


type Emit = Callable[[PartFile], None]


@dataclass(slots=True)
class Compared:
    """What differs; `changed_of` counts per attribute name, `stayers_changed_of` without those who join.

    `samples` are a few lines of each kind (join, leave, stay; send of what has no state) as they would go out.
    """

    joined: int = 0
    left: int = 0
    changed: int = 0
    parts: int = 0
    lines: int = 0
    changed_of: dict[str, int] = field(default_factory=dict)
    stayers_changed_of: dict[str, int] = field(default_factory=dict)
    samples: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Refused:
    """What Braze did not take: whole parts by number, and (part, line) of single rows."""

    parts: frozenset[int]
    lines: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Written:
    """The files of a new snapshot, one per partition in order, and what they hold."""

    files: tuple[Path, ...]
    rows: int
    members: int
