"""One HTTP session with timeouts, and an error that says what was asked and what came back."""

import time
from typing import Any

import requests

TIMEOUT = (5.0, 60.0)
TRIES = 6
AGAIN = frozenset({429, 502, 503, 504})


class Refused(RuntimeError):
    """An answer the demonstration cannot go on with."""


class Http:
    """JSON over one base address; what is refused for the moment is asked again: posts must be repeatable."""

    def __init__(self, base: str, headers: dict[str, str] | None = None) -> None:
        """Nothing is opened before the first call."""
        self._base = base.rstrip("/")
        self._session = requests.Session()
        self._session.headers.update(headers or {})

    def call(self, method: str, path: str, **request: Any) -> Any:
        """The decoded answer, or `Refused` with the first 500 characters of the body."""
        answer = self._answered(method, path, **request)
        return answer.json() if answer.content else None

    def text(self, method: str, path: str, **request: Any) -> str:
        """The answer as it is, or `Refused`."""
        return self._answered(method, path, **request).text

    def _answered(self, method: str, path: str, **request: Any) -> requests.Response:
        for attempt in range(TRIES):
            answer = self._once(method, path, **request)
            if answer is not None and answer.status_code not in AGAIN:
                return _accepted(method, path, answer)
            time.sleep(min(0.2 * 2**attempt, 5.0))
        status = "no connection" if answer is None else f"{answer.status_code} {answer.text[:500]}"
        raise Refused(f"{method} {self._base}{path}: {status} ({TRIES} tries)")

    def _once(self, method: str, path: str, **request: Any) -> requests.Response | None:
        try:
            return self._session.request(method, self._base + path, timeout=TIMEOUT, **request)
        except (requests.ConnectionError, requests.Timeout):
            return None


def _accepted(method: str, path: str, answer: requests.Response) -> requests.Response:
    if not answer.ok:
        raise Refused(f"{method} {path}: {answer.status_code} {answer.text[:500]}")
    return answer
