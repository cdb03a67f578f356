"""The tables of a run of chaos."""

from collections.abc import Iterable, Sequence

from rich import box
from rich.console import Console
from rich.table import Table

from local.chaos.ledger import Fault, Line
from local.chaos.outcome import Outcome
from local.chaos.records import STATES

NAMED = 5
_STATES = (*STATES, "switched off")


def show(outcome: Outcome, console: Console) -> None:
    """What was done, what became of everything, and the verdict."""
    console.print(_done(outcome), _ledger(outcome.lines), _audiences(outcome), _figures(outcome))
    faults = outcome.faults()
    if not faults:
        console.print(_verdict(outcome), style="green", highlight=False)
        return
    console.print(f"[red]{len(faults)} things are wrong:")
    for sentence in sentences(faults):
        console.print(f"- {sentence}", markup=False, highlight=False)


def sentences(faults: Iterable[Fault | str]) -> list[str]:
    """A line for everything that is wrong; what many ids share is one line, with the first of them by name."""
    alike: dict[str, list[Fault]] = {}
    lines: dict[str, str] = {}
    for one in faults:
        if isinstance(one, Fault):
            alike.setdefault(f"{one.where}: {one.what}", []).append(one)
        else:
            lines[one] = one
    for what, found in alike.items():
        named = ", ".join(f"{one.which}{one.detail and f' ({one.detail})'}" for one in found[:NAMED])
        lines[what] = f"{what}: {named}" + (f" and {len(found) - NAMED} more" if len(found) > NAMED else "")
    return list(lines.values())


def told(outcome: Outcome, console: Console) -> None:
    """Everything that was done, in order."""
    began = min((at for agent in outcome.agents for at, _ in agent.told), default=0.0)
    for at, what in sorted(one for agent in outcome.agents for one in agent.told):
        console.print(f"{at - began:6.1f} s  {what}", markup=False, highlight=False)
    for what in (one for agent in outcome.agents for one in agent.failed):
        console.print(f"could not be done: {what}", markup=False, highlight=False)


def _verdict(outcome: Outcome) -> str:
    items = sum(line.accepted for line in outcome.lines)
    return f"Each of {items} items is in exactly one state, and is where its state says (seed {outcome.plan.seed})."


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=0)
    for number, column in enumerate(columns):
        table.add_column(column, justify="left" if number == 0 else "right")
    return table


def _rows(table: Table, rows: Iterable[Sequence[object]]) -> Table:
    for row in rows:
        table.add_row(*map(str, row))
    return table


def _done(outcome: Outcome) -> Table:
    table = _table("What was done to it", "what", "times")
    struck = [(f"requests that failed, {name}", count) for name, count in sorted(outcome.struck.items())]
    copies = [
        (f"copies put into {name}Queue", count) for name, count in sorted(outcome.repeated.items()) if count
    ]
    return _rows(table, [*sorted(outcome.done.items()), *struck, *copies])


def _ledger(lines: Iterable[Line]) -> Table:
    """`switched off`: accepted while the installation was off; `doubled`: each is listed as such by its delivery."""
    columns = ("accepted", *_STATES, "sum", "no end", "copies dropped", "doubled*", "wrong")
    return _rows(
        _table("The ledger (*: an answer was lost, and the delivery says so)", "to", *columns),
        map(_line, lines),
    )


def _line(line: Line) -> Sequence[object]:
    states = [line.states[state] for state in _STATES]
    return (
        *(line.name, line.accepted, *states, sum(states), line.pending),
        *(line.copies_dropped, len(line.doubled), len(line.faults)),
    )


def _audiences(outcome: Outcome) -> Table:
    table = _table(
        "Audiences", "audience", "exports", "runs done", "ended otherwise", "longest", "members", "wrong"
    )
    return _rows(
        table,
        (
            (
                *(one.name, one.exports, one.ended.count("done"), len(one.ended) - one.ended.count("done")),
                f"{one.longest:.0f} s",
                *(len(one.members), sum(fault.where.endswith(one.name) for fault in outcome.members)),
            )
            for one in outcome.audiences
        ),
    )


def _figures(outcome: Outcome) -> Table:
    load, plan = outcome.load, outcome.plan
    given = sum(outcome.scan.found.values())
    seconds = max(outcome.timings.get("load and chaos", 0.0), 1.0)
    return _rows(
        _table("Figures", "what", ""),
        [
            (
                "events a second asked for, and accepted",
                f"{plan.rate:.0f}, {len(load.accepted) / seconds:.0f}",
            ),
            ("requests with events, and sent twice on purpose", f"{load.requests}, {load.again}"),
            ("events refused, for they name nobody", len(load.refused)),
            ("events sent and never answered", len(load.given_up)),
            ("activations ordered again on purpose", outcome.journeys.repeated),
            ("log lines scanned, of them the functions' own", f"{outcome.scan.lines}, {outcome.scan.own}"),
            ("log lines that give something away", given),
            ("requests of onlookers", outcome.onlookers.answers.total()),
            *((what, f"{taken:.0f} s") for what, taken in outcome.timings.items()),
        ],
    )
