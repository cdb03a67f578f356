"""The admin API as the console uses it: with the visitor's own token, so that it can do what they can and no more."""

import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import urllib3

CONNECT_SECONDS, READ_SECONDS = 2.0, 25.0
"""Below the console function's own timeout of 29 s."""
LARGEST_ANSWER = 6 * 1024 * 1024
_OK = range(200, 300)


class ApiError(Exception):
    """What the API refused. `message` is a sentence for the visitor, `fields` the faults by field name."""

    def __init__(self, status: int, message: str, fields: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.fields = dict(fields or {})


@dataclass(frozen=True, slots=True)
class Api:
    """`base` has no trailing slash; redirects are not followed, since they would carry the token along."""

    pool: urllib3.PoolManager
    base: str
    token: str

    def get(self, path: str, **query: str | int | None) -> dict[str, Any]:
        """One document; query parameters that are None or empty are left out."""
        given = {name: value for name, value in query.items() if value not in (None, "")}
        return self._ask("GET", f"{path}?{urlencode(given)}" if given else path)

    def post(self, path: str, document: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Make or do something."""
        return self._ask("POST", path, document or {})

    def patch(self, path: str, document: Mapping[str, Any]) -> dict[str, Any]:
        """Change something."""
        return self._ask("PATCH", path, document)

    def delete(self, path: str) -> None:
        """Take something away."""
        self._ask("DELETE", path)

    def every(self, path: str, **query: str | int | None) -> list[dict[str, Any]]:
        """All entries of a list, page by page; for lists that are short by nature."""
        found: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            page = self.get(path, limit=100, cursor=cursor, **query)
            found += page["data"]
            cursor = page["next_cursor"]
            if cursor is None:
                return found

    def _ask(self, method: str, path: str, document: Mapping[str, Any] | None = None) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.token}", "Accept": "application/json"}
        body = None
        if document is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(document).encode()
        try:
            answer = self.pool.request(
                method, self.base + path, headers=headers, body=body, redirect=False, preload_content=False
            )
            text = answer.read(LARGEST_ANSWER + 1)
            answer.release_conn()
        except urllib3.exceptions.HTTPError as error:
            raise ApiError(503, "The API did not answer. Try again shortly.") from error
        return _read(answer.status, text)


def together(*asks: Callable[[], Any]) -> list[Any]:
    """Independent questions at the same time; the first failure is raised."""
    with ThreadPoolExecutor(len(asks)) as pool:
        return [future.result() for future in [pool.submit(ask) for ask in asks]]


def _read(status: int, text: bytes) -> dict[str, Any]:
    if len(text) > LARGEST_ANSWER:
        raise ApiError(502, "The API's answer is too large to show.")
    try:
        document = json.loads(text) if text else {}
    except ValueError:
        document = {}
    if not isinstance(document, dict):
        document = {}
    if status in _OK:
        return document
    message = document.get("detail") or document.get("message") or f"The API answered {status}."
    faults = {str(one.get("pointer", "")): str(one.get("detail", "")) for one in document.get("errors") or ()}
    raise ApiError(status, str(message), faults)
