"""From the bytes of a request to the document they hold: gzip by its magic bytes, JSON whatever is claimed.

Neither header can be trusted: one SDK sends gzip as a form, another sends JSON as plain text (both seen on
the wire).
"""

import json
import zlib
from typing import Any

from pydantic_core import from_json

from bridge.errors import Problem

MAX_BODY_BYTES = 5 * 1024 * 1024
"""Of a request, before and after gunzip (Signal's ingestion/batch page)."""

_GZIP = b"\x1f\x8b"
_GZIP_WINDOW = 31
_MANY_DIGITS = 1_000


def inflated(body: bytes) -> bytes:
    """The body without gzip. Raises Problem 413 above the limit, 400 when the stream is broken."""
    if len(body) > MAX_BODY_BYTES:
        raise _too_large()
    return _gunzip(body) if body.startswith(_GZIP) else body


def document(body: bytes) -> Any:
    """The JSON value of the body. Raises Problem 400."""
    try:
        return parse_json(body)
    except ValueError:
        raise Problem(400, "MALFORMED_JSON", "The body is not valid JSON.") from None


def parse_json(text: bytes | str) -> Any:
    """ValueError for anything that is not JSON, however deep or odd.

    The fast parser refuses more than 200 levels, endless numbers and lone surrogates for the whole text; the
    second try lets them through, so that one such event is refused by itself and not with its neighbours.
    """
    try:
        return from_json(text, allow_inf_nan=False)
    except ValueError:
        pass
    try:
        return json.loads(text, parse_constant=_no_constant, parse_int=_integer)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _gunzip(body: bytes) -> bytes:
    inflater = zlib.decompressobj(_GZIP_WINDOW)
    try:
        plain = inflater.decompress(body, MAX_BODY_BYTES + 1)
    except zlib.error:
        raise Problem(400, "MALFORMED_GZIP", "The body starts like gzip but cannot be unpacked.") from None
    if len(plain) > MAX_BODY_BYTES:
        raise _too_large()
    if not inflater.eof or inflater.unused_data:
        raise Problem(400, "MALFORMED_GZIP", "The body is not one whole gzip stream.")
    return plain


def _too_large() -> Problem:
    return Problem(413, "PAYLOAD_TOO_LARGE", f"A request may hold {MAX_BODY_BYTES} bytes, also unpacked.")


def _integer(digits: str) -> int | float:
    """Python reads 4,300 digits at the most; infinity is refused like any number that is too large."""
    return int(digits) if len(digits) < _MANY_DIGITS else float(digits)


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
