"""The lines of a part as requests: so many at a time, and their JSON put together without being parsed."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import batched

from mapping.braze_requests import MAX_BODY_BYTES


@dataclass(slots=True)
class Frame:
    """The lines of one request and how often it has been tried."""

    lines: tuple[int, ...]
    tries: int = 0


def framed(numbers: Sequence[int], lines: Sequence[bytes], most: int) -> Iterator[tuple[int, ...]]:
    """Line numbers for one request each: at most `most` of them, and what Braze takes in bytes."""
    if (max(map(len, lines), default=0) + 1) * most <= MAX_BODY_BYTES:
        yield from batched(numbers, most, strict=False)
        return
    chunk: list[int] = []
    size = 0
    for number in numbers:
        length = len(lines[number]) + 1
        if chunk and (len(chunk) == most or size + length > MAX_BODY_BYTES):
            yield tuple(chunk)
            chunk, size = [], 0
        chunk.append(number)
        size += length
    if chunk:
        yield tuple(chunk)


def frame(lines: Collection[bytes], array: bytes) -> bytes:
    """The request body around lines that are JSON already: nothing is parsed again."""
    return b'{"' + array + b'":[' + b",".join(lines) + b"]}"
