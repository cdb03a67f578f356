"""Checkpoints: small, readable, and the same after being written and read."""

from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.flows.runs.ledger import Ledger, lines_of, ranges

LINES = st.sets(st.integers(0, 200))
FEW = settings(max_examples=25)


@FEW
@given(LINES)
def test_ranges_give_back_their_lines(lines: set[int]) -> None:
    assert lines_of(ranges(lines)) == lines


def test_ranges_are_readable() -> None:
    assert ranges({0, 1, 2, 7, 9, 10}) == "0-2,7,9-10"


def test_a_full_part_takes_few_bytes() -> None:
    ledger = Ledger(rows=7_500)
    ledger.accept(range(7_500))
    assert ledger.write() == '{"rows": 7500, "accepted": "0-7499"}'


@FEW
@given(accepted=LINES, rejected=LINES, held=LINES)
def test_a_ledger_survives_its_checkpoint(accepted: set[int], rejected: set[int], held: set[int]) -> None:
    ledger = Ledger(rows=201, requests=3, started_at="now")
    ledger.accept(accepted)
    ledger.reject("why", rejected - accepted)
    ledger.hold(held - accepted - rejected)
    again = Ledger.read(ledger.write(), 201)
    assert again.remaining() == ledger.remaining()
    assert again.write() == ledger.write()
