"""The whole scenario against a bundle in memory: it passes when that is faultless, and only then."""

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, cast

import pytest
from rich.console import Console

from local.demo import log, report
from local.demo.exports import File
from local.demo.prepare import Installed
from local.demo.runs import Exporter
from local.demo.scenario import Report, Scenario
from local.demo.watch import Missing, Watch
from tests.unit.demo.builders import DAYS, whole_log
from tests.unit.demo.bundle import Bundle, Json

if TYPE_CHECKING:
    from local.demo.api import Api
    from local.demo.aws import Account
    from local.demo.standins import StandIns


def play(bundle: Bundle, said: list[str] | None = None) -> Report:
    """The scenario with 100 customers; waiting costs no time."""
    seconds = count()
    watch = Watch(lambda: ["clue"], clock=lambda: float(next(seconds)), sleep=lambda _seconds: None)
    api, account, standins = cast("Api", bundle), cast("Account", bundle), cast("StandIns", bundle)
    return Scenario(
        orders=log.sample(whole_log(), 100, max(DAYS)),
        tag="tag",
        installed=Installed("int_a", "int_b", "key"),
        api=api,
        exporter=Exporter(api, account, standins, watch, Path(_reports().name)),
        say=([] if said is None else said).append,
    ).play()


@cache
def _reports() -> "TemporaryDirectory[str]":
    return TemporaryDirectory()


def shown(found: Report) -> str:
    """What a newcomer reads."""
    console = Console(record=True, width=200, quiet=False, file=cast("Any", _Nowhere()))
    report.show(found, console)
    return console.export_text()


class _Nowhere:
    def write(self, text: str) -> int:
        return len(text)

    def flush(self) -> None:
        pass


def test_a_faultless_bundle_passes() -> None:
    """Six runs, everyone accounted for, and the verdict says so."""
    found = play(Bundle())
    assert [str(difference) for difference in found.differences] == []
    assert len(found.runs) == 6
    assert "each exactly once" in shown(found)


def test_every_runs_report_is_kept_as_a_page_and_named() -> None:
    """Seven with the campaign's."""
    said: list[str] = []
    found = play(Bundle(), said)
    runs = [*(run for _, run in found.runs), *([found.campaign] if found.campaign else [])]
    assert [run.report.read_text() for run in runs] == [
        f"<!doctype html><title>run_{number}</title>" for number in range(7)
    ]
    assert [line for line in said if "report:" in line] == [f"  report: {run.report}" for run in runs]


def test_a_customer_is_erased_after_everything_was_proved() -> None:
    """One who is in an audience."""
    bundle = Bundle()
    said: list[str] = []
    found = play(bundle, said)
    assert found.erased == {"snapshots": 1}
    assert said[-1].startswith(f"erased {bundle.erased[0]} from what the bridge keeps: 1 snapshots")
    assert bundle.erased[0] in bundle.people


def test_a_run_that_waits_is_approved_and_says_why() -> None:
    """Somebody has to."""
    bundle = Bundle()
    found = play(bundle)
    assert bundle.approved
    assert {reason for _, run in found.runs for reason in run.waited_for} == {"many_leave: over 30 %"}


def test_a_lost_event_is_waited_for_and_then_reported() -> None:
    """With a clue where to look."""

    class Loses(Bundle):
        def send(self, events: Sequence[Json], write_key: str) -> Iterator[int]:
            yield from super().send(events[:-1], write_key)

    with pytest.raises(Missing, match=r"records at ActionIQ: \d+ of \d+.*\n  clue"):
        play(Loses())


def test_a_doubled_event_is_a_difference() -> None:
    """Waiting does not see it, the comparison does."""

    class Doubles(Bundle):
        def send(self, events: Sequence[Json], write_key: str) -> Iterator[int]:
            yield from super().send([*events, events[-1]], write_key)

    found = play(Doubles())
    assert {difference.where for difference in found.differences} == {"ActionIQ record", "Braze event"}
    assert "copies: expected 1, found 2" in shown(found)


def test_a_full_resend_is_a_difference() -> None:
    """Profiles come out right and the bill does not."""

    class Resends(Bundle):
        def sync(self, membership: str, found: list[dict[str, str]]) -> Json:
            self.points += len(found)
            return super().sync(membership, found)

    found = play(Resends())
    assert {difference.what for difference in found.differences} == {"data points metered"}


def test_a_leaver_who_is_not_told_is_a_difference() -> None:
    """The customer left in an audience they quit."""

    class Keeps(Bundle):
        def tell(self, who: str, attributes: Json) -> int:
            if False in attributes.values():
                return len(attributes)
            return super().tell(who, attributes)

    assert "Braze profile" in {difference.where for difference in play(Keeps()).differences}


def test_an_activation_that_sends_twice_is_a_difference() -> None:
    """The campaign sent twice."""

    class Repeats(Bundle):
        def activate(self, token: str, activation: Json) -> Json:
            self.answers.clear()
            return super().activate(token, activation)

    assert {difference.where for difference in play(Repeats()).differences} == {"Braze trigger"}


def test_a_run_that_ends_badly_is_reported() -> None:
    """It is not waited for in vain."""

    class Blocks(Bundle):
        def upload(self, files: Sequence[File]) -> None:
            super().upload(files)
            self.made[-1]["status"] = "blocked"

    with pytest.raises(Missing, match="ended blocked"):
        play(Blocks())


def test_a_delivery_without_success_is_a_difference() -> None:
    """Though everything has arrived in the end."""

    class Retries(Bundle):
        def live_events(self, installations: frozenset[str]) -> list[Json]:
            row = {"delivery_id": "dlv_1", "status": "retry", "vendor_status": 503, "reason": "unavailable"}
            return [*super().live_events(installations), row]

    assert [difference.whose for difference in play(Retries()).differences] == ["dlv_1"]


def test_a_dead_letter_of_ours_is_a_difference() -> None:
    """Another installation's is not."""
    bundle = Bundle()
    bundle.letters = [
        {"id": "ltr_1", "integration_id": "int_b", "reason": "gave_up"},
        {"id": "ltr_2", "integration_id": "int_z", "reason": "gave_up"},
    ]
    assert [difference.whose for difference in play(bundle).differences] == ["ltr_1"]
