"""Whose token is in use, and what it may do."""

from bridge_cli.api import Api, Json
from bridge_cli.errors import CliError, ExitCode


def identity(api: Api) -> Json:
    """`{"token_id","name","role","expires_at"}`; raises CliError for a token that may only post activations."""
    try:
        return api.get("/whoami")
    except CliError as refused:
        if refused.status != 403:
            raise
        raise CliError(
            ExitCode.REFUSED,
            "This token may only post activations.",
            "Log in with one of role viewer or higher: bridge login",
            status=403,
        ) from None
