"""The terminal: results on stdout, everything else on stderr, and with `--json` nothing but JSON on stdout."""

import getpass
import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import typer
from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from bridge_cli.errors import CliError, usage

WIDE = 200
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")

STYLES = {
    "done": "green",
    "delivered": "green",
    "healthy": "green",
    "ok": "green",
    "enabled": "green",
    "partial": "yellow",
    "filtered": "yellow",
    "degraded": "yellow",
    "waiting_approval": "yellow",
    "retrying": "yellow",
    "stale": "yellow",
    "disabled": "yellow",
    "unknown": "yellow",
    "rejected": "red",
    "blocked": "red",
    "failed": "red",
    "cancelled": "red",
}


def clean(value: object) -> str:
    """Text as it may be shown: names come from events, and no event may steer a terminal."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", "" if value is None else str(value))


def clean_lines(text: str) -> str:
    """Many lines, each of them clean."""
    return "\n".join(clean(line) for line in text.splitlines())


def word(value: object) -> Text:
    """A status in its colour."""
    said = clean(value)
    return Text(said, STYLES.get(said, ""))


class Screen:
    """What a command may say, and whom it may ask. `as_json`: documents instead of tables, no questions."""

    def __init__(self, *, as_json: bool, interactive: bool | None = None) -> None:
        self.as_json = as_json
        self._out, self._err = _console(stderr=False), _console(stderr=True)
        asked = sys.stdin.isatty() and self._err.is_terminal if interactive is None else interactive
        self.interactive = asked and not as_json

    def show(self, document: Any, view: Callable[[], RenderableType | Iterable[RenderableType]]) -> None:
        """The result: the document itself with `--json`, else what `view` makes of it."""
        if self.as_json:
            self._print_json(document, indent=2)
            return
        shown = view()
        for part in [shown] if isinstance(shown, str | Text | Table) else shown:  # type: ignore[union-attr]
            self._out.print(part, markup=False, highlight=False, soft_wrap=not isinstance(part, Table))

    def line(self, document: Any, shown: RenderableType) -> None:
        """One of many results, as it comes: with `--json` one JSON document a line."""
        if self.as_json:
            self._print_json(document, indent=None)
        else:
            self._out.print(shown, markup=False, highlight=False, soft_wrap=True)

    def say(self, text: str) -> None:
        """Something beside the result; silent with `--json`."""
        if not self.as_json:
            self._err.print(Text(clean(text)), highlight=False, soft_wrap=True)

    def tell(self, part: RenderableType) -> None:
        """A table or a text beside the result; silent with `--json`."""
        if not self.as_json:
            self._err.print(part, markup=False, highlight=False, soft_wrap=not isinstance(part, Table))

    def warn(self, text: str) -> None:
        """Something that should not be missed, `--json` or not."""
        self._err.print(Text(clean(text), "yellow"), highlight=False, soft_wrap=True)

    def fail(self, error: CliError) -> None:
        """What is the matter and what to do next, on stderr."""
        if self.as_json:
            typer.echo(json.dumps(error.document()), err=True)
            return
        self._err.print(Text(clean(error.message), "red"), highlight=False, soft_wrap=True)
        if error.hint:
            self._err.print(Text(clean(error.hint)), highlight=False, soft_wrap=True)

    def agreed(self, question: str, otherwise: str) -> bool:
        """A yes or no; raises CliError with `otherwise` as its hint where nobody can be asked."""
        self.need_person(question, otherwise)
        return self._answer(f"{question} [y/N]").lower() in {"y", "yes"}

    def asked(self, question: str, *, secret: bool = False) -> str:
        """An answer that is not blank; a secret is not echoed."""
        while True:
            hidden = secret and sys.stdin.isatty()
            if answer := self._hidden(question) if hidden else self._answer(question):
                return answer

    def _hidden(self, question: str) -> str:
        """The echo is off before the question is seen: what is typed at once is neither shown nor lost."""
        try:
            return getpass.getpass(f"{clean(question)}: ", stream=sys.stderr).strip()
        except EOFError:
            raise typer.Abort from None

    def _answer(self, question: str) -> str:
        """What typer asks with writes to stdout, which is for results alone."""
        self._err.print(Text(f"{clean(question)}: "), end="", soft_wrap=True)
        line = sys.stdin.readline()
        if not line:
            raise typer.Abort
        return line.strip()

    def need_person(self, question: str, otherwise: str) -> None:
        """Raise CliError where no terminal is attached or `--json` was asked for."""
        if not self.interactive:
            raise usage(f"Nobody is there to answer: {question}", otherwise)

    def progress(self) -> Progress:
        """Bars on a terminal; elsewhere they draw nothing."""
        return Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[counted]}"),
            TimeElapsedColumn(),
            console=self._err,
            transient=True,
            disable=self.as_json or not self._err.is_terminal,
        )

    def _print_json(self, document: Any, *, indent: int | None) -> None:
        typer.echo(json.dumps(document, indent=indent, ensure_ascii=False))


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """Cells are shown as they are; a Text keeps its colour."""
    made = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        made.add_row(*(one if isinstance(one, Text) else Text(clean(one)) for one in row))
    return made


def facts(pairs: Mapping[str, object]) -> Table:
    """A thing, field by field; what is not known is left out."""
    made = Table(box=None, pad_edge=False, show_header=False)
    for name, value in pairs.items():
        if value not in (None, ""):
            made.add_row(Text(name, "dim"), value if isinstance(value, Text) else Text(clean(value)))
    return made


def _console(*, stderr: bool) -> Console:
    """NO_COLOR and TERM are rich's to read; what is not a terminal is wide enough for every column."""
    console = Console(stderr=stderr, soft_wrap=False)
    return console if console.is_terminal else Console(stderr=stderr, width=WIDE, color_system=None)
