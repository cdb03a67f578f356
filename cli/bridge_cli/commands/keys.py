"""`bridge sources`, `bridge tokens`, `bridge audit`: who may send, who may administer, who did."""

from itertools import islice
from typing import Annotated

import typer

from bridge_cli.errors import CliError, ExitCode, usage
from bridge_cli.screen import facts
from bridge_cli.session import Session, commands
from bridge_cli.views import letters as views

KINDS, ROLES = ("server", "browser"), ("viewer", "editor", "admin", "activator")

Name = Annotated[str, typer.Argument(help="So that you know it again.")]
Id = Annotated[str, typer.Argument(metavar="ID")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def add_to(app: typer.Typer) -> None:
    """Add the groups."""
    sources = typer.Typer(help="Where events come from, and their write keys.", no_args_is_help=True)
    tokens = typer.Typer(help="Admin tokens and their roles (role admin).", no_args_is_help=True)
    commands(sources, {"list": list_sources, "create": create_source, "delete": delete_source})
    commands(tokens, {"list": list_tokens, "create": create_token, "delete": delete_token})
    app.add_typer(sources, name="sources")
    app.add_typer(tokens, name="tokens")
    commands(app, {"audit": audit})


def list_sources(session: Session) -> None:
    """List sources, without their write keys."""
    rows = list(session.api.pages("/sources"))
    session.screen.show({"data": rows}, lambda: views.sources(rows))


def create_source(
    session: Session,
    name: Name,
    *,
    kind: Annotated[
        str, typer.Option(help="server, or browser: its key is public.", autocompletion=lambda: KINDS)
    ] = "server",
    test: Annotated[bool, typer.Option("--test", help="Feeds only installations that name it.")] = False,
    hmac: Annotated[bool, typer.Option("--hmac", help="With a secret to sign requests with.")] = False,
    use: Annotated[
        bool, typer.Option("--use", help="Keep the write key in the profile, for events send.")
    ] = False,
) -> None:
    """Make a source; its write key is shown this once."""
    if use and session.profile.name not in session.config.profiles:
        raise usage("--use needs a profile to keep the key in.", "Make one with: bridge login")
    made = session.api.post("/sources", {"name": name, "kind": kind, "test": test, "hmac": hmac})
    if use:
        kept = session.config.profiles[session.profile.name]
        changed = session.config.with_profile(session.profile.name, {**kept, "write_key": made["write_key"]})
        session.save(changed)
    session.screen.show(made, lambda: facts(made))


def delete_source(session: Session, source_id: Id, *, yes: Yes = False) -> None:
    """Delete a source; its write key is refused within a minute."""
    _delete(session, "sources", source_id, yes=yes)


def list_tokens(session: Session) -> None:
    """List admin tokens, expired ones included."""
    rows = list(session.api.pages("/tokens"))
    session.screen.show({"data": rows}, lambda: views.tokens(rows))


def create_token(
    session: Session,
    name: Name,
    *,
    role: Annotated[
        str, typer.Option(help="viewer, editor, admin or activator.", autocompletion=lambda: ROLES)
    ],
    days: Annotated[
        int | None, typer.Option(min=1, max=3650, help="It expires after so many; else never.")
    ] = None,
) -> None:
    """Make a token; it is shown this once."""
    body: dict[str, object] = {"name": name, "role": role}
    made = session.api.post("/tokens", body | ({"expires_in_days": days} if days else {}))
    session.screen.show(made, lambda: facts(made))


def delete_token(session: Session, token_id: Id, *, yes: Yes = False) -> None:
    """Revoke a token; it is refused within a minute."""
    _delete(session, "tokens", token_id, yes=yes)


def audit(
    session: Session,
    *,
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, help="How many.")] = 50,
) -> None:
    """Show who changed what, newest first (role admin)."""
    rows = list(islice(session.api.pages("/audit-logs"), lines))
    session.screen.show({"data": rows}, lambda: views.audit(rows))


def _delete(session: Session, what: str, one: str, *, yes: bool) -> None:
    if not yes and not session.screen.agreed(f"Delete {one}?", "Say so with --yes."):
        raise CliError(ExitCode.WAITING, "Nothing was deleted.")
    session.api.delete(f"/{what}/{one}")
    session.screen.show({"deleted": one}, lambda: f"Deleted: {one}")
