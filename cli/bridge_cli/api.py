"""The HTTP API: what is asked, how often it may be asked again, and what its refusals mean."""

import base64
import gzip
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode

from bridge_cli import VERSION
from bridge_cli.errors import CliError, ExitCode
from bridge_cli.hints import failure
from bridge_cli.transport import Answer, Transport, Unreachable

Json = dict[str, Any]

ADMIN = "/v1/admin"
PAGE = 100
_PAUSES = (0.5, 1.0, 2.0)
_LONGEST_PAUSE = 30.0
_AGAIN = {429, 502, 503, 504}


@dataclass(frozen=True, slots=True)
class Api:
    """`wait` sleeps; a request that may not be repeated is sent again only where it cannot have arrived."""

    transport: Transport
    url: str
    token: str
    wait: Callable[[float], None]

    def get(self, path: str, **query: str | int | None) -> Json:
        """One object."""
        return self._json("GET", ADMIN + path + _query(query))

    def pages(self, path: str, **query: str | int | None) -> Iterator[Json]:
        """Every row of a list, asked for page by page as they are taken."""
        cursor: str | None = None
        while True:
            page = self.get(path, **{"limit": PAGE, **query, "cursor": cursor})
            yield from page["data"]
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def post(self, path: str, body: Any = None, *, again: bool = False, key: str = "") -> Json:
        """`again`: sending it twice does no harm; `key` is an Idempotency-Key, which makes it so."""
        headers = {"Idempotency-Key": key} if key else {}
        return self._json("POST", ADMIN + path, body or {}, headers, again=again or bool(key))

    def patch(self, path: str, body: Any) -> Json:
        """A change; the API answers with the object as it then is."""
        return self._json("PATCH", ADMIN + path, body)

    def delete(self, path: str) -> None:
        """Deleting twice is a 404, which is what was wanted."""
        self._ask("DELETE", ADMIN + path, None, self._bearer())

    def batch(self, events: Sequence[Json], write_key: str) -> Json:
        """Events under a write key; their message ids make it harmless to send them again."""
        credentials = base64.b64encode(f"{write_key}:".encode()).decode()
        headers = {"Authorization": f"Basic {credentials}", "Content-Encoding": "gzip"}
        body = gzip.compress(json.dumps({"batch": list(events)}).encode(), 6)
        return read(self._ask("POST", "/v1/batch", body, headers, again=True))

    def description(self) -> Answer:
        """The API's own OpenAPI document, which anyone may read."""
        return self._ask("GET", "/v1/openapi.json", None, {})

    def settings(self, write_key: str) -> Answer:
        """What SDKs ask for first: 200 when the write key is known."""
        return self._ask("GET", f"/v1/projects/{quote(write_key, safe='')}/settings", None, {})

    def file(self, path: str, **query: str) -> bytes:
        """A document as it is; where it is too long for the API it comes from a link, which the token is no part of."""
        answer = self._ask("GET", ADMIN + path + _query(query), None, self._bearer(), elsewhere=True)
        if answer.status != HTTPStatus.SEE_OTHER:
            return answer.body
        linked = self._send("GET", answer.headers["location"], None, {}, again=True)
        if linked.status != HTTPStatus.OK:
            raise CliError(
                ExitCode.UNAVAILABLE,
                f"The link to it was refused ({linked.status}).",
                "Links hold for 15 minutes; ask again.",
            )
        return linked.body

    def _json(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        *,
        again: bool = False,
    ) -> Json:
        raw = None if body is None else json.dumps(body).encode()
        return read(self._ask(method, path, raw, {**self._bearer(), **(headers or {})}, again=again))

    def _bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def _ask(
        self,
        method: str,
        path: str,
        body: bytes | None,
        headers: Mapping[str, str],
        *,
        again: bool = False,
        elsewhere: bool = False,
    ) -> Answer:
        again = again or method in {"GET", "DELETE"}
        answer = self._send(method, self.url + path, body, headers, again=again)
        if 200 <= answer.status < 300 or (elsewhere and answer.status == HTTPStatus.SEE_OTHER):
            return answer
        raise failure(answer, path)

    def _send(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str], *, again: bool
    ) -> Answer:
        """As often as is harmless, with the pauses the other side asks for."""
        carried = {"User-Agent": f"signal-bridge-cli/{VERSION}", "Accept": "application/json", **headers}
        if body is not None:
            carried["Content-Type"] = "application/json"
        for pause in (*_PAUSES, None):
            try:
                answer = self.transport.send(method, url, carried, body)
            except Unreachable as error:
                if pause is None or (error.sent and not again):
                    raise _unreachable(self.url, error) from None
            else:
                if pause is None or not again or answer.status not in _AGAIN:
                    return answer
                pause = max(pause, _asked_for(answer))  # noqa: PLW2901 - the other side knows better
            self.wait(pause)
        raise AssertionError("the last try returns or raises")


def read(answer: Answer) -> Json:
    """The JSON object of an answer; raises CliError when it is none."""
    try:
        found = json.loads(answer.body or b"{}")
    except ValueError:
        found = None
    if isinstance(found, dict):
        return found
    raise CliError(
        ExitCode.UNAVAILABLE,
        "What answered is not this API.",
        "Compare the address with the stack's output ApiUrl, and log in again with: bridge login",
    )


def _query(query: Mapping[str, str | int | None]) -> str:
    given = {name: str(value) for name, value in query.items() if value is not None}
    return "?" + urlencode(given) if given else ""


def _asked_for(answer: Answer) -> float:
    told = answer.headers.get("retry-after", "")
    return min(float(told), _LONGEST_PAUSE) if told.isdecimal() else 0.0


def _unreachable(url: str, error: Unreachable) -> CliError:
    local = "localhost" in url or "127.0.0.1" in url
    hint = "Is the stack up? make up" if local else "Check the address and your network, then: bridge doctor"
    return CliError(ExitCode.UNAVAILABLE, f"{url}: {error}.", hint, code="UNREACHABLE")
