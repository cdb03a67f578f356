"""`bridge doctor`: look at everything that is usually wrong, and say so."""

from collections.abc import Iterator
from typing import Annotated

import typer
from rich.text import Text

from bridge_cli.doctor import installed, lanes, reach
from bridge_cli.doctor.finding import Check, Finding, Patient
from bridge_cli.errors import CliError, ExitCode
from bridge_cli.screen import clean
from bridge_cli.session import Session, commands

_FIRST: dict[str, Check] = {"local stack": reach.emulator, "profile": reach.profile}
_GATES: dict[str, Check] = {"api": reach.address, "token": reach.token}
"""Without these nothing else can be asked."""
_THEN: dict[str, Check] = {
    "installations": installed.installations,
    "health": installed.health,
    "permissions": installed.permissions,
    "sources": installed.sources,
    "queues": lanes.queues,
    "dead letters": lanes.dead_letters,
    "runs": lanes.runs,
}
_LAST: dict[str, Check] = {"export bucket": lanes.bucket}
_MARKS = {"ok": ("✔", "green"), "warning": ("!", "yellow"), "failed": ("✘", "red")}


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    commands(app, {"doctor": doctor})


def doctor(
    session: Session,
    *,
    only: Annotated[
        list[str] | None, typer.Option("--integration", help="Look at this one alone; may be given again.")
    ] = None,
    offline: Annotated[bool, typer.Option("--no-test", help="Do not ask the vendors.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="A warning is a failure too.")] = False,
) -> None:
    """Find the usual misconfigurations: a tick or a sentence each. Exits 1 when something is wrong."""
    patient = Patient(session, tuple(only or ()), ask_vendors=not offline)
    found: list[Finding] = []
    for one in _findings(patient):
        found.append(one)
        if not session.screen.as_json:
            session.screen.line(one.document(), _line(one))
    bad = {"failed", "warning"} if strict else {"failed"}
    wrong = [one for one in found if one.level in bad]
    if session.screen.as_json:
        session.screen.show({"ok": not wrong, "findings": [one.document() for one in found]}, lambda: "")
    if wrong:
        count = f"{len(wrong)} thing{'s are' if len(wrong) > 1 else ' is'} wrong."
        raise CliError(ExitCode.FOUND, count, "Mend what is marked and run bridge doctor again.")


def _findings(patient: Patient) -> Iterator[Finding]:
    for name, check in _FIRST.items():
        yield from _checked(name, check, patient)
    for name, check in _GATES.items():
        told = list(_checked(name, check, patient))
        yield from told
        if any(one.level == "failed" and one.check == name for one in told):
            return
    for name, check in (_THEN | _LAST).items():
        yield from _checked(name, check, patient)


def _checked(name: str, check: Check, patient: Patient) -> Iterator[Finding]:
    try:
        yield from check(patient)
    except CliError as error:
        yield Finding(name, "failed", error.message, error.hint)


def _line(one: Finding) -> Text:
    mark, style = _MARKS[one.level]
    told = Text.assemble((mark, style), f" {clean(one.message)}")
    return told.append(f"\n  {clean(one.hint)}", "dim") if one.hint else told
