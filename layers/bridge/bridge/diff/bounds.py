"""What no honest file holds, refused before it fills the memory: endless lines, thousands of columns, archives."""

import csv
import gzip
import mmap
from collections.abc import Iterator, Sized
from typing import TextIO

import duckdb

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


def no_endless_line(source: SourceFile, compression: str) -> None:
    """Raises Rejected when a text has no line end over 16 MiB, which DuckDB would leave out without a word.

    Of a plain file a page of each stretch is all that is read; gzip is unpacked once more; zstd is not looked into.
    """
    if compression == "gzip":
        with gzip.open(source.path, "rb") as packed:
            endless = not all(map(_breaks, iter(lambda: packed.read(_STRETCH), b"")))
    elif compression == "none":
        with source.path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
            ends = range(_STRETCH, len(text) + 1, _STRETCH)
            endless = not all(_found(text, end - _STRETCH, end) for end in ends)
    else:
        return
    if endless:
        raise Rejected("unreadable_part", f"{source.key}: a line is longer than {_STRETCH} bytes")


def _breaks(stretch: bytes) -> bool:
    return len(stretch) < _STRETCH or _found(stretch, 0, _STRETCH)


def _found(text: bytes | mmap.mmap, start: int, end: int) -> bool:
    return text.find(b"\n", start, end) >= 0 or text.find(b"\r", start, end) >= 0
