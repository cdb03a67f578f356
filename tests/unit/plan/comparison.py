"""The comparison in plain Python, for flows that are tested without DuckDB, and as its oracle."""

import csv
import io
import json
from collections import Counter
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from mapping.comparison import (
    Compared,
    Drifted,
    DriftSample,
    Emit,
    Old,
    PartFile,
    Refused,
    Reject,
    RejectedRow,
    Sampling,
    Sending,
    SourceColumn,
    SourceFile,
    StageColumn,
    Staged,
    Written,
)
from mapping.export import ColumnType
from mapping.run import Column


class PlainComparison:
    """Does with dictionaries what the DuckDB session does out of core; CSV and small files alone."""

    hashing = "plain"

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.rows: list[dict[str, Any]] = []
        self.columns: tuple[StageColumn, ...] = ()
        self.files: tuple[SourceFile, ...] = ()
        self.wrong: list[RejectedRow] = []
        self.taken: set[str] = set()

    def close(self) -> None: ...

    def interrupt(self) -> None: ...

    def inspect(self, files: Sequence[SourceFile]) -> tuple[SourceColumn, ...]:
        self.files = tuple(files)
        header = next(csv.reader(io.StringIO(files[0].path.read_text())))
        return tuple(SourceColumn(name) for name in header)

    def propose(self, names: Sequence[str]) -> dict[str, ColumnType]:
        return dict.fromkeys(names, "string")

    def load(
        self,
        columns: Sequence[StageColumn],
        *,
        identifier: str,
        time_zone: str,
        ops: bool,
        collapse: bool,
        attributes: bool,
    ) -> Staged:
        self.columns = tuple(columns)
        found, faults, bad_values, counts = [], [], [], {}
        for source in self.files:
            rows = list(csv.DictReader(io.StringIO(source.path.read_text())))
            counts[source.number] = len(rows)
            for number, row in enumerate(rows, 1):
                values = {c.field: _read(row[c.source], c.type) for c in columns}
                bad = [c for c in columns if row[c.source] and values[c.field] is None]
                fault = "" if row[identifier] else "empty_identifier"
                if bad and not attributes:
                    fault = fault or f"invalid_value:{bad[0].name}"
                else:
                    bad_values += [
                        RejectedRow(source.key, number, f"invalid_value:{c.name}", row[identifier])
                        for c in bad
                    ]
                    values = {field: v for field, v in values.items() if field not in {c.field for c in bad}}
                if fault:
                    faults.append(RejectedRow(source.key, number, fault, row[identifier]))
                op = row["op"] if ops else "add"
                found.append({"id": row[identifier], "op": op, "fault": fault, **values})
        last = {row["id"]: row for row in found} if collapse else dict(enumerate(found))
        self.rows = list(last.values())
        good = [row for row in self.rows if not row["fault"]]
        self.wrong = [*faults, *bad_values]
        reasons = [fault.reason for fault in faults]
        bad_reasons = [fault.reason for fault in bad_values]
        return Staged(
            rows=counts,
            rejected={reason: reasons.count(reason) for reason in reasons},
            examples=tuple(faults),
            duplicates=len(found) - len(self.rows),
            usable=len(good),
            members=len([row for row in good if row["op"] == "add"]),
            values={c.field: sum(row.get(c.field) is not None for row in good) for c in columns},
            rejected_values={reason: bad_reasons.count(reason) for reason in bad_reasons},
            value_examples=tuple(bad_values),
        )

    def rejects(self) -> list[Reject]:
        return [Reject(one.part, one.row, one.user, one.reason) for one in self.wrong]

    def reading(self, old: Old, sampling: Sampling, *, part_rows: int, emit: Emit) -> Compared:
        known = _old(old)
        if sampling.joined:
            came = {one[2] for one in json.loads(sampling.joined[0].read_text()) if one[4]}
            known = {user: row for user, row in known.items() if row["member"] and user in came}
        picked = sorted(known, key=lambda user: sha256(f"{sampling.salt}{user}".encode()).digest())
        lines = [
            json.dumps(
                {sampling.identifier: user, sampling.attribute: known[user]["member"]}
                | {
                    c.name: known[user][c.field]
                    for c in old.columns
                    if known[user]["member"] and known[user].get(c.field) is not None
                }
            )
            for user in picked[: sampling.most]
        ]
        return Compared(lines=len(lines), parts=_cut(lines, part_rows, emit))

    def gather(self, files: Sequence[Path], target: Path, *, with_unknown: bool) -> Drifted:
        lines = [line for path in files for line in path.read_text().splitlines()]
        people = {one["user"]: one for one in map(json.loads, lines)}
        unknown = [user for user, one in people.items() if one["unknown"]]
        cells = [(user, cell) for user, one in people.items() for cell in one["cells"]]
        names = {user: [] for user in unknown if with_unknown}
        for user, cell in cells:
            if cell["kind"] != "only_at_braze":
                names.setdefault(user, []).append(cell["name"])
        target.write_text(json.dumps({"names": names, "unknown": unknown}))
        counted = Counter((cell["name"], cell["kind"]) for _, cell in cells)
        return Drifted(
            unknown=len(unknown),
            people=len({user for user, _ in cells}),
            to_repair=len(names),
            cells=dict(counted),
            samples=tuple(
                DriftSample(user, cell["name"], cell["kind"], cell["ours"], cell["braze"])
                for user, cell in cells
            ),
            unknown_samples=tuple(unknown),
        )

    def retry(self, unknown: Old) -> int:
        named = {row["id"] for row in self.rows}
        again = {user: row for user, row in _old(unknown).items() if user not in named}
        fields = [column.field for column in self.columns]
        self.rows += [
            {"id": user, "op": "add", "fault": "", **{field: row.get(field) for field in fields}}
            for user, row in again.items()
        ]
        return len(again)

    def still(self, unknown: Old, changes: Sequence[Path], columns: Sequence[Column]) -> int:
        sent = {one[2] for one in json.loads(changes[0].read_text())}
        left = {user: row for user, row in _old(unknown).items() if user in sent - self.taken}
        (self.directory / "unknown.parquet").write_text(json.dumps(left))
        return len(left)

    def split(self, old: Old, unknown: Old | None, drift: Path) -> tuple[Written, int]:
        known, missed = _old(old), set(json.loads(drift.read_text())["unknown"])
        here = {user: row for user, row in known.items() if user not in missed}
        away = {user: row for user, row in known.items() if user in missed} | _old(unknown)
        (self.directory / "p-0000.parquet").write_text(json.dumps(here))
        (self.directory / "unknown.parquet").write_text(json.dumps(away))
        written = Written(
            (self.directory / "p-0000.parquet",), len(here), sum(row["member"] for row in here.values())
        )
        return written, len(away)

    def held(self, old: Old, drift: Path, attribute: str) -> Old:
        found, known = json.loads(drift.read_text()), _old(old)
        fields = {column.name: column.field for column in old.columns}
        rows = {}
        for user, names in found["names"].items():
            gone = [*fields, attribute] if user in found["unknown"] else names
            row = {**known[user], **{fields[name]: None for name in gone if name in fields}}
            rows[user] = row | {"member": row["member"] is not (attribute in gone)}
        path = self.directory / "held"
        path.write_text(json.dumps(rows))
        return Old((path,), old.columns, same_hashing=False)

    def restore(self, wished: Old, columns: Sequence[StageColumn], only: Path | None = None) -> Staged:
        some = json.loads(only.read_text())["names"] if only else None
        self.wrong = []
        self.columns = tuple(columns)
        fields = {column.name: column.field for column in wished.columns}
        self.rows = [
            {"id": user, "op": "add" if was["member"] else "left", "fault": ""}
            | {c.field: was.get(fields[c.source]) for c in columns}
            for user, was in _old(wished).items()
            if some is None or user in some
        ]
        members = [row for row in self.rows if row["op"] == "add"]
        return Staged(
            rows={0: len(self.rows)},
            rejected={},
            examples=(),
            duplicates=0,
            usable=len(self.rows),
            members=len(members),
            values={c.field: sum(row[c.field] is not None for row in self.rows) for c in columns},
        )

    def compare(
        self, old: Old | None, sending: Sending, *, full: bool, rows: int, part_rows: int, emit: Emit
    ) -> Compared:
        known = _old(old)
        found = Compared()
        changes: list[Any] = []
        lines: list[str] = []
        here = {row["id"]: row for row in self.rows if row["id"]}
        for user in sorted({*known, *here}):
            before: dict[str, Any] = known.get(user, {"member": False})
            row = here.get(user)
            if row and row["fault"]:
                continue
            member = row["op"] == "add" if row else (not full and before["member"])
            line: dict[str, Any] = {sending.identifier: user}
            if member != before["member"]:
                line[sending.attribute] = True if member else json.loads(sending.on_leave)
            target = {**before, "member": member}
            for c in self.columns if row and row["op"] in ("add", "left") else ():
                if c.field in row and row[c.field] != before.get(c.field):
                    line[c.name] = target[c.field] = row[c.field]
                    found.changed_of[c.name] = found.changed_of.get(c.name, 0) + 1
                    if before["member"]:
                        found.stayers_changed_of[c.name] = found.stayers_changed_of.get(c.name, 0) + 1
            if len(line) > 1:
                found.joined += member and not before["member"]
                found.left += before["member"] and not member
                found.changed += member == before["member"]
                joined = member and not before["member"]
                place = divmod(len(changes), part_rows)
                changes.append([place[0] + 1, place[1], user, target, joined])
                lines.append(
                    json.dumps(
                        line | ({"_update_existing_only": True} if sending.update_existing_only else {})
                    )
                )
        found.lines, found.parts = len(lines), _cut(lines, part_rows, emit)
        (self.directory / "changes-0000.parquet").write_text(json.dumps(changes))
        return found

    def recipients(self, identifier: str, *, part_rows: int, emit: Emit) -> Compared:
        key = "external_user_id" if identifier == "external_id" else identifier
        lines = [
            json.dumps({key: row["id"], "trigger_properties": {c.name: row[c.field] for c in self.columns}})
            for row in self.rows
            if not row["fault"]
        ]
        return Compared(lines=len(lines), parts=_cut(lines, part_rows, emit))

    def events(self, identifier: str, *, update_existing_only: bool, part_rows: int, emit: Emit) -> Compared:
        lines = []
        for row in self.rows:
            named = {c.name: row[c.field] for c in self.columns}
            event = {"name": named.pop("event_name"), "time": named.pop("event_time"), "properties": named}
            lines.append(json.dumps({identifier: row["id"], **event}))
        return Compared(lines=len(lines), parts=_cut(lines, part_rows, emit))

    def forget(self, source: Path, ids: Sequence[str], target: Path) -> tuple[int, int, int]:
        kept = json.loads(source.read_text())
        if isinstance(kept, dict):
            left: Any = {user: row for user, row in kept.items() if user not in ids}
            members = sum(row["member"] for row in left.values())
        else:
            left = [change for change in kept if change[2] not in ids]
            members = sum(change[3]["member"] for change in left)
        if len(left) != len(kept):
            target.write_text(json.dumps(left))
        return len(kept) - len(left), len(left), members

    def change_files(self) -> Sequence[Path]:
        return sorted(self.directory.glob("changes-*.parquet"))

    def commit(
        self, old: Old | None, changes: Sequence[Path], columns: Sequence[Column], refused: Refused
    ) -> Written:
        known = _old(old)
        self.taken = set()
        for part, line, user, target, _ in json.loads(changes[0].read_text()):
            if part not in refused.parts and (part, line) not in refused.lines:
                known[user] = target
                self.taken.add(user)
        path = self.directory / "p-0000.parquet"
        path.write_text(json.dumps(known))
        return Written((path,), len(known), sum(row["member"] for row in known.values()))


def _old(old: Old | None) -> dict[str, dict[str, Any]]:
    rows: dict[str, dict[str, Any]] = {}
    for path in old.files if old else ():
        rows |= json.loads(path.read_text())
    return rows


def _cut(lines: Sequence[str], part_rows: int, emit: Emit) -> int:
    chunks = [lines[start : start + part_rows] for start in range(0, len(lines), part_rows)]
    for number, chunk in enumerate(chunks, 1):
        body = "".join(f"{line}\n" for line in chunk).encode()
        emit(PartFile(number, len(chunk), body, sha256(body).hexdigest()))
    return len(chunks)


def _read(text: str, kind: ColumnType) -> Any:
    if not text:
        return None
    try:
        return (
            float(text)
            if kind == "number"
            else {"true": True, "false": False}[text]
            if kind == "boolean"
            else text
        )
    except (ValueError, KeyError):
        return None
