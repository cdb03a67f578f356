"""Errors named by what happens next: the one vocabulary between clients, flows and the edges."""

from collections.abc import Sequence
from typing import Any


class BridgeError(Exception):
    """A failure with a reason a person can act on; `reason` is a stable code, `detail` a sentence."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


class Rejected(BridgeError):
    """Never again: the same input would fail the same way."""


class Retryable(BridgeError):
    """Nothing was taken: try later, not before `after` seconds when the vendor said so.

    `pauses` is true when the vendor's answer concerns every request of the installation (a 429 with a
    wait, facts of Braze's rate headers), not just this one.
    """

    def __init__(
        self, reason: str, detail: str = "", *, after: float | None = None, pauses: bool = False
    ) -> None:
        super().__init__(reason, detail)
        self.after = after
        self.pauses = pauses


class Blocked(BridgeError):
    """The installation is misconfigured: a person has to mend it, then the delivery can be replayed."""


class Unknown(BridgeError):
    """The request went out and no answer came: it may or may not have been applied."""


class TooLarge(BridgeError):
    """The vendor refused the request as a whole, for its size or for something in it: send it in halves."""


class Problem(Exception):
    """An answer of our own HTTP API that is not a success; `members` are further ones of its body."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        errors: Sequence[dict[str, Any]] = (),
        **members: object,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.errors = list(errors)
        self.members = members
