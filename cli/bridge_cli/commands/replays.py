"""`bridge replay` and `bridge replays`: another try for what was given up, followed to its end."""

from itertools import islice
from typing import Annotated

import typer

from bridge_cli.api import Json
from bridge_cli.errors import CliError, ExitCode, usage
from bridge_cli.lookup import installation
from bridge_cli.session import Session, commands
from bridge_cli.views import letters as views

MOST = 1000
"""Letters that one call takes by their ids."""
EVERY_SECONDS = 2.0

Called = Annotated[str, typer.Option("--integration", help="Id, name or key.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    commands(app, {"replay": replay, "replays": replays})


def replay(
    session: Session,
    letters: Annotated[
        list[str] | None, typer.Argument(metavar="[LETTER]...", help="Ids; or --reason, or --all.")
    ] = None,
    *,
    reason: Annotated[str, typer.Option(help="A reason's code, such as unauthorized.")] = "",
    called: Called = "",
    every: Annotated[bool, typer.Option("--all", help="Every open letter, whatever its reason.")] = False,
    held: Annotated[
        bool, typer.Option("--held", help="Also those that may have arrived: they could arrive twice.")
    ] = False,
    follow: Annotated[bool, typer.Option(help="Stay until it has ended.")] = True,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Send dead letters to the queue they came from, once what stopped them is mended."""
    if bool(letters) + bool(reason) + every != 1:
        raise usage("Give letters, or --reason, or --all.", "What there is: bridge dead-letters --count")
    if letters and (called or held):
        raise usage("--integration and --held go with --reason or --all.")
    if letters:
        _by_ids(session, letters, yes=yes)
        return
    chosen = installation(session.api, called)["id"] if called else None
    order = {name: value for name, value in (("reason", reason), ("integration_id", chosen)) if value}
    _asked(session, order, held=held, yes=yes)
    more = {"held": True} if held else {}
    one = session.api.post("/replays", {**(order or {"all": True}), **more})
    _told(session, _followed(session, one) if follow else one)


def replays(
    session: Session,
    replay_id: Annotated[str, typer.Argument(metavar="[REPLAY]", help="To follow one.")] = "",
    *,
    cancel: Annotated[bool, typer.Option("--cancel", help="End it; what it sent is sent.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, help="How many.")] = 20,
) -> None:
    """List replays, those under way first; or follow or cancel one."""
    if cancel and not replay_id:
        raise usage("--cancel goes with a replay.", "What there is: bridge replays")
    if cancel:
        one = session.api.post(f"/replays/{replay_id}/cancel")
        session.screen.show(one, lambda: views.replay(one))
        return
    if replay_id:
        _told(session, _followed(session, session.api.get(f"/replays/{replay_id}")))
        return
    rows = list(islice(session.api.pages("/replays"), lines))
    session.screen.show({"data": rows}, lambda: views.replays(rows))


def _asked(session: Session, order: Json, *, held: bool, yes: bool) -> None:
    """Say how many of what, and of what is left out; go on with a yes."""
    groups = session.api.get("/dead-letters/groups", **order)["data"]
    unsure = sum(one["count"] for one in groups if one["outcome"] == "unknown")
    wanted = [one for one in groups if held or one["outcome"] != "unknown"]
    if unsure and not held:
        session.screen.warn(f"{unsure} letters that may have arrived are left out; --held takes them in.")
    if not wanted or yes:
        return
    told = ", ".join(f"{one['count']:,} {one['reason']}" for one in wanted[:5])
    rest = f" and {len(wanted) - 5} more" if len(wanted) > 5 else ""
    count = sum(one["count"] for one in wanted)
    if not session.screen.agreed(f"Replay {count:,} letters ({told}{rest})?", "Replay them with --yes."):
        raise CliError(ExitCode.WAITING, "Nothing was replayed.")


def _followed(session: Session, one: Json) -> Json:
    """The replay at its end; whoever stops following leaves it under way."""
    with session.screen.progress() as progress:
        task = progress.add_task("replaying", total=one["total"], counted="")
        while one["status"] == "replaying":
            waits = f", waits for {one['waits_for']}" if one["waits_for"] else ""
            counted = f"{one['replayed']:,} of {one['total']:,}{waits}"
            progress.update(task, total=one["total"], completed=one["replayed"], counted=counted)
            session.world.wait(EVERY_SECONDS)
            one = session.api.get(f"/replays/{one['id']}")
    return one


def _told(session: Session, one: Json) -> None:
    session.screen.show(one, lambda: views.replay(one))
    if one["failed"]:
        raise CliError(
            ExitCode.UNAVAILABLE,
            f"{one['failed']} letters could not be sent.",
            "Look at them with: bridge dead-letters",
        )


def _by_ids(session: Session, letters: list[str], *, yes: bool) -> None:
    if not yes and not session.screen.agreed(f"Replay {len(letters)} letters?", "Replay them with --yes."):
        raise CliError(ExitCode.WAITING, "Nothing was replayed.")
    done: Json = {"replayed": 0, "remaining": 0, "unmarked": []}
    left = list(letters)
    while left:
        part, left = left[:MOST], left[MOST:]
        answer = session.api.post("/dead-letters/replay", {"ids": part})
        done = {name: done[name] + answer[name] for name in done}
        if answer["remaining"] and answer["replayed"]:  # it ran out of time
            done["remaining"] -= answer["remaining"]
            left = part + left
    session.screen.show(done, lambda: f"Replayed {done['replayed']}, still there {done['remaining']}.")
    if done["unmarked"]:
        session.screen.warn(f"Sent, but still shown as open: {', '.join(done['unmarked'])}")
    if done["remaining"]:
        raise CliError(
            ExitCode.UNAVAILABLE,
            f"{done['remaining']} letters could not be sent.",
            "Try again shortly: bridge replay",
        )
