"""What no honest file holds, refused before it fills the memory: endless lines, thousands of columns, archives."""

import csv
import gzip
import mmap
from collections.abc import Iterator, Sized
from typing import TextIO

import duckdb

from bridge.diff.columns import text
from bridge.diff.stopping import Going
from bridge.errors import Rejected
from mapping.comparison import SourceFile

MAX_COLUMNS = 1_000
"""Each becomes a column of a table; Braze keeps a few hundred attributes of a profile."""

_LONGEST_HEADER = 1024 * 1024
_ZIP = b"PK\x03\x04"
_STRETCH = 16 * 1024 * 1024
"""DuckDB names a line over 2 MB as a fault, but its parallel reader passes over one beyond its buffer of 32 MB."""

_OURS = (duckdb.InterruptException, duckdb.OutOfMemoryException, duckdb.FatalException)


def of_the_file(error: Exception) -> bool:
    """Whether a failed reading says something of the file, and not of the time or the room there was for it."""
    return not isinstance(error, _OURS)


def few_columns(source: SourceFile, names: Sized) -> None:
    """Raises Rejected when a file names more columns than any export has."""
    if len(names) > MAX_COLUMNS:
        raise Rejected(
            "too_many_columns", f"{source.key}: {len(names)} columns, {MAX_COLUMNS} at the most are read"
        )


def header_lines(file: TextIO) -> Iterator[str]:
    """Line by line, as long as a header may be; raises csv.Error for a longer one."""
    while line := file.readline(_LONGEST_HEADER):
        if len(line) == _LONGEST_HEADER:
            raise csv.Error(f"a line of the header is longer than {_LONGEST_HEADER} characters")
        yield line


def no_archive(source: SourceFile, head: bytes) -> None:
    """Raises Rejected for a zip archive, which would else be read as a text of one odd line."""
    if head.startswith(_ZIP):
        raise Rejected("unreadable_part", f"{source.key}: a zip archive is not read; use gzip or zstd")


def no_endless_line(
    connection: duckdb.DuckDBPyConnection, source: SourceFile, compression: str, going: Going
) -> None:
    """Raises Rejected when a text has no line end over 16 MiB, which DuckDB would leave out without a word.

    Of a plain file a page of each stretch is all that is read; what is packed is unpacked once more.
    """
    if compression == "gzip":
        with gzip.open(source.path, "rb") as packed:
            endless = not all(_breaks(stretch, going) for stretch in iter(lambda: packed.read(_STRETCH), b""))
    elif compression == "zstd":
        endless = _too_long_for_a_line(connection, source)
    else:
        with source.path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as plain:
            ends = range(_STRETCH, len(plain) + 1, _STRETCH)
            endless = not all(_found(plain, end - _STRETCH, end) for end in ends)
    if endless:
        raise Rejected("unreadable_part", f"{source.key}: a line is longer than {_STRETCH} bytes")


def _breaks(stretch: bytes, going: Going) -> bool:
    going()
    return len(stretch) < _STRETCH or _found(stretch, 0, _STRETCH)


def _too_long_for_a_line(connection: duckdb.DuckDBPyConnection, source: SourceFile) -> bool:
    # Nothing here unpacks zstd but DuckDB, whose reader of JSON Lines names a line too long, whatever is in it.
    try:
        connection.execute(
            f"SELECT count(*) FROM read_ndjson_objects({text(str(source.path))}, compression='zstd', "
            f"ignore_errors=true, maximum_object_size={_STRETCH})"
        ).fetchall()
    except duckdb.InvalidInputException as error:
        if "maximum_object_size" in str(error):
            return True
        raise
    return False


def _found(stretch: bytes | mmap.mmap, start: int, end: int) -> bool:
    return stretch.find(b"\n", start, end) >= 0 or stretch.find(b"\r", start, end) >= 0
