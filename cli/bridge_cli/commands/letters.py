"""`bridge dead-letters`: what was given up, and why."""

from itertools import islice
from typing import Annotated

import typer

from bridge_cli.lookup import installation
from bridge_cli.session import Session, commands
from bridge_cli.views import letters as views

Called = Annotated[str, typer.Option("--integration", help="Id, name or key.")]
Reason = Annotated[str, typer.Option(help="A reason's code, such as unauthorized.")]


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    commands(app, {"dead-letters": dead_letters})


def dead_letters(
    session: Session,
    letter_id: Annotated[str, typer.Argument(metavar="[LETTER]", help="To see one with its body.")] = "",
    *,
    reason: Reason = "",
    called: Called = "",
    replayed: Annotated[
        bool, typer.Option("--replayed", help="Those that were replayed, instead of the open ones.")
    ] = False,
    held: Annotated[bool, typer.Option("--held", help="Only those that may have arrived.")] = False,
    count: Annotated[
        bool, typer.Option("--count", help="How many there are of each kind, instead of the letters.")
    ] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, help="How many.")] = 50,
) -> None:
    """List what was given up and why, newest first, or count it, or show one letter."""
    if letter_id:
        one = session.api.get(f"/dead-letters/{letter_id}")
        session.screen.show(one, lambda: views.letter(one))
        return
    wanted = {
        "reason": reason or None,
        "integration_id": installation(session.api, called)["id"] if called else None,
        "outcome": "unknown" if held else None,
        "status": "replayed" if replayed else "open",
    }
    if count:
        groups = session.api.get("/dead-letters/groups", **wanted)
        session.screen.show(groups, lambda: views.groups(groups))
        return
    rows = list(islice(session.api.pages("/dead-letters", **wanted), lines))
    session.screen.show({"data": rows}, lambda: views.letters(rows))
