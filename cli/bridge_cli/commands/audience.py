"""`bridge audience`: a file of members on its way to Braze, seen and agreed to before anything is sent."""

from pathlib import Path
from typing import Annotated

import typer

from bridge_cli.api import Json
from bridge_cli.commands.member_options import Members
from bridge_cli.commands.runs import Timeout, approve
from bridge_cli.commands.watching import followed, followed_on, watch
from bridge_cli.errors import CliError, ExitCode
from bridge_cli.export import Export
from bridge_cli.following import WAITING, ending
from bridge_cli.members import Part
from bridge_cli.pushing import Moved, Uploader
from bridge_cli.session import Session, commands
from bridge_cli.views import runs as views


def add_to(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="Send audiences to Braze.", no_args_is_help=True)
    commands(group, {"push": push, "plan": plan, "approve": approve})
    app.add_typer(group, name="audience")


def push(
    session: Session,
    file: Annotated[
        Path, typer.Argument(help="Members: .csv or .jsonl (each maybe .gz or .zst), or .parquet.")
    ],
    members: Members,
    *,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Do not ask; what needs approval still waits.")
    ] = False,
    approved: Annotated[
        bool, typer.Option("--approve", help="With --yes: approve what the plan waits for.")
    ] = False,
    timeout: Timeout = 0,
) -> None:
    """Upload members, show the plan, ask, follow the run, print its report."""
    if not yes:
        session.screen.need_person(
            "send the plan?", "Send it with --yes, or look first: bridge audience plan"
        )
    uploader, export, made = _uploaded(session, file, members)
    agreed = {one["code"] for one in _agreed(session, uploader, export, made, timeout)} if not yes else set()
    run = followed(session, uploader.start(export, made, dry_run=False), timeout)
    if run["status"] in WAITING and (approved or _codes(run) <= agreed):
        session.api.post(f"/audience-runs/{run['id']}/approve", again=True)
        run = followed_on(session, run, timeout)
    _finished(session, run, timeout)


def plan(
    session: Session,
    file: Annotated[Path, typer.Argument(metavar="FILE|RUN", help="Members, or the id of a run.")],
    members: Members,
    *,
    timeout: Timeout = 0,
) -> None:
    """Upload members and show what a push of them would do; nothing is sent. Or show the plan of a run."""
    if str(file).startswith("run_"):
        run = session.api.get(f"/audience-runs/{file}")
    else:
        uploader, export, made = _uploaded(session, file, members)
        run = _planned(session, uploader.start(export, made, dry_run=True), timeout)
    session.screen.show(run, lambda: views.run(run))


def _uploaded(session: Session, file: Path, members: Members) -> tuple[Uploader, Export, list[Part]]:
    export = members.export(session, file)
    bucket = session.profile.bucket
    if not bucket:
        raise CliError(
            ExitCode.NOT_LOGGED_IN,
            "The profile names no export bucket.",
            "Log in with --stack NAME or --bucket (the stack's output ExportBucketName), or set BRIDGE_BUCKET.",
        )
    uploader, size = Uploader(session.account, bucket), file.stat().st_size
    with session.screen.progress() as progress:
        read = progress.add_task("reading", total=size, counted=f"{size:,} bytes")
        sent = progress.add_task("uploading", total=None, counted="")
        moved = Moved(
            lambda count: progress.advance(read, count),
            lambda count: progress.advance(sent, count),
        )
        made = uploader.parts(file, members.layout(), export, moved)
    rows = None if any(one.rows is None for one in made) else sum(one.rows or 0 for one in made)
    session.screen.say(
        f"Uploaded {len(made)} part{'s' * (len(made) != 1)}{'' if rows is None else f', {rows:,} rows'}."
    )
    return uploader, export, made


def _agreed(
    session: Session, uploader: Uploader, export: Export, made: list[Part], timeout: float
) -> list[Json]:
    """What the plan waits for, which the answer yes approves; raises CliError when it is no."""
    run = _planned(session, uploader.start(export, made, dry_run=True), timeout)
    for part in views.plan(run):
        session.screen.tell(part)
    waits: list[Json] = run["plan"]["waits_for"]
    if not run["plan"]["requests"]:
        session.screen.say("Nothing has changed since the last run.")
    if not session.screen.agreed("Approve and send it?" if waits else "Send it?", "Send it with --yes."):
        raise CliError(ExitCode.WAITING, "Nothing was sent.")
    return waits


def _planned(session: Session, run_id: str, timeout: float) -> Json:
    run = followed(session, run_id, timeout)
    if (error := ending(run)) and not run["plan"]:
        raise error
    return run


def _codes(run: Json) -> set[str]:
    return {one["code"] for one in (run["plan"] or {}).get("waits_for", ())}


def _finished(session: Session, run: Json, timeout: float) -> None:
    if run["status"] in WAITING:
        session.screen.show({"run": run, "report": None}, lambda: views.run(run))
    else:
        report = watch(session, timeout).report(run["id"])
        session.screen.show({"run": run, "report": report}, lambda: views.report(report))
    if error := ending(run):
        raise error
