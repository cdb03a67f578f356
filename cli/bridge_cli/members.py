"""A file of members, cut into compressed parts that are uploaded as they are made."""

import csv
import gzip
import hashlib
import io
import json
from collections.abc import Buffer, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import IO, cast

from bridge_cli.errors import usage

IDENTIFIERS = ("external_id", "braze_id")
SPLIT = (".csv", ".csv.gz", ".jsonl", ".jsonl.gz")
AS_IT_IS = (".parquet", ".csv.zst", ".jsonl.zst")
_BLOCK, _LINES = 1024 * 1024, 10_000


@dataclass(frozen=True, slots=True)
class Part:
    """A file of the export; `rows` is None where it was not opened, `made` says that it may be deleted."""

    name: str
    path: Path
    sha256: str
    rows: int | None
    made: bool


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file is read: `id_column` is renamed to `identifier`, where it has another name."""

    identifier: str = ""
    id_column: str = ""
    delimiter: str = ","
    delta: bool = False
    rows: int = 250_000


@dataclass(frozen=True, slots=True)
class _Table:
    """Text lines of a part: `head` begins each, `lines` follow, each one row."""

    head: str
    lines: Iterator[str]


def suffix_of(path: Path) -> str:
    """The kind of file its name declares; raises CliError."""
    found = next((one for one in (*SPLIT, *AS_IT_IS) if path.name.lower().endswith(one)), "")
    if not found:
        raise usage(
            f"{path.name} is no file of members.", f"It ends in one of: {', '.join((*SPLIT, *AS_IT_IS))}"
        )
    if not path.is_file():
        raise usage(f"There is no file {path}.")
    return found


def identifier_of(path: Path, layout: Layout) -> str:
    """By what the members are named; raises CliError when the file does not say."""
    if suffix_of(path) in AS_IT_IS:
        if layout.id_column:
            raise usage(f"{path.name} is uploaded as it is: its columns cannot be renamed.")
        return layout.identifier or IDENTIFIERS[0]
    with _reading(path, lambda _: None) as text:
        return _identifier(_columns(text, path, layout), layout)


def parts(path: Path, layout: Layout, folder: Path, read: Callable[[int], None]) -> Iterator[Part]:
    """The parts in order, each written to `folder`; `read` is told of the bytes of the file as they go."""
    suffix = suffix_of(path)
    if suffix in AS_IT_IS:
        yield Part(f"part-00001{suffix}", path, _digest(path, read), None, made=False)
        return
    with _reading(path, read) as text:
        table = _csv(text, path, layout) if suffix.startswith(".csv") else _jsonl(text, path, layout)
        first, number = next(table.lines, None), 1
        while first is not None or number == 1:  # an audience that nobody is in is a part of no rows
            name = f"part-{number:05d}{suffix.removesuffix('.gz')}.gz"
            chunk = chain([first], islice(table.lines, layout.rows - 1)) if first is not None else iter(())
            sha256, rows = _write(folder / name, table.head, chunk)
            yield Part(name, folder / name, sha256, rows, made=True)
            first, number = next(table.lines, None), number + 1


def _csv(text: IO[str], path: Path, layout: Layout) -> _Table:
    rows = csv.reader(text, delimiter=layout.delimiter, strict=True)
    header = _header(rows, path)
    source, target = layout.id_column or None, _identifier(header, layout)
    named = [target if one == source else one for one in header]
    return _Table(_as_csv(named), (_as_csv(row) for row in _checked(rows, len(header), path)))


def _checked(rows: Iterator[list[str]], width: int, path: Path) -> Iterator[list[str]]:
    number = 1
    try:
        for number, row in enumerate(rows, 2):
            if row and len(row) != width:
                raise usage(
                    f"{path.name}: row {number} has {len(row)} fields, the header {width}.",
                    "Is it quoted right?",
                )
            if row:
                yield row
    except (csv.Error, UnicodeDecodeError, OSError, EOFError) as error:
        raise usage(
            f"{path.name}: after row {number}: {error}.", "It has to be UTF-8 and quoted as CSV is."
        ) from None


def _as_csv(row: Sequence[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(row)
    return line.getvalue()


def _jsonl(text: IO[str], path: Path, layout: Layout) -> _Table:
    first = text.readline()
    source, target = (
        layout.id_column,
        _identifier(list(_object(first, path, 1)) if first.strip() else [], layout),
    )

    def lines() -> Iterator[str]:
        try:
            for number, line in enumerate(chain([first], text), 1):
                if line.strip():
                    row = _object(line, path, number)
                    named = {target if name == source else name: value for name, value in row.items()}
                    yield json.dumps(named, ensure_ascii=False, separators=(",", ":")) + "\n"
        except (UnicodeDecodeError, OSError, EOFError) as error:
            raise usage(f"{path.name}: {error}.", "It has to be UTF-8.") from None

    return _Table("", lines())


def _object(line: str, path: Path, number: int) -> dict[str, object]:
    try:
        found = json.loads(line)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise usage(f"{path.name}: line {number} is no JSON object.")
    return found


def _columns(text: IO[str], path: Path, layout: Layout) -> list[str]:
    if suffix_of(path).startswith(".csv"):
        return _header(csv.reader(text, delimiter=layout.delimiter, strict=True), path)
    return list(_object(text.readline(), path, 1))


def _header(rows: Iterator[list[str]], path: Path) -> list[str]:
    try:
        header = next(rows, [])
    except (csv.Error, UnicodeDecodeError, OSError, EOFError) as error:
        raise usage(f"{path.name}: {error}.", "It has to be UTF-8 and quoted as CSV is.") from None
    if len(set(header)) != len(header) or not all(header):
        raise usage(f"{path.name} needs a header with a name of its own for each column.")
    return header


def _identifier(columns: Sequence[str], layout: Layout) -> str:
    """The identifier's name once the column is renamed."""
    if layout.id_column and layout.id_column not in columns:
        raise usage(f"There is no column {layout.id_column}.", f"Columns: {', '.join(columns)}")
    here = [one for one in IDENTIFIERS if one in columns]
    target = layout.identifier or (IDENTIFIERS[0] if layout.id_column or not here else here[0])
    if layout.id_column not in {"", target} and target in columns:
        raise usage(f"There is a column {target} beside {layout.id_column}.", "Leave --id-column out.")
    if not layout.id_column and target not in columns:
        raise usage(
            f"No column is called {target}.",
            f"Name the column that identifies members with --id-column. Columns: {', '.join(columns)}",
        )
    if layout.delta and "op" not in columns:
        raise usage(
            "A delta needs a column op with add or remove.",
            "Leave --delta out if the file holds all members.",
        )
    return target


def _write(path: Path, head: str, lines: Iterator[str]) -> tuple[str, int]:
    """The sha256 of the compressed bytes and the rows; the same lines give the same bytes."""
    rows = 0
    with path.open("wb") as file, gzip.GzipFile("", "wb", 6, file, mtime=0) as packed:
        packed.write(head.encode())
        while block := list(islice(lines, _LINES)):
            packed.write("".join(block).encode())
            rows += len(block)
    return _digest(path, lambda _: None), rows


@contextmanager
def _reading(path: Path, read: Callable[[int], None]) -> Iterator[IO[str]]:
    with path.open("rb") as raw:
        counted = io.BufferedReader(_Counted(raw, read), _BLOCK)
        plain = gzip.GzipFile(fileobj=counted, mode="rb") if path.name.lower().endswith(".gz") else counted
        with io.TextIOWrapper(cast("IO[bytes]", plain), encoding="utf-8-sig", newline="") as text:
            yield text


class _Counted(io.RawIOBase):
    """A file that tells how much of it was read."""

    def __init__(self, raw: IO[bytes], read: Callable[[int], None]) -> None:
        self._raw, self._read = raw, read

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        room = memoryview(buffer)
        block = self._raw.read(len(room))
        room[: len(block)] = block
        self._read(len(block))
        return len(block)


def _digest(path: Path, read: Callable[[int], None]) -> str:
    found = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            found.update(block)
            read(len(block))
    return found.hexdigest()
