"""`bridge dead-letters` and `bridge replay`: what was given up, and another try for it."""

from collections import Counter
from itertools import islice
from typing import Annotated

import typer

from bridge_cli.api import Api, Json
from bridge_cli.errors import CliError, ExitCode, usage
from bridge_cli.lookup import installation
from bridge_cli.session import Session, commands
from bridge_cli.views import letters as views

MOST = 1000
"""Letters of one call."""

Called = Annotated[str, typer.Option("--integration", help="Id, name or key.")]
Reason = Annotated[str, typer.Option(help="A reason's code, such as unauthorized.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    commands(app, {"dead-letters": dead_letters, "replay": replay})


def dead_letters(
    session: Session,
    letter_id: Annotated[str, typer.Argument(metavar="[LETTER]", help="To see one with its body.")] = "",
    *,
    reason: Reason = "",
    called: Called = "",
    replayed: Annotated[
        bool, typer.Option("--replayed", help="Those that were replayed, instead of the open ones.")
    ] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, help="How many.")] = 50,
) -> None:
    """List what was given up and why, newest first, or show one letter."""
    if letter_id:
        one = session.api.get(f"/dead-letters/{letter_id}")
        session.screen.show(one, lambda: views.letter(one))
        return
    chosen = installation(session.api, called)["id"] if called else None
    status = "replayed" if replayed else "open"
    found = session.api.pages("/dead-letters", reason=reason or None, integration_id=chosen, status=status)
    rows = list(islice(found, lines))
    session.screen.show({"data": rows}, lambda: views.letters(rows))


def replay(
    session: Session,
    letters: Annotated[
        list[str] | None, typer.Argument(metavar="[LETTER]...", help="Ids; or --reason, or --all.")
    ] = None,
    *,
    reason: Reason = "",
    called: Called = "",
    every: Annotated[bool, typer.Option("--all", help="Every open letter, whatever its reason.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Send dead letters to the queue they came from, once what stopped them is mended."""
    if bool(letters) + bool(reason) + every != 1:
        raise usage("Give letters, or --reason, or --all.", "What there is: bridge dead-letters")
    if called and letters:
        raise usage("--integration goes with --reason or --all.")
    api, chosen = session.api, installation(session.api, called)["id"] if called else None
    orders = _orders(api, letters or [], reason, chosen)
    what = (
        f"{len(letters)} letters"
        if letters
        else f"all letters of {', '.join(one['reason'] for one in orders)}"
    )
    if orders and not yes and not session.screen.agreed(f"Replay {what}?", "Replay them with --yes."):
        raise CliError(ExitCode.WAITING, "Nothing was replayed.")
    done: Json = {"replayed": 0, "remaining": 0, "unmarked": []}
    for order in orders:
        told = _all_of(session, order)
        done = {name: done[name] + told[name] for name in done}
    session.screen.show(done, lambda: f"Replayed {done['replayed']}, still there {done['remaining']}.")
    if done["unmarked"]:
        session.screen.warn(f"Sent, but still shown as open: {', '.join(done['unmarked'])}")
    if done["remaining"]:
        raise CliError(
            ExitCode.UNAVAILABLE,
            f"{done['remaining']} letters could not be sent.",
            "Try again shortly: bridge replay",
        )


def _orders(api: Api, letters: list[str], reason: str, integration_id: str | None) -> list[Json]:
    """The bodies of the calls: by ids, or one for each reason."""
    if letters:
        return [{"ids": letters[start : start + MOST]} for start in range(0, len(letters), MOST)]
    found = (
        [reason]
        if reason
        else Counter(row["reason"] for row in api.pages("/dead-letters", integration_id=integration_id))
    )
    more = {"integration_id": integration_id} if integration_id else {}
    return [{"reason": one, **more} for one in sorted(found)]


def _all_of(session: Session, order: Json) -> Json:
    """Called again while there is a next page: what was sent, what is left, what was sent and could not be marked."""
    done: Json = {"replayed": 0, "remaining": 0, "unmarked": []}
    cursor = None
    with session.screen.progress() as progress:
        task = progress.add_task(f"replaying {order.get('reason', '')}", total=None, counted="")
        while True:
            answer = session.api.post(
                "/dead-letters/replay", {**order, **({"cursor": cursor} if cursor else {})}
            )
            done["replayed"] += answer["replayed"]
            done["unmarked"] += answer["unmarked"]
            done["remaining"], cursor = answer["remaining"], answer["next_cursor"]
            total = done["replayed"] + done["remaining"]
            progress.update(
                task, total=total, completed=done["replayed"], counted=f"{done['replayed']} of {total}"
            )
            if cursor is None:
                return done
