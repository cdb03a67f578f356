"""Following a run on the screen: a bar on a terminal, lines elsewhere."""

from datetime import timedelta

from bridge_cli.api import Json
from bridge_cli.following import Watch
from bridge_cli.session import Session
from bridge_cli.views import runs as views


def watch(session: Session, timeout: float) -> Watch:
    """`timeout` in seconds; 0 is for ever."""
    world = session.world
    until = world.clock() + timedelta(seconds=timeout) if timeout else None
    return Watch(session.api, world.clock, world.wait, until)


def followed_on(session: Session, run: Json, timeout: float, *, each_line: bool = False) -> Json:
    """As `followed`, once the run has left the state in which it waited for a person."""
    return followed(session, run["id"], timeout, each_line=each_line, left=run["status"])


def followed(
    session: Session, run_id: str, timeout: float, *, each_line: bool = False, left: str = ""
) -> Json:
    """The run as it was when it stopped moving; `each_line` gives every state to stdout."""
    last: Json = {}
    with session.screen.progress() as progress:
        task = progress.add_task(run_id, total=None, counted="")
        for run in watch(session, timeout).states(run_id, left=left):
            last = run
            parts, done = run["progress"]["parts"], run["progress"]["parts_done"]
            counted = f"{done} of {parts} parts" if parts else ""
            progress.update(
                task,
                description=f"{run_id} {run['status']}",
                total=parts or None,
                completed=done,
                counted=counted,
            )
            if each_line:
                session.screen.line(run, views.state(run))
            elif progress.disable:
                session.screen.say(views.state(run).plain)
    return last
