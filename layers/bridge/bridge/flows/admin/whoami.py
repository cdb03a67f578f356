"""Whose token this is: what a console or a script shows, and what it need not offer."""

from bridge.flows.admin.admin_api import Call
from bridge.flows.events.gateway import Answer, answer_json


def whoami(call: Call) -> Answer:
    """GET /v1/admin/whoami: `{"token_id","name","role","expires_at"}`; null for never."""
    actor = call.actor
    return answer_json(
        200,
        {
            "token_id": actor.token_id,
            "name": actor.name,
            "role": actor.role,
            "expires_at": actor.expires_at or None,
        },
    )
