"""The one body of every answer that is not a success.

It satisfies three readers at once: RFC 9457 (`type, title, status, detail, instance`), Signal's envelope
(`error.code`, `error.message`) and the event SDKs, one of which resends for ever when `code` and `message`
are missing at the top.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from bridge.errors import Problem

CONTENT_TYPE = "application/problem+json"


def body(problem: Problem, *, instance: str = "") -> dict[str, Any]:
    """`instance` is the path that was asked for; `errors` holds one entry per field or event at fault."""
    return {
        "type": "about:blank",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.message,
        "instance": instance,
        "code": problem.code,
        "message": problem.message,
        "errors": problem.errors,
        "error": {"code": problem.code, "message": problem.message},
        **problem.members,
    }


def at(pointer: str, code: str, detail: str) -> dict[str, str]:
    """One entry of `errors`: `pointer` is a JSON pointer into the body that was sent."""
    return {"pointer": pointer, "code": code, "detail": detail}


def unexpected() -> Problem:
    """What a caller is told when the fault is ours; the cause goes to the log alone."""
    return Problem(500, "INTERNAL_ERROR", "Something failed on our side; the log has the request id.")


def not_found(path: str) -> Problem:
    """No route has this path."""
    return Problem(404, "NOT_FOUND", f"There is nothing at {path}.")


def retry_after(problem: Problem) -> Mapping[str, str]:
    """Whole seconds, because two of the SDKs read nothing else."""
    return {"Retry-After": "5"} if problem.status in {429, 503} else {}
