"""Screenshots made small enough to keep beside the docs: a palette of at most 256 colours, nothing else changed."""

import struct
import zlib
from collections import Counter
from collections.abc import Iterator

SIGNATURE = b"\x89PNG\r\n\x1a\n"
STEP = 3
"""A channel keeps its upper five bits: nobody sees the rest in a page's text."""


def shrunk(png: bytes) -> bytes:
    """An 8-bit RGB picture, not interlaced, as one with a palette."""
    chunks = dict(_chunks(png))
    width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    if (depth, colour, interlaced) != (8, 2, 0):
        raise ValueError("not an 8-bit RGB picture")
    rows = list(_rows(zlib.decompress(chunks[b"IDAT"]), width * 3, height))
    pixels = [[row[at : at + 3] for at in range(0, width * 3, 3)] for row in rows]
    index, palette = _palette(Counter(pixel for row in pixels for pixel in row))
    body = b"".join(b"\0" + bytes(index[pixel] for pixel in row) for row in pixels)
    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    parts = ((b"IHDR", head), (b"PLTE", palette), (b"IDAT", zlib.compress(body, 9)), (b"IEND", b""))
    return SIGNATURE + b"".join(_chunk(name, data) for name, data in parts)


def _palette(counted: Counter[bytes]) -> tuple[dict[bytes, int], bytes]:
    """The index of each colour, and the palette: like colours share the commonest of them."""
    groups: dict[tuple[int, ...], list[bytes]] = {}
    for colour, _ in counted.most_common():
        groups.setdefault(tuple(part >> STEP for part in colour), []).append(colour)
    kept = [group[0] for group in groups.values()][:256]
    known = {tuple(part >> STEP for part in colour): at for at, colour in enumerate(kept)}
    index = {}
    for key, group in groups.items():
        at = known[key] if key in known else _nearest(group[0], kept)
        index |= dict.fromkeys(group, at)
    return index, b"".join(kept)


def _nearest(colour: bytes, kept: list[bytes]) -> int:
    return min(
        range(len(kept)), key=lambda at: sum((a - b) ** 2 for a, b in zip(colour, kept[at], strict=True))
    )


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Names and contents; the pieces of the picture itself are put together."""
    at, data = len(SIGNATURE), b""
    while at < len(png):
        (size,) = struct.unpack(">I", png[at : at + 4])
        name, content = png[at + 4 : at + 8], png[at + 8 : at + 8 + size]
        data += content if name == b"IDAT" else b""
        yield name, data if name == b"IDAT" else content
        at += size + 12


def _rows(raw: bytes, size: int, height: int) -> Iterator[bytes]:
    """Lines of pixels, their filters undone (PNG, section 9)."""
    above = bytearray(size)
    for number in range(height):
        start = number * (size + 1)
        line = bytearray(raw[start + 1 : start + 1 + size])
        _unfilter(raw[start], line, above)
        above = line
        yield bytes(line)


def _unfilter(kind: int, line: bytearray, above: bytearray) -> None:
    if kind == _UP:
        line[:] = bytes((byte + up) & 255 for byte, up in zip(line, above, strict=True))
    elif kind:
        for channel in range(3):
            _UNDONE[kind](line, above, channel)


def _undo_left(line: bytearray, _: bytearray, channel: int) -> None:
    left = 0
    for at in range(channel, len(line), 3):
        left = line[at] = (line[at] + left) & 255


def _undo_average(line: bytearray, above: bytearray, channel: int) -> None:
    left = 0
    for at in range(channel, len(line), 3):
        left = line[at] = (line[at] + (left + above[at]) // 2) & 255


def _undo_paeth(line: bytearray, above: bytearray, channel: int) -> None:
    left = corner = 0
    for at in range(channel, len(line), 3):
        up = above[at]
        by_left, by_up = abs(up - corner), abs(left - corner)
        by_corner = abs(left + up - 2 * corner)
        guess = left if by_left <= by_up and by_left <= by_corner else up if by_up <= by_corner else corner
        left = line[at] = (line[at] + guess) & 255
        corner = up


_UP = 2
_UNDONE = {1: _undo_left, 3: _undo_average, 4: _undo_paeth}


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
