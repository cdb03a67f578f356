"""An HTTP API event (payload format 2.0) as a request, and an answer as what the gateway expects back."""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import parse_qsl

from bridge.errors import Problem
from bridge.flows import problems

Headers = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Request:
    """`path` is without the stage and without a trailing slash; header names are lower case."""

    method: str
    path: str
    headers: Headers
    query: Mapping[str, str]
    body: bytes
    request_id: str
    source_ip: str = ""

    @classmethod
    def of(cls, event: Mapping[str, Any]) -> Self:
        """Raises Problem 400 when a body that is flagged as base64 is none."""
        context = event.get("requestContext", {})
        http = context.get("http", {})
        return cls(
            method=str(http.get("method", "GET")).upper(),
            path=path_of(event),
            headers={name.lower(): value for name, value in (event.get("headers") or {}).items()},
            query=dict(reversed(parse_qsl(event.get("rawQueryString") or "", keep_blank_values=True))),
            body=_body(event),
            request_id=str(context.get("requestId", "")),
            source_ip=str(http.get("sourceIp", "")),
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """`body` is text, or bytes when it is binary."""

    status: int
    body: str | bytes = ""
    content_type: str = "application/json"
    headers: Headers = field(default_factory=dict)

    def to_gateway(self, more: Headers | None = None) -> dict[str, Any]:
        """`more` are headers that hold for the route, such as CORS."""
        headers = {**self.headers, **(more or {})}
        if self.body:
            headers["Content-Type"] = self.content_type
        binary = isinstance(self.body, bytes)
        body = base64.b64encode(self.body).decode() if isinstance(self.body, bytes) else self.body
        return {"statusCode": self.status, "headers": headers, "body": body, "isBase64Encoded": binary}


def answer_json(status: int, document: Mapping[str, Any]) -> Answer:
    """Compact JSON."""
    return Answer(status, json.dumps(document, separators=(",", ":")))


def answer_problem(problem: Problem, path: str) -> Answer:
    """The documented body, with the wait where one helps."""
    document = problems.body(problem, instance=path)
    return Answer(problem.status, json.dumps(document), problems.CONTENT_TYPE, problems.retry_after(problem))


def path_of(event: Mapping[str, Any]) -> str:
    """A named stage stands in front of `rawPath`; the `$default` stage does not."""
    path, stage = str(event.get("rawPath", "/")), event.get("requestContext", {}).get("stage", "$default")
    if stage != "$default" and path.startswith(f"/{stage}/"):
        path = path.removeprefix(f"/{stage}")
    return path.rstrip("/") or "/"


def _body(event: Mapping[str, Any]) -> bytes:
    text = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return str(text).encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Problem(400, "MALFORMED_BODY", "The body could not be decoded.") from None
