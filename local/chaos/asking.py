"""JSON over HTTP that is asked again for as long as it takes: everything here dies now and then."""

import time
from typing import Any

import requests

TIMEOUT = (5.0, 40.0)
LONGEST_WAIT = 2.0


class Refused(RuntimeError):
    """An answer that asking again would not change."""


class Unanswered(Refused):
    """No answer in time, or none but that it should be asked again: what was asked may have been done."""


class Site:
    """One base address; every call must be one that can be repeated."""

    def __init__(self, base: str, bearer: str | None = None, *, patience: float = 60.0) -> None:
        """`patience`: seconds after which it is given up."""
        self._base = base.rstrip("/")
        self._session = requests.Session()
        self._patience = patience
        if bearer:
            self._session.headers["Authorization"] = f"Bearer {bearer}"

    def call(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """The decoded answer."""
        ends, wait = time.monotonic() + self._patience, 0.1
        while True:
            status, answer = self.once(method, path, body, **query)
            if status and status < requests.codes.bad_request:
                return answer
            again = not status or status == requests.codes.too_many or status >= requests.codes.server_error
            told = f"{method} {self._base}{path}: {status or 'no answer'} {str(answer)[:500]}"
            if not again:
                raise Refused(told)
            if time.monotonic() > ends:
                raise Unanswered(told)
            time.sleep(wait)
            wait = min(2 * wait, LONGEST_WAIT)

    def once(self, method: str, path: str, body: Any = None, **query: Any) -> tuple[int, Any]:
        """Status and document of one try; 0 without an answer."""
        try:
            answer = self._session.request(
                method, self._base + path, json=body, params=query or None, timeout=TIMEOUT
            )
            return answer.status_code, answer.json() if answer.content else None
        except requests.RequestException as error:
            return 0, type(error).__name__
