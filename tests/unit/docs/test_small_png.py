"""A screenshot that was made small shows the same colours in the same places."""

import struct
import zlib

import pytest

from tests.console.small_png import SIGNATURE, _chunk, _chunks, shrunk

RED, BLUE, WHITE = b"\xff\0\0", b"\0\0\xff", b"\xff\xff\xff"


def png(lines: list[bytes], width: int, colour: int = 2) -> bytes:
    head = struct.pack(">IIBBBBB", width, len(lines), 8, colour, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(b"".join(lines))), (b"IEND", b""))
    return SIGNATURE + b"".join(_chunk(name, data) for name, data in parts)


def colours(small: bytes, width: int) -> list[list[bytes]]:
    chunks = dict(_chunks(small))
    palette, raw = chunks[b"PLTE"], zlib.decompress(chunks[b"IDAT"])
    lines = [raw[at + 1 : at + 1 + width] for at in range(0, len(raw), width + 1)]
    return [[palette[3 * one : 3 * one + 3] for one in line] for line in lines]


def test_colours_stay_where_they_were_whatever_filter_a_line_had() -> None:
    first = b"\0" + RED + BLUE
    left = b"\1" + RED + bytes((256 + b - a) % 256 for a, b in zip(RED, WHITE, strict=True))
    same_as_above = b"\2" + bytes(6)
    average = b"\3" + bytes((b - a // 2) % 256 for a, b in zip(RED, BLUE, strict=True)) + bytes(3)
    picture = png([first, left, same_as_above, b"\4" + bytes(6)], 2)
    assert colours(shrunk(picture), 2) == [[RED, BLUE], [RED, WHITE], [RED, WHITE], [RED, WHITE]]
    begun = colours(shrunk(png([b"\0" + RED + RED, average], 2)), 2)
    assert begun[1][0] == BLUE


def test_a_picture_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="8-bit RGB"):
        shrunk(png([b"\0" + bytes(8)], 2, colour=6))
