"""`bridge events`: send some, watch what becomes of them."""

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from bridge_cli import event_input
from bridge_cli.api import Api, Json
from bridge_cli.errors import CliError, ExitCode, usage
from bridge_cli.lookup import installation
from bridge_cli.screen import facts
from bridge_cli.session import Session, commands
from bridge_cli.tailing import Filter, follow, newest, past, settled
from bridge_cli.views import events as views

STATUSES = ("planned", "sending", "retrying", "delivered", "partial", "filtered", "rejected", "blocked")
KINDS = ("events", "campaign")
FEW = 3


@dataclass(frozen=True, slots=True)
class Described:
    """An event in words. Each field is an option."""

    type_: Annotated[
        str, typer.Option("--type", help="track, page, identify, …", autocompletion=lambda: event_input.TYPES)
    ] = "track"
    event: Annotated[str, typer.Option(help="Name of the event or page.")] = ""
    user: Annotated[str, typer.Option(help="The user's id.")] = ""
    anonymous: Annotated[str, typer.Option(help="The user's anonymous id.")] = ""
    pairs: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Property or trait.")
    ] = None

    def made(self) -> Json:
        """The event; raises CliError."""
        if self.type_ not in event_input.TYPES:
            raise usage(f"There is no type {self.type_}.", f"Types: {', '.join(event_input.TYPES)}")
        return event_input.made(self.type_, self.event, self.user, self.anonymous, self.pairs or ())


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which deliveries. Each field is an option."""

    integration: Annotated[str, typer.Option(help="Id, name or key.")] = ""
    status: Annotated[str, typer.Option(help="delivered, blocked, …", autocompletion=lambda: STATUSES)] = ""
    kind: Annotated[str, typer.Option(help="events or campaign.", autocompletion=lambda: KINDS)] = ""
    type_: Annotated[str, typer.Option("--type", help="track, page, identify, …")] = ""
    event: Annotated[str, typer.Option(help="Part of the event's name.")] = ""
    user: Annotated[str, typer.Option(help="Part of the user's id.")] = ""

    def filter(self, api: Api) -> Filter:
        """What the API is asked for, and what is looked at here."""
        chosen = installation(api, self.integration)["id"] if self.integration else None
        asked = {"integration_id": chosen, "status": self.status or None, "kind": self.kind or None}
        return Filter(asked, self.type_, self.event, self.user)


def add_to(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="Send events and watch what becomes of them.", no_args_is_help=True)
    commands(group, {"send": send, "tail": tail, "show": show})
    app.add_typer(group, name="events")


def send(
    session: Session,
    file: Annotated[str, typer.Argument(metavar="[FILE]", help="JSON or JSON Lines; - is stdin.")] = "",
    described: Described = Described(),
    *,
    wait: Annotated[
        bool, typer.Option("--wait", help="Until each event has been delivered or refused.")
    ] = False,
    timeout: Annotated[float, typer.Option(help="Seconds that --wait waits.")] = 60,
) -> None:
    """Send events with the profile's write key (or BRIDGE_WRITE_KEY); without a file, one test event."""
    events = event_input.parsed(_text(file)) if file else [described.made()]
    seen = newest(session.api, Filter()) if wait else []
    result = _sent(session, events)
    rows = _delivered(session, result, seen, timeout) if wait else []
    document = result | ({"deliveries": rows} if wait else {})
    session.screen.show(
        document, lambda: facts({"accepted": result["accepted"], "messages": _few(result["messages"])})
    )
    if result["errors"]:
        first = result["errors"][0]
        raise CliError(
            ExitCode.INVALID,
            f"{len(result['errors'])} events were refused; event {first['index']}: {first['message']}",
            "Mend those and send them again; the others are on their way.",
        )
    if bad := [row for row in rows if row["status"] in {"rejected", "blocked", "partial"}]:
        raise CliError(
            ExitCode.FOUND,
            f"{bad[0]['delivery_id']} is {bad[0]['status']}: {bad[0]['reason']} {bad[0]['detail']}".strip(),
            f"See all of it with: bridge events show {bad[0]['delivery_id']}",
        )


def tail(
    session: Session,
    wanted: Wanted,
    *,
    lines: Annotated[
        int, typer.Option("--lines", "-n", min=0, help="Deliveries of the past to begin with.")
    ] = 10,
    once: Annotated[bool, typer.Option("--once", help="Only those; do not wait for more.")] = False,
    for_seconds: Annotated[float, typer.Option("--for", metavar="SECONDS", help="Stop after this long.")] = 0,
) -> None:
    """Watch deliveries as they come: time, status, the vendor's status, installation, events."""
    api, world = session.api, session.world
    chosen = wanted.filter(api)
    names = _names(session)
    ends = world.clock() + timedelta(seconds=for_seconds) if for_seconds else None
    before = past(api, chosen, lines)
    seen = before or newest(api, chosen)
    _lines(session, before, names)
    if not once:
        _lines(session, follow(api, chosen, seen=seen, clock=world.clock, wait=world.wait, until=ends), names)


def show(
    session: Session,
    delivery_id: Annotated[str, typer.Argument(help="As bridge events tail gives it.")],
) -> None:
    """Show a delivery in its four stages: input, mapped, request, response."""
    row = session.api.get(f"/live-events/{delivery_id}")
    session.screen.show(row, lambda: views.stages(row))


def _text(file: str) -> str:
    if file == "-":
        return sys.stdin.read()
    try:
        return Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise usage(f"{file} cannot be read: {error}") from None


def _sent(session: Session, events: list[Json]) -> Json:
    key = session.profile.write_key
    if not key:
        raise usage(
            "There is no write key.",
            "Make one with: bridge sources create NAME --use, or set BRIDGE_WRITE_KEY.",
        )
    accepted, errors, done = 0, [], 0
    with session.screen.progress() as progress:
        task = progress.add_task("sending", total=len(events), counted="")
        for part in event_input.requests(events):
            answer = session.api.batch(part, key)
            accepted += answer["accepted"]
            errors += [{**one, "index": one["index"] + done} for one in answer["errors"]]
            done += len(part)
            progress.update(task, completed=done, counted=f"{done} of {len(events)}")
    refused = {one["index"] for one in errors}
    messages = [one["messageId"] for index, one in enumerate(events) if index not in refused]
    return {"accepted": accepted, "errors": errors, "messages": messages}


def _delivered(session: Session, result: Json, seen: list[Json], timeout: float) -> list[Json]:
    """The last state of every delivery that holds one of the messages, once each has a settled one."""
    world, waited_for = session.world, set(result["messages"])
    ends, names = world.clock() + timedelta(seconds=timeout), _names(session)
    rows: dict[str, Json] = {}
    for row in follow(session.api, Filter(), seen=seen, clock=world.clock, wait=world.wait, until=ends):
        ours = {one["message_id"] for one in row["events"]} & set(result["messages"])
        if ours:
            rows[row["delivery_id"]] = row
            session.screen.say(views.line(row, names).plain)
            waited_for -= ours if settled(row) else set()
        if not waited_for and all(settled(one) for one in rows.values()):
            return list(rows.values())
    raise CliError(
        ExitCode.TIMED_OUT,
        f"{len(waited_for)} events were not delivered within {timeout:g} s.",
        "They go on by themselves. See: bridge events tail, and bridge doctor",
    )


def _lines(session: Session, rows: Iterable[Json], names: dict[str, str]) -> None:
    for row in rows:
        session.screen.line(row, views.line(row, names))


def _names(session: Session) -> dict[str, str]:
    return {one["id"]: one["name"] for one in session.api.pages("/integrations")}


def _few(messages: list[str]) -> str:
    others = len(messages) - FEW
    return ", ".join(messages[:FEW]) + (f" and {others} more" if others > 0 else "")
