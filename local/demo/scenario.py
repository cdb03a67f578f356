"""The scenario from the first event to the proof."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from local.demo import audience, campaign, events, exports, prepare, truth
from local.demo.api import Api
from local.demo.campaign import Activation
from local.demo.compare import Difference, differences
from local.demo.log import Order
from local.demo.membership_truth import RunTruth
from local.demo.prepare import Installed
from local.demo.proof import costs, deliveries, letters
from local.demo.runs import Exporter, Run
from local.demo.standins import StandIns
from local.demo.truth import Truth

Json = dict[str, Any]
Say = Callable[[str], None]


@dataclass(slots=True)
class Report:
    """What happened, for the tables; a demonstration without differences is a proof."""

    sent: int = 0
    records: int = 0
    braze_events: int = 0
    profiles: int = 0
    live: list[Json] = field(default_factory=list)
    runs: list[tuple[RunTruth, Run]] = field(default_factory=list)
    campaign: Run | None = None
    recipients: int = 0
    activation: Activation | None = None
    activated: int = 0
    triggers: int = 0
    erased: dict[str, int] = field(default_factory=dict)
    differences: list[Difference] = field(default_factory=list)
    timings: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scenario:
    """One demonstration: the customers' orders, a tag that makes its ids its own, and the way out."""

    orders: Sequence[Order]
    tag: str
    installed: Installed
    api: Api
    exporter: Exporter
    say: Say
    exports: tuple[date, ...] = audience.EXPORTS
    report: Report = field(default_factory=Report)

    @property
    def standins(self) -> StandIns:
        """Where everything must arrive."""
        return self.exporter.standins

    def play(self) -> Report:
        """Send, export, trigger, compare."""
        expected = truth.of(
            self.orders,
            run=self.tag,
            destination=prepare.DESTINATION,
            audience=audience.AUDIENCE,
            exports=self.exports,
        )
        with self._timed("events"):
            self._send(expected)
        with self._timed("audiences"):
            self._export(expected)
        with self._timed("campaigns"):
            self._trigger()
        with self._timed("comparison"):
            self._prove(expected)
        with self._timed("erasure"):
            self._erase()
        return self.report

    def _send(self, expected: Truth) -> None:
        built = events.build(self.orders, run=self.tag)
        self.standins.begin()
        self.say(f"sending {len(built)} events in batches of 500 ...")
        self.report.sent = sum(self.api.send(built, self.installed.write_key))
        watch = self.exporter.watch
        self.say("... accepted; waiting for ActionIQ and Braze to hold them all ...")
        watch.until("records at ActionIQ", len(expected.records), self.standins.records)
        watch.until("events at Braze", len(expected.events), self.standins.events)
        watch.until("profiles at Braze", len(expected.profiles), self.standins.profiles)

    def _export(self, expected: Truth) -> None:
        for planned in sorted(expected.runs, key=lambda run: (run.as_of, run.split)):
            self.say(f"export of {planned.as_of}, split {planned.split} ...")
            rows = audience.members(self.orders, planned.as_of, planned.split)
            prefix = exports.audience_prefix(
                self.installed.braze,
                audience.AUDIENCE,
                planned.split,
                f"{planned.as_of}-{planned.split}-{self.tag}",
            )
            at = exports.end_of(planned.as_of)
            run = self.exporter.run(
                self.installed.braze, exports.files(prefix, exports.AUDIENCE_COLUMNS, rows, exported_at=at)
            )
            for reason in run.waited_for:
                self.say(f"  waited for a person and was approved: {reason}")
            self.say(f"  report: {run.report}")
            self.report.runs.append((planned, run))

    def _trigger(self) -> None:
        *_, before, now = (audience.members(self.orders, day, audience.TREATED) for day in self.exports)
        joiners, best = campaign.joined(before, now), campaign.best(now)
        self.standins.create_campaign(campaign.JOINERS, "Welcome to the fifty-dollar club")
        self.standins.create_campaign(campaign.BEST, "Thank you")
        self.say(
            f"campaign for the {len(joiners)} who joined last, activation for {len(best)}, sent twice ..."
        )
        self.report.campaign = campaign.export(self.exporter, self.installed.braze, self.tag, joiners)
        self.say(f"  report: {self.report.campaign.report}")
        with self.api.token(f"journey {self.tag}", "activator") as token:
            self.report.activation = campaign.activate(self.api, token, self.installed.braze, self.tag, best)
        self.report.recipients, self.report.activated = len(joiners), len(best)
        wanted = len(joiners) + len(best)
        self.exporter.watch.until("campaign messages at Braze", wanted, self.standins.triggers)

    def _prove(self, expected: Truth) -> None:
        prepare.quiet(self.exporter.account, self.exporter.watch)
        held = self.standins.held()
        sends = truth.triggers(
            expected, joiners=campaign.JOINERS, best=campaign.BEST, audience=audience.AUDIENCE
        )
        self.report.live = self.api.live_events(self.installed.both)
        self.report.records, self.report.braze_events = len(held.records), len(held.events)
        self.report.profiles, self.report.triggers = len(held.profiles), len(held.triggers)
        self.report.differences = [
            *differences(expected, sends, held),
            *costs(self.report.runs),
            *deliveries(self.report.live),
            *letters(self.api.dead_letters(), self.installed.both),
        ]

    def _erase(self) -> None:
        """When everything is proved: one who bought is removed from what the bridge keeps."""
        who = audience.members(self.orders, self.exports[-1], audience.TREATED)[0].external_id
        job = self.api.erase(who)
        finished = self.exporter.watch.until
        finished(f"the erasure of {who}", 1, lambda: int(self.api.erasure(job["id"])["status"] == "done"))
        self.report.erased = self.api.erasure(job["id"])["erased"]
        found = ", ".join(f"{count} {kind}" for kind, count in self.report.erased.items())
        self.say(f"erased {who} from what the bridge keeps: {found}; at ActionIQ and Braze they stay")

    @contextmanager
    def _timed(self, what: str) -> Iterator[None]:
        started = time.monotonic()
        yield
        self.report.timings[what] = time.monotonic() - started
