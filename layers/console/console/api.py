"""The admin API as the console uses it: with the visitor's own token, so that it can do what they can and no more."""

import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import urllib3

CONNECT_SECONDS, READ_SECONDS = 2.0, 25.0
"""Below the console function's own timeout of 29 s."""
LARGEST_ANSWER = 6 * 1024 * 1024
_OK = range(200, 300)
_ELSEWHERE = 303
_PASSED_ON = ("Content-Security-Policy", "Content-Disposition")


class ApiError(Exception):
    """What the API refused. `message` is a sentence for the visitor, `fields` the faults by field name."""

    def __init__(self, status: int, message: str, fields: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.fields = dict(fields or {})


@dataclass(frozen=True, slots=True)
class Document:
    """A text with its type and the headers that belong to it; or `link`, where the API says it lies."""

    text: str = ""
    content_type: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    link: str = ""


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

    def document(self, path: str, accept: str) -> Document:
        """A page or a file as the API gives it, or the link to where it lies."""
        status, text, headers = self._exchange("GET", path, {"Accept": accept})
        if status == _ELSEWHERE:
            return Document(link=headers.get("Location", ""))
        if status not in _OK:
            _read(status, text)
        kept = {name: headers[name] for name in _PASSED_ON if name in headers}
        return Document(text.decode("utf-8", "replace"), headers.get("Content-Type", "text/plain"), kept)

    def _ask(self, method: str, path: str, document: Mapping[str, Any] | None = None) -> dict[str, Any]:
        headers, body = {"Accept": "application/json"}, None
        if document is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(document).encode()
        status, text, _ = self._exchange(method, path, headers, body)
        return _read(status, text)

    def _exchange(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> tuple[int, bytes, Mapping[str, str]]:
        sent = {"Authorization": f"Bearer {self.token}", **headers}
        try:
            answer = self.pool.request(
                method, self.base + path, headers=sent, body=body, redirect=False, preload_content=False
            )
            text = answer.read(LARGEST_ANSWER + 1)
            answer.release_conn()
        except urllib3.exceptions.HTTPError as error:
            raise ApiError(503, "The API did not answer. Try again shortly.") from error
        if len(text) > LARGEST_ANSWER:
            raise ApiError(502, "The API's answer is too large to show.")
        return answer.status, text, answer.headers


def together(*asks: Callable[[], Any]) -> list[Any]:
    """Independent questions at the same time; the first failure is raised."""
    with ThreadPoolExecutor(len(asks)) as pool:
        return [future.result() for future in [pool.submit(ask) for ask in asks]]


def _read(status: int, text: bytes) -> dict[str, Any]:
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
