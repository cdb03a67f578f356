"""An export that names a campaign is held against Braze's own list before a person is asked to approve it."""

from pathlib import Path

import pytest

from bridge.flows.runs.campaign_check import REMEMBERED
from tests.unit.braze_behaviours.account import KEY, Account, Runs
from tests.unit.plan.world import row

LIST, SEND = "/campaigns/list", "/campaigns/trigger/send"


@pytest.fixture
def runs(braze: Account, tmp_path: Path) -> Runs:
    """Runs of an account with users, and with 150 campaigns: `c0` to `c149`."""
    braze.seed({"external_id": "u1"}, {"external_id": "u2"})
    for number in range(150):
        braze.call("POST", "campaigns", {"id": f"c{number}", "name": "C"})
    return Runs(braze, tmp_path)


def order(runs: Runs, name: str, campaign: str) -> str:
    """Put an export of one recipient and work until nothing is left to do."""
    run = runs.put(name, [row("u1")], where=f"campaign={campaign}")
    runs.work()
    return run


@pytest.mark.parametrize("campaign", ["c0", "c149"])
def test_a_campaign_of_any_page_is_known(braze: Account, runs: Runs, campaign: str) -> None:
    run = order(runs, "one", campaign)
    assert (runs.run(run).status, runs.report(run)["warnings"]) == ("done", [])
    assert (len(braze.messages()), braze.answers(LIST)) == (1, {"200": 2})


def test_an_unknown_campaign_is_named_before_anything_is_planned_or_sent(braze: Account, runs: Runs) -> None:
    run = order(runs, "one", "c150")
    halt = runs.run(run).halt
    assert halt is not None
    assert (runs.run(run).status, halt.reason, runs.run(run).plan_ref) == (
        "blocked",
        "unknown_campaign",
        None,
    )
    assert "c150" in halt.detail
    assert (braze.answers(SEND), braze.messages()) == ({}, [])


def test_an_archived_campaign_counts_as_unknown(braze: Account, runs: Runs) -> None:
    braze.call("POST", "campaigns", {"id": "c7", "name": "C", "archived": True})
    halt = runs.run(order(runs, "one", "c7")).halt
    assert halt is not None
    assert halt.reason == "unknown_campaign"


def test_the_list_is_read_once_in_ten_minutes(braze: Account, runs: Runs) -> None:
    for name in ("one", "two"):
        order(runs, name, "c1")
    assert braze.answers(LIST) == {"200": 2}
    runs.clock.forward(REMEMBERED.total_seconds())
    order(runs, "three", "c1")
    assert braze.answers(LIST) == {"200": 4}


def test_a_campaign_made_a_moment_ago_is_found(braze: Account, runs: Runs) -> None:
    assert runs.run(order(runs, "one", "new")).status == "blocked"
    braze.call("POST", "campaigns", {"id": "new", "name": "New"})
    assert runs.run(order(runs, "two", "new")).status == "done"


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_without_the_permission_costs_a_warning_and_nothing_else(
    braze: Account, runs: Runs, status: int
) -> None:
    braze.modes(permission_status=status)
    braze.call("POST", "keys", {"key": KEY, "permissions": ["users.track", "campaigns.trigger.send"]})
    run = order(runs, "one", "c1")
    assert (runs.run(run).status, len(braze.messages())) == ("done", 1)
    [warning] = runs.report(run)["warnings"]
    assert warning == "campaign c1 was not checked: the key may not read the list (permission campaigns.list)"


@pytest.mark.parametrize("fault", [{"fault": "status", "status": 503}, {"fault": "drop_before"}])
def test_a_list_that_cannot_be_read_holds_nobody_up(
    braze: Account, runs: Runs, fault: dict[str, object]
) -> None:
    braze.modes(faults=[fault | {"path": LIST}])
    run = order(runs, "one", "c1")
    assert (runs.run(run).status, len(braze.messages())) == ("done", 1)
    [warning] = runs.report(run)["warnings"]
    assert warning.startswith("campaign c1 was not checked: the list cannot be read now")


def test_each_installation_has_a_list_of_its_own(braze: Account, runs: Runs) -> None:
    check, mine = runs.steps.planning.campaigns, runs.nobody.installation
    assert check(mine, "c1") == ()
    assert check(mine.model_copy(update={"id": "int_other"}), "c1") == ()
    assert braze.answers(LIST) == {"200": 4}


def test_an_audience_asks_for_no_campaigns(braze: Account, runs: Runs) -> None:
    run = runs.put("one", [row("u1")])
    runs.work()
    assert (runs.run(run).status, braze.answers(LIST)) == ("done", {})
