"""`POST /v1/activations`: who may order, and the answer as HTTP."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bridge.errors import Problem
from bridge.flows.authorize import Role, allows, bearer
from bridge.flows.events.activate import Activator
from bridge.flows.events.decode import document, inflated
from bridge.flows.events.gateway import Answer, Request
from bridge.flows.events.orders import read_order
from bridge.flows.events.write_keys import WRITE_KEY_PREFIX, SigningSecrets, Sources, signed_source


class Token(Protocol):
    """Whose token it is, as far as this door asks."""

    @property
    def role(self) -> str: ...


class Tokens(Protocol):
    """Knows the tokens that were given out."""

    def by_token(self, token: str) -> Token | None: ...


@dataclass(frozen=True, slots=True)
class ActivationDoor:
    """Checks who orders before it reads what is ordered."""

    tokens: Tokens
    sources: Sources
    secrets: SigningSecrets
    activator: Activator

    def answer(self, request: Request, now: datetime) -> Answer:
        """202 with the row by row outcome. Raises Problem."""
        self._admit(request, now)
        order = read_order(document(inflated(request.body)))
        return Answer(202, self.activator.carry_out(order, now))

    def _admit(self, request: Request, now: datetime) -> None:
        if "x-signature" in request.headers:
            now_ms = int(now.timestamp() * 1000)
            signed_source(request.headers, request.body, self.sources, self.secrets, now_ms)
            return
        token = bearer(request.headers)
        if token is None:
            raise Problem(
                401, "UNAUTHORIZED", "An activation needs a token of role activator or a signature."
            )
        if token.startswith(WRITE_KEY_PREFIX):
            raise Problem(403, "WRITE_KEY_NOT_ALLOWED", "A write key alone cannot order an activation.")
        found = self.tokens.by_token(token)
        if found is None:
            raise Problem(401, "INVALID_TOKEN", "The token is unknown or expired.")
        if not allows(found.role, Role.ACTIVATOR):
            raise Problem(403, "FORBIDDEN", f"The role {found.role} cannot order activations.")
