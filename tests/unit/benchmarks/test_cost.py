"""The cost sheet says what its code says."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from benchmarks import cost
from local.invoke import FUNCTIONS
from tests.unit.template.lanes import LANES

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


def test_a_delivery_row_is_paid_for_in_its_table_and_in_its_index() -> None:
    """Begun, sent and finished; a row of a single event is one write unit."""
    template = cost.TEMPLATE.read_text()
    table = template[template.index("  DeliveriesTable:\n") : template.index("  RunsTable:\n")]
    assert "{AttributeName: feed, KeyType: HASH}" in table
    assert "{ProjectionType: ALL}" in table
    assert cost.delivered(1, claims=False).write_units == 3 * 2 * 1_000_000


def test_a_stack_at_rest_is_priced_with_all_its_alarms_and_queues() -> None:
    numbers = {name: number for name, number, _ in cost.standing()}
    assert numbers["alarms"] > 2 * len(FUNCTIONS)
    assert numbers["queues, asked while they are empty"] == 2 * len(LANES)
    assert numbers["dashboard"] == numbers["key of the alarms' topic"] == 1


def test_a_daily_run_costs_less_than_the_first() -> None:
    counted = json.loads(cost.COUNTED.read_text())
    assert cost.dollars(cost.audience(counted["daily"])) < cost.dollars(cost.audience(counted["first"]))
