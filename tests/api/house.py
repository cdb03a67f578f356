"""What a run of the tests makes for itself on the running stack, and takes away again."""

import hashlib
import hmac
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from itertools import count
from typing import Any, Protocol

import requests

from local.demo.stack import Stack

ROLES = ("viewer", "editor", "admin", "activator")
SECONDS = 60
BUDGET, FEW = 75, 12
"""Seconds after which an operation that was asked so often is asked no more."""
NO_ROUTES = b'{"message":"Not Found"}'


class Answered(Protocol):
    """An answer of whichever library asked."""

    @property
    def status_code(self) -> int: ...
    @property
    def content(self) -> bytes: ...


@dataclass
class House:
    """Everything carries `prefix` in its name; no source feeds its installations, no installation its source."""

    stack: Stack
    prefix: str = field(default_factory=lambda: f"api-test-{uuid.uuid4().hex[:8]}")
    session: requests.Session = field(default_factory=requests.Session)
    tokens: dict[str, str] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    began: float = field(default_factory=time.monotonic)
    left_out: int = 0
    write_key: str = ""
    hmac_secret: str = ""
    _made: list[str] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=count)

    def furnish(self) -> None:
        for role in ROLES:
            self.tokens[role] = self.make("tokens", {"name": f"{self.prefix} {role}", "role": role})["token"]
        source = {"name": self.prefix, "kind": "server", "test": True, "hmac": True}
        made = self.make("sources", source)
        self.ids["source"], self.write_key, self.hmac_secret = (
            made["id"],
            made["write_key"],
            made["hmac_secret"],
        )
        keys = {
            "actioniq": {
                "api_key": "aiq_xxxxxxxxxxxxxxxxxxxx",
                "account_id": "a",
                "destination_id": "dest-12345",
            },
            "braze": {"rest_api_key": "brz_local_key", "rest_endpoint": self.stack.braze_url},
        }
        for name, key in {"actioniq": "actioniq", "braze": "braze", "journeys": "braze"}.items():
            body = {"name": f"{self.prefix} {name}", "config": keys[key], "sources": []}
            self.ids[name] = self.make(f"integration-catalog/{key}/install", body, "integrations")["id"]
        nobodys = self.admin("POST", "replays", json={"integration_id": self.ids["journeys"]})
        self.ids["replay"] = nobodys.json()["id"]
        for kind, listed in {
            "run": "audience-runs",
            "delivery": "live-events",
            "letter": "dead-letters",
        }.items():
            for one in self.admin("GET", f"{listed}?limit=1").json()["data"]:
                self.ids[kind] = one.get("id") or one["delivery_id"]

    def make(self, path: str, body: dict[str, Any], kept_at: str = "") -> dict[str, Any]:
        answer = self.admin("POST", path, json=body)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        self._made.append(f"{kept_at or path}/{made['id']}")
        return made

    def admin(self, method: str, path: str, **more: Any) -> requests.Response:
        url, headers = f"{self.stack.api_url}/v1/admin/{path}", bearer(self.stack.admin_token)
        return self.ask(lambda: self.session.request(method, url, headers=headers, timeout=SECONDS, **more))

    def enough(self, name: str, *, rightly: bool) -> bool:
        """On a busy machine an operation is asked until it has succeeded and a few things were asked of it."""
        answers = {status: number for (one, status), number in self.statuses.items() if one == name}
        done = sum(answers.values()) >= FEW and not (rightly and min(answers) >= HTTPStatus.BAD_REQUEST)
        over = done and time.monotonic() - self.began > BUDGET
        self.left_out += over
        return over

    def ask[A: Answered](self, call: Callable[[], A]) -> A:
        """Ask again while somebody deploys: where $default stands, only a gateway without routes says 404."""
        for _ in range(SECONDS):
            try:
                answer = call()
            except requests.ConnectionError:
                time.sleep(1)
                continue
            if answer.status_code != HTTPStatus.BAD_GATEWAY and answer.content != NO_ROUTES:
                return answer
            time.sleep(1)
        return call()

    def discard(self, path: str, made_id: str) -> None:
        """Take away at once what a generated request made."""
        kept_at = "integrations" if path.endswith("/install") else path.rpartition("/")[2]
        assert self.admin("DELETE", f"{kept_at}/{made_id}").status_code == 204, path

    def clear(self) -> None:
        for path in reversed(self._made):
            assert self.admin("DELETE", path).status_code in {204, 404}, path
        self.session.close()

    def report(self) -> str:
        kinds: Counter[str] = Counter()
        for (_, status), number in self.statuses.items():
            kinds[f"{status // 100}xx"] += number
        told = ", ".join(f"{kinds[kind]} x {kind}" for kind in sorted(kinds))
        operations = len({name for name, _ in self.statuses})
        left = f"; {self.left_out} left out after {BUDGET} s" if self.left_out else ""
        return f"api: {operations} operations, {kinds.total()} requests: {told}{left}"

    def turn(self) -> int:
        """0, 1, 2, …: the same in each run, as cases come in the same order."""
        return next(self._numbers)


@dataclass(frozen=True)
class Signed(requests.auth.AuthBase):
    """Signs the body as it goes out."""

    write_key: str
    secret: str

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        body = request.body or b""
        raw = body.encode() if isinstance(body, str) else body
        at = str(int(time.time() * 1000))
        mac = hmac.new(self.secret.encode(), at.encode() + b"." + raw, hashlib.sha256)
        headers = {"Authorization": f"Bearer {self.write_key}", "X-Timestamp": at}
        request.headers.update(headers | {"X-Signature": f"sha256={mac.hexdigest()}"})
        return request


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
