"""Files made to hurt: each is refused with its name, in little memory and at once."""

import gzip
import struct
import time
import tracemalloc
import zlib
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from bridge.diff import Session, bounds
from bridge.errors import Rejected, Retryable
from mapping.comparison import SourceFile, StageColumn

MEGABYTE = 1024 * 1024


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    found = Session(tmp_path_factory.mktemp("bombs"), memory_limit="1GB", threads=1)
    yield found
    found.close()


def bomb(head: bytes, unit: bytes, times: int) -> bytes:
    """A gzip stream of much that is little; a copied unit compresses once."""
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    return b"".join([packer.compress(head), *(packer.compress(unit) for _ in range(times)), packer.flush()])


def parquet(session: Session, rows: int = 1000) -> bytearray:
    path = session.directory / "made.parquet"
    duckdb.execute(f"COPY (SELECT 'u' || i AS external_id, i AS a FROM range({rows}) t(i)) TO '{path}'")
    return bytearray(path.read_bytes())


def zstd_line(session: Session) -> bytes:
    """A CSV that ends in a row of 34 MB; packed by DuckDB, which is what there is."""
    path = session.directory / "packed"
    duckdb.execute(
        f"COPY (SELECT unnest(['external_id,a', 'u1,1', 'u2,' || repeat('x', {34 * MEGABYTE})])) TO '{path}' "
        "(FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER '\x01', COMPRESSION zstd)"
    )
    return path.read_bytes()


def footer_with(body: bytearray, old: bytes, new: bytes) -> bytes:
    size = struct.unpack("<I", body[-8:-4])[0]
    footer = bytes(body[-8 - size : -8])
    assert old in footer
    return bytes(body[: -8 - size]) + footer.replace(old, new) + bytes(body[-8:])


def read(session: Session, name: str, body: bytes) -> None:
    path = session.directory / name
    path.write_bytes(body)
    files = [SourceFile(1, path, f"exports/{name}")]
    columns = [
        StageColumn(one.name, one.name, "string", f"v{number}")
        for number, one in enumerate(session.inspect(files))
        if one.name != "external_id"
    ]
    session.load(columns, identifier="external_id", time_zone="UTC", ops=False, collapse=True)


LINE = b"x" * MEGABYTE
ROW = b"external_id,a\nu1,1\nu2,"
BOMBS = {
    "a header that does not end": ("a.csv.gz", lambda _: bomb(b"external_id,", LINE, 100)),
    "a plain line over the reader's buffer": ("a.csv", lambda _: ROW + LINE * 40 + b"\n"),
    "a plain line in the middle": ("b.csv", lambda _: ROW + LINE * 40 + b"\nu3,3\n"),
    "a packed line over the reader's buffer": ("b.csv.gz", lambda _: bomb(ROW, LINE, 40)),
    "a zstd line over the reader's buffer": ("b.csv.zst", zstd_line),
    "a cell of quoted line breaks": ("c.csv.gz", lambda _: bomb(ROW + b'"', b"x\n" * 2**19, 40)),
    "a line of JSON over its size": ("a.jsonl.gz", lambda _: bomb(b'{"external_id":"', LINE, 40)),
    "a million columns": ("d.csv.gz", lambda _: bomb(b"external_id,", b"a," * 2**18, 1)),
    "a new key in each line": (
        "b.jsonl",
        lambda _: b"\n".join(b'{"external_id":"u","k%d":1}' % number for number in range(5_000)),
    ),
    "an archive by another name": ("e.csv", lambda _: b"PK\x03\x04" + bytes(500)),
    "a footer longer than its file": (
        "a.parquet",
        lambda session: bytes(parquet(session)[:-8]) + struct.pack("<I", 0xFFFFFFF0) + b"PAR1",
    ),
    "a footer that counts rows that are not there": (
        "b.parquet",
        lambda session: footer_with(parquet(session), b"\xd0\x0f", b"\xfe\x7f"),
    ),
}


@pytest.mark.parametrize("kind", BOMBS)
def test_a_file_made_to_hurt_is_refused_by_name_in_little_memory_and_time(
    session: Session, kind: str
) -> None:
    name, make = BOMBS[kind]
    body = make(session)
    tracemalloc.start()
    started = time.monotonic()
    with pytest.raises(Rejected) as caught:
        read(session, name, body)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert name in caught.value.detail
    assert peak < 64 * MEGABYTE
    assert time.monotonic() - started < 10


def test_a_small_file_that_unpacks_to_very_much_is_read_within_the_memory_there_is(session: Session) -> None:
    """Ratio alone is no fault: an honest export repeats itself."""
    body = bomb(b"external_id,a\n", b"u,1\n" * (MEGABYTE // 4), 1)
    assert len(body) * 100 < MEGABYTE
    read(session, "f.csv.gz", body)


def test_a_thousand_columns_are_few_enough() -> None:
    source = SourceFile(1, Path("g.csv"), "g.csv")
    bounds.few_columns(source, range(1_000))
    with pytest.raises(Rejected, match="too_many_columns"):
        bounds.few_columns(source, range(1_001))


def test_a_reading_that_is_stopped_is_no_fault_of_the_file(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object) -> None:
        raise duckdb.InterruptException

    monkeypatch.setattr("bridge.diff.sources._jsonl", stopped)
    with pytest.raises(Retryable, match="interrupted"):
        read(session, "h.jsonl.gz", gzip.compress(b'{"external_id":"u"}\n'))
