"""One call of the admin API: who asks, what for, and how each kind of failure is answered."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from pydantic_core import from_json

from bridge.errors import Problem, Rejected, Retryable
from bridge.flows.authorize import Role, allows
from bridge.flows.events.gateway import Answer, Request, answer_problem, path_of

MAX_BODY = 1024 * 1024
"""Bytes: more than any admin call needs, less than what could hurt."""

_REJECTIONS = {
    "not_found": (404, "NOT_FOUND", "It does not exist, or was deleted."),
    "name_taken": (409, "DUPLICATE_NAME", "Another one has this name."),
    "revision_conflict": (
        409,
        "REVISION_CONFLICT",
        "Somebody else changed it at the same moment; read it again.",
    ),
    "not_waiting": (409, "NOT_WAITING", "It does not wait for approval any more."),
    "already_ended": (409, "ALREADY_ENDED", "It has ended."),
    "idempotency_key_in_use": (
        409,
        "IDEMPOTENCY_KEY_IN_USE",
        "The first call with this key is still running.",
    ),
}


@dataclass(frozen=True, slots=True)
class Actor:
    """Who calls: the authorizer vouches for role, token id and name."""

    role: str
    token_id: str
    name: str
    ip_address: str = ""
    user_agent: str = ""
    expires_at: str = ""

    @classmethod
    def of(cls, event: Mapping[str, Any]) -> Self:
        """Without an authorizer's word the role is empty and may do nothing."""
        context = event.get("requestContext", {})
        vouched = (context.get("authorizer") or {}).get("lambda") or {}
        http = context.get("http", {})
        return cls(
            role=str(vouched.get("role", "")),
            token_id=str(vouched.get("token_id", "")),
            name=str(vouched.get("name", "")),
            ip_address=str(http.get("sourceIp", "")),
            user_agent=str(http.get("userAgent", ""))[:256],
            expires_at=str(vouched.get("expires_at", "")),
        )


@dataclass(frozen=True, slots=True)
class Call:
    """`params` are the named parts of the path."""

    actor: Actor
    params: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def document(self) -> dict[str, Any]:
        """The body as a JSON object. Raises Problem 400 (nesting beyond 200 levels included), 413 or 422."""
        if len(self.body) > MAX_BODY:
            raise Problem(413, "BODY_TOO_LARGE", f"The body may have at most {MAX_BODY} bytes.")
        try:
            document = from_json(self.body, allow_inf_nan=False)
        except ValueError:
            raise Problem(400, "MALFORMED_JSON", "The body is not valid JSON.") from None
        if not isinstance(document, dict):
            raise Problem(422, "VALIDATION_FAILED", "The body must be a JSON object.")
        return document


@dataclass(frozen=True, slots=True)
class Route:
    """`path` names its variable parts as `<name>`; `needs` is the least role that may call it."""

    method: str
    path: str
    needs: Role
    act: Callable[[Call], Answer]


def serve(route: Route, event: Mapping[str, Any], params: Mapping[str, str]) -> Answer:
    """Check the role, act, and turn a failure we foresaw into its answer; others are the caller's to log."""
    try:
        return _acted(route, event, params)
    except Problem as problem:
        return answer_problem(problem, path_of(event))
    except Rejected as rejected:
        return answer_problem(rejection(rejected), path_of(event))
    except Retryable as failure:
        return answer_problem(Problem(503, failure.reason.upper(), "Try again shortly."), path_of(event))


def _acted(route: Route, event: Mapping[str, Any], params: Mapping[str, str]) -> Answer:
    request, actor = Request.of(event), Actor.of(event)
    if not allows(actor.role, route.needs):
        raise Problem(403, "FORBIDDEN", f"This needs the role {route.needs.value}.")
    return route.act(Call(actor, params, request.query, request.headers, request.body))


def rejection(rejected: Rejected) -> Problem:
    """A store's refusal as an answer; what has no row of its own is a 422."""
    unlisted = (422, rejected.reason.upper(), rejected.detail or "It cannot be done.")
    return Problem(*_REJECTIONS.get(rejected.reason, unlisted))


def invalid(errors: list[dict[str, str]]) -> Problem:
    """Well formed, but not what is asked for: one entry per field at fault (`problems.at`)."""
    return Problem(422, "VALIDATION_FAILED", "; ".join(error["detail"] for error in errors), errors)


def missing(what: str) -> Problem:
    """`what` is a word of the domain: installation, source, token, delivery, letter, run."""
    return Problem(404, "NOT_FOUND", f"There is no such {what}.")
