"""The cost sheet says what its code says."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from benchmarks import cost

PAGE = Path(__file__).parents[3] / "docs" / "cost.md"


def test_the_page_holds_the_figures_of_the_code() -> None:
    assert PAGE.read_text() == cost.written(PAGE.read_text()), (
        "python -m benchmarks.cost --write docs/cost.md"
    )


def test_every_call_that_was_counted_has_a_price() -> None:
    for run in json.loads(cost.COUNTED.read_text()).values():
        assert run["calls"].keys() <= cost.CALLS.keys()


def test_a_sum_is_the_sum_of_its_parts() -> None:
    used = cost.Usage(sqs_requests=1_000_000) + cost.Usage(write_units=2_000_000).times(0.5)
    assert asdict(used)["write_units"] == 1_000_000
    assert cost.dollars(used) == pytest.approx(0.40 + 0.625)


def test_claims_cost_two_write_units_an_event() -> None:
    with_claims = cost.delivered(75, claims=True)
    without = cost.delivered(75, claims=False)
    assert with_claims.write_units - without.write_units == 2_000_000


def test_a_daily_run_costs_less_than_the_first() -> None:
    counted = json.loads(cost.COUNTED.read_text())
    assert cost.dollars(cost.audience(counted["daily"])) < cost.dollars(cost.audience(counted["first"]))
