"""The rows of a file as a statement that types their values and names what cannot be used."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bridge.diff import columns as sql
from bridge.diff.checks import Words, missing_reason, value_reason
from bridge.diff.sources import Relation
from bridge.diff.staging import FAULTS, Bit
from mapping.braze_fields import MAX_EXTERNAL_ID_BYTES
from mapping.comparison import SourceFile, StageColumn


@dataclass(frozen=True, slots=True)
class Reading:
    """How files are read into `stage`: a bad value is a fault of its row, or a bit when columns are `attributes`."""

    columns: Sequence[StageColumn]
    identifier: str
    time_zone: str
    ops: bool
    bits: Mapping[str, Bit]
    attributes: bool
    words: Words = field(default_factory=dict)

    def of(self, source: SourceFile, described: Relation) -> str:
        """A SELECT in the order of the table's columns."""
        read = {c.field: described.values.get(c.source, "NULL::VARCHAR") for c in self.columns}
        raw = "".join(f", {value} AS r_{name}" for name, value in read.items())
        op = f"lower({described.values['op']})" if self.ops else "'add'"
        typed = "".join(f", {self._typed(c)} AS {c.field}" for c in self.columns)
        user = described.values.get(self.identifier, "NULL::VARCHAR")
        fields = "".join(f", {c.field}" for c in self.columns)
        kept = "CASE WHEN op IN ('add', 'remove') THEN op END"
        return (
            f"SELECT {source.number}, id, {kept}{fields}, {self._fault()}{self._masks()} "
            f"FROM (SELECT *{typed} FROM (SELECT {user} AS id, {op} AS op{raw} FROM {described.sql}))"
        )

    def _typed(self, column: StageColumn) -> str:
        value = sql.read(f"r_{column.field}", column.type, self.time_zone)
        changed = "".join(
            f" WHEN {sql.text(word)} THEN {'NULL' if kept is None else sql.text(kept)}"
            for word, kept in self.words.get(column.field, {}).items()
        )
        return f"CASE {value}{changed} ELSE {value} END" if changed else value

    def _fault(self) -> str:
        used = () if self.attributes else self.columns
        values = "".join(f" WHEN {_is_bad(c)} THEN {sql.text(value_reason(c))}" for c in used)
        values += "".join(
            f" WHEN r_{c.field} IS NULL THEN {sql.text(missing_reason(c))}" for c in used if c.required
        )
        empty, too_long, no_op = map(sql.text, FAULTS)
        return (
            f"CASE WHEN id IS NULL OR (id < '!' AND trim(id) = '') THEN {empty} "
            f"WHEN strlen(id) > {MAX_EXTERNAL_ID_BYTES} THEN {too_long} "
            f"WHEN op IS NULL OR op NOT IN ('add', 'remove') THEN {no_op}{values} END"
        )

    def _masks(self) -> str:
        masks: dict[str, list[str]] = {}
        for column in self.columns:
            bit = self.bits[column.field]
            masks.setdefault(bit.mask, []).append(f"CASE WHEN {_is_bad(column)} THEN {bit.value} ELSE 0 END")
        return "".join(f", {' + '.join(bad) if self.attributes else '0'}" for bad in masks.values())


def _is_bad(column: StageColumn) -> str:
    return f"op = 'add' AND r_{column.field} IS NOT NULL AND {column.field} IS NULL"
