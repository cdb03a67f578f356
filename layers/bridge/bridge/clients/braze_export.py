"""Reading profiles back: POST /users/export/ids, a call with a rate limit of its own."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from pydantic import SecretStr

from bridge.clients import braze_answers as answers
from bridge.clients.rates import Rate, rate
from bridge.clients.statuses import refusal, successful
from bridge.clients.transport import Transport
from bridge.errors import Blocked, TooLarge

NOT_PERMITTED = "users_export_ids_missing"
_DENIED = frozenset({401, 403})


@dataclass(frozen=True, slots=True)
class Exported:
    """The profiles found, by identifier, and the ids Braze does not know; what is in neither was not answered."""

    users: Mapping[str, Mapping[str, Any]]
    unknown: frozenset[str]
    rate: Rate | None = None


@dataclass(frozen=True, slots=True)
class BrazeExports:
    """Reads with the endpoint and key of one workspace; raises the errors of `bridge.errors`."""

    transport: Transport
    clock: Callable[[], datetime]

    def export(
        self,
        endpoint: str,
        key: SecretStr,
        ids: Sequence[str],
        fields: Sequence[str],
        *,
        identifier: Literal["external_id", "braze_id"],
    ) -> Exported:
        """Up to 50 external ids, or one braze_id; `fields` are always named, which the fast lane asks for.

        Raises Blocked(`users_export_ids_missing`) for 401 and 403, TooLarge when fewer ids have to be asked for.
        """
        if identifier == "braze_id" and len(ids) != 1:
            raise ValueError("braze_id takes one id a call")
        # Numbers would be found and called invalid all the same.
        named = (
            {"external_ids": [str(one) for one in ids]}
            if identifier == "external_id"
            else {"braze_id": ids[0]}
        )
        base = endpoint.rstrip("/") if "://" in endpoint else f"https://{endpoint.rstrip('/')}"
        answer = self.transport.send(
            "POST",
            f"{base}/users/export/ids",
            headers={"Authorization": f"Bearer {key.get_secret_value()}", "Content-Type": "application/json"},
            body=json.dumps({**named, "fields_to_export": list(fields)}, separators=(",", ":")).encode(),
        )
        if answer.status in _DENIED:
            raise Blocked(
                NOT_PERMITTED,
                f"Braze answered {answer.status} to /users/export/ids: "
                "the key is invalid or lacks the permission users.export.ids",
            )
        if (error := refusal(answer, self.clock())) is not None:
            raise error
        if answer.cut:
            raise TooLarge("answer_too_large", "the profiles together are larger than an answer may be")
        parsed = answer.json()
        if not successful(answer.status):
            answers.fatal(answer.status, parsed)
        answers.confirmed(answer.status, parsed)
        return _read(parsed, identifier, ids, rate(answer.headers, self.clock()))


def _read(body: Mapping[str, Any], identifier: str, ids: Sequence[str], told: Rate | None) -> Exported:
    # Order is not promised, and an id may be found and listed as invalid at once: a profile that came counts.
    found = [user for user in body.get("users") or () if isinstance(user, dict)]
    users = {str(user[identifier]): user for user in found if user.get(identifier) is not None}
    invalid = {str(one) for one in body.get("invalid_user_ids") or ()}
    if identifier == "braze_id" and not users:
        invalid.update(ids)
    return Exported(users, frozenset(invalid - users.keys()), told)
