"""`bridge runs`: what is on its way to Braze."""

import csv
import io
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Group
from rich.text import Text

from bridge_cli.api import Json
from bridge_cli.commands.watching import followed, followed_on, watch
from bridge_cli.errors import CliError, ExitCode, usage
from bridge_cli.following import WAITING, ending, over
from bridge_cli.screen import clean_lines
from bridge_cli.session import Session, commands
from bridge_cli.views import runs as views

Run = Annotated[str, typer.Argument(metavar="RUN", help="As bridge runs list gives it.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Timeout = Annotated[float, typer.Option(help="Seconds to watch; 0 is for ever.")]


def add_to(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="See, watch and stop what is on its way to Braze.", no_args_is_help=True)
    commands(
        group, {"list": list_runs, "show": show, "watch": watch_run, "report": report, "rejects": rejects}
    )
    commands(group, {"approve": approve, "cancel": cancel, "rollback": rollback, "reconcile": reconcile})
    app.add_typer(group, name="runs")


def list_runs(
    session: Session,
    *,
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, help="How many.")] = 20,
    waiting: Annotated[bool, typer.Option("--waiting", help="Those that wait for approval.")] = False,
) -> None:
    """List runs, newest first."""
    every = session.api.pages("/audience-runs")
    rows = list(islice((one for one in every if not waiting or one["status"] in WAITING), lines))
    session.screen.show({"data": rows}, lambda: views.listed(rows))


def show(session: Session, run_id: Run) -> None:
    """Show where a run stands, and its plan."""
    one = session.api.get(f"/audience-runs/{run_id}")
    session.screen.show(one, lambda: views.run(one))


def watch_run(
    session: Session,
    run_id: Annotated[
        str, typer.Argument(metavar="[RUN]", help="By default the newest that has not ended.")
    ] = "",
    *,
    timeout: Timeout = 0,
) -> None:
    """Follow a run to its end, or to where it waits for a person."""
    _ended(followed(session, run_id or _newest(session), timeout, each_line=True))


def approve(
    session: Session,
    run_id: Run,
    *,
    yes: Yes = False,
    follow: Annotated[bool, typer.Option("--watch", help="Follow it to its end.")] = False,
    timeout: Timeout = 0,
) -> None:
    """Let a run that waits for approval go on, after showing what it waits for."""
    before = session.api.get(f"/audience-runs/{run_id}")
    if not yes:
        session.screen.need_person("approve it?", "Approve it with --yes.")
        for part in views.run(before):
            session.screen.tell(part)
        if not session.screen.agreed("Approve it?", "Approve it with --yes."):
            raise CliError(ExitCode.WAITING, "Nothing was approved.")
    after = session.api.post(f"/audience-runs/{run_id}/approve", again=True)
    if follow:
        _ended(followed_on(session, after, timeout, each_line=True))
    else:
        session.screen.show(after, lambda: views.state(after))


def cancel(session: Session, run_id: Run, *, yes: Yes = False) -> None:
    """End a run; what Braze has accepted by then is committed."""
    if not yes and not session.screen.agreed(f"Cancel {run_id}?", "Cancel it with --yes."):
        raise CliError(ExitCode.WAITING, "Nothing was cancelled.")
    after = session.api.post(f"/audience-runs/{run_id}/cancel", again=True)
    session.screen.show(after, lambda: views.state(after))


def report(
    session: Session,
    run_id: Run,
    *,
    page: Annotated[
        Path | None, typer.Option(help="Save it as a page with its charts, to open in a browser.")
    ] = None,
) -> None:
    """Print how a run ended: what was sent, rejected, and why."""
    if page:
        _saved(session, page, session.api.file(f"/audience-runs/{run_id}/report", format="html"))
        return
    document = watch(session, 0).report(run_id)
    session.screen.show(document, lambda: views.report(document))


def rejects(
    session: Session,
    run_id: Run,
    *,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Save it; by default it is printed.")
    ] = None,
) -> None:
    """Give every rejected row and every line Braze refused, unmasked, as CSV (role editor)."""
    text = session.api.file(f"/audience-runs/{run_id}/rejects")
    if output:
        _saved(session, output, text)
        return
    rows = list(csv.DictReader(io.StringIO(text.decode("utf-8-sig"), newline="")))
    session.screen.show({"data": rows}, lambda: Text(clean_lines(text.decode("utf-8-sig"))))


def _saved(session: Session, path: Path, body: bytes) -> None:
    """Rejects name people, so what is new is for its owner alone."""
    try:
        path.touch(mode=0o600)
        path.write_bytes(body)
    except OSError as error:
        raise usage(f"{path} cannot be written: {error}") from None
    session.screen.show({"saved": str(path), "bytes": len(body)}, lambda: f"Saved: {path}")


def rollback(
    session: Session,
    run_id: Run,
    *,
    yes: Yes = False,
    follow: Annotated[bool, typer.Option("--watch", help="Follow it to its end.")] = False,
    timeout: Timeout = 0,
) -> None:
    """Go back to what a run committed, by a run of its own that sends only what differs."""
    if not yes and not session.screen.agreed(f"Go back to what {run_id} committed?", "Do it with --yes."):
        raise CliError(ExitCode.WAITING, "Nothing was ordered.")
    _begun(session, session.api.post(f"/audience-runs/{run_id}/rollback", again=True), timeout, follow=follow)


def reconcile(
    session: Session,
    run_id: Run,
    *,
    sample: Annotated[str, typer.Option(help="How many people to read back, or all.")] = "1000",
    repair: Annotated[bool, typer.Option("--repair", help="Send again what differs.")] = False,
    yes: Yes = False,
    follow: Annotated[
        bool, typer.Option("--watch", help="Follow it to its end and print what differs.")
    ] = False,
    timeout: Timeout = 0,
) -> None:
    """Compare what Braze holds of a run's audience with what is committed, and mend it with --repair."""
    if sample != "all" and not sample.isdecimal():
        raise usage("--sample is a number or all.")
    if repair and not yes and not session.screen.agreed("Send again what differs?", "Do it with --yes."):
        raise CliError(ExitCode.WAITING, "Nothing was ordered.")
    body = {"sample": sample if sample == "all" else int(sample), "repair": repair}
    ordered = session.api.post(f"/audience-runs/{run_id}/reconcile", body)
    _begun(session, ordered, timeout, follow=follow)
    if follow:
        document = watch(session, timeout).report(ordered["id"])
        session.screen.line(document, Group(*views.report(document)))


def _newest(session: Session) -> str:
    for one in session.api.pages("/audience-runs"):
        if not over(one):
            return str(one["id"])
    raise CliError(ExitCode.NOT_FOUND, "No run is under way.", "What there was: bridge runs list")


def _begun(session: Session, ordered: Json, timeout: float, *, follow: bool) -> None:
    if follow:
        _ended(followed(session, ordered["id"], timeout, each_line=True))
    else:
        session.screen.show(ordered, lambda: views.state(ordered))


def _ended(run: Json) -> None:
    if error := ending(run):
        raise error
