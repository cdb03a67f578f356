"""How a command ends: one number for each thing a script may want to do next."""

from enum import IntEnum
from typing import Any


class ExitCode(IntEnum):
    """Documented in docs/cli.md; a number never changes its meaning."""

    OK = 0
    FOUND = 1
    """It worked and the answer is bad: a check failed, a run was blocked, an event was refused."""
    USAGE = 2
    """The command was called wrongly, or asks something that nobody is there to answer."""
    NOT_LOGGED_IN = 3
    """No profile, no token, no stack."""
    REFUSED = 4
    """The token is wrong, has expired, or its role is too small."""
    NOT_FOUND = 5
    INVALID = 6
    """The API took it for wrong, or it clashes with what is there."""
    UNAVAILABLE = 7
    """No answer, too many requests or an error on the other side: worth another try."""
    AWS = 8
    """Credentials, bucket or stack."""
    WAITING = 9
    """Something waits for a person: nothing was sent."""
    TIMED_OUT = 10
    """`--timeout` ran out; what was watched goes on."""
    INTERRUPTED = 130


class CliError(Exception):
    """Ends the command: `message` says what is the matter, `hint` what to do next."""

    def __init__(
        self, exit_code: ExitCode, message: str, hint: str = "", *, code: str = "", status: int = 0
    ) -> None:
        super().__init__(message)
        self.exit_code = exit_code
        self.message = message
        self.hint = hint
        self.code = code or exit_code.name
        self.status = status

    def document(self) -> dict[str, Any]:
        """As `--json` writes it to the error stream."""
        told = {"code": self.code, "message": self.message, "hint": self.hint}
        return {"error": told | {"status": self.status or None, "exit_code": int(self.exit_code)}}


def usage(message: str, hint: str = "") -> CliError:
    """The command was called wrongly."""
    return CliError(ExitCode.USAGE, message, hint)
