"""From an answer that is no success to one sentence and what to do next."""

import json
from typing import Any

from bridge_cli.errors import CliError, ExitCode
from bridge_cli.transport import Answer

_EXITS = {
    400: ExitCode.INVALID,
    401: ExitCode.REFUSED,
    403: ExitCode.REFUSED,
    404: ExitCode.NOT_FOUND,
    405: ExitCode.INVALID,
    409: ExitCode.INVALID,
    413: ExitCode.INVALID,
    422: ExitCode.INVALID,
}

_BY_CODE = {
    "DUPLICATE_NAME": "Choose another name with --name, or look at it with: bridge integrations",
    "REVISION_CONFLICT": "Run the command again.",
    "TEST_FAILED": "Nothing was saved. Mend the key at the vendor, or install without --test.",
    "TEST_UNANSWERED": "Nothing was saved. Try again shortly, or install without --test.",
    "AUDIENCE_BUSY": "Watch it to its end with: bridge runs watch",
    "ALREADY_CURRENT": "There is nothing to go back to; earlier runs: bridge runs list",
    "NOT_DONE": "Only a run that is done can be gone back to: bridge runs list",
    "NO_REPORT": "Watch it to its end with: bridge runs watch",
    "NO_PLAN": "See where it stands with: bridge runs show",
    "NOT_WAITING": "See where it stands with: bridge runs show",
    "ALREADY_ENDED": "See how it ended with: bridge runs report",
    "IDEMPOTENCY_KEY_IN_USE": "Wait a few seconds, then look at: bridge integrations",
    "INVALID_WRITE_KEY": "Make a source and its key with: bridge sources create",
    "FORBIDDEN": "Log in with a token of that role; an admin makes one with: bridge tokens create",
}

_BY_STATUS = {
    401: "It may be wrong, expired or revoked. Log in again with: bridge login",
    403: "It may be wrong, expired or deleted. Log in again with: bridge login",
    413: "Send it in smaller pieces.",
    429: "The stack is asked more than its limits allow; try again shortly.",
    500: "The function's log has the reason. See what else is wrong with: bridge doctor",
    502: "The stack does not answer. See what is wrong with: bridge doctor",
    503: "Try again shortly; if it lasts, see what is wrong with: bridge doctor",
    504: "Try again shortly; if it lasts, see what is wrong with: bridge doctor",
}

_LISTS = {
    "integration-catalog": "bridge catalog",
    "integrations": "bridge integrations",
    "sources": "bridge sources list",
    "tokens": "bridge tokens list",
    "live-events": "bridge events tail",
    "dead-letters": "bridge dead-letters",
    "audience-runs": "bridge runs list",
}


def failure(answer: Answer, path: str) -> CliError:
    """Both bodies are understood: our problem documents and the gateway's own `{"message"}`."""
    problem = _document(answer)
    status, code = answer.status, str(problem.get("code") or "")
    exit_code = _EXITS.get(status, ExitCode.UNAVAILABLE)
    return CliError(exit_code, _message(problem, status), _hint(status, code, path), code=code, status=status)


def _document(answer: Answer) -> dict[str, Any]:
    try:
        found = json.loads(answer.body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _message(problem: dict[str, Any], status: int) -> str:
    faults = [_fault(one) for one in problem.get("errors") or () if isinstance(one, dict)]
    checks = (problem.get("test") or {}).get("checks", ())
    faults += [
        f"{one['permission']}: {one['hint'] or one['reason']}" for one in checks if one["status"] != "ok"
    ]
    if faults:
        return "\n".join(faults)
    if status in {401, 403} and not problem.get(
        "code"
    ):  # the gateway's own: the authorizer knows no such token
        return "The token was refused."
    return str(problem.get("detail") or problem.get("message") or f"The API answered {status}.")


def _fault(one: dict[str, Any]) -> str:
    where = str(one.get("pointer", "")).strip("/").replace("/", ".") or (
        f"event {one['index']}" if "index" in one else ""
    )
    said = str(one.get("detail") or one.get("message") or one.get("code") or "is wrong")
    return said if not where or where.rpartition(".")[2] in said else f"{where}: {said}"


def _hint(status: int, code: str, path: str) -> str:
    if code in _BY_CODE:
        return _BY_CODE[code]
    if status == 404:
        listing = next((told for part, told in _LISTS.items() if f"/{part}" in path), "")
        return f"What there is: {listing}" if listing else "Check the address: bridge login"
    return _BY_STATUS.get(status, "")
