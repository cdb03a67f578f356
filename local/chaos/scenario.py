"""A run from the first event to the proof: load and chaos, then quiet, then the books are read."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from typing import Literal

from local.chaos import logs
from local.chaos.account import Account
from local.chaos.admin import Admin
from local.chaos.agent import Agent, Done
from local.chaos.asking import Site
from local.chaos.audiences import Audience
from local.chaos.house import House
from local.chaos.journeys import Journeys
from local.chaos.load import Load
from local.chaos.onlookers import Onlookers
from local.chaos.outcome import Outcome, Plan
from local.chaos.people import Crowd
from local.chaos.proof import Proof
from local.chaos.repeats import Repeats
from local.chaos.tempo import hurried
from local.chaos.vendors import Vendors
from local.chaos.workers import Workers
from local.demo.stack import Stack

Say = Callable[[str], None]
LANES = ("Event", "ActionIq", "Braze", "EventDeadLetter", "ActionIqDeadLetter", "BrazeDeadLetter")
PEOPLE = 1_000
PATIENCE = 40.0
HEARTBEAT = 10.0
COLD = 15.0
"""Seconds in which the first event has to be accepted before anything is done to the stack."""
LAST_WORDS = 10.0
"""Seconds of load after the last mischief."""


class Scenario:
    """One run on a stack; `pid` gives the process of a stand-in."""

    def __init__(
        self, plan: Plan, stack: Stack, workers: Workers, pid: Callable[[str], int | None], say: Say
    ) -> None:
        self.plan, self.stack, self.workers, self.say = plan, stack, workers, say
        self.crowd = Crowd(plan.tag, PEOPLE)
        self.account = Account(stack)
        self.house = House(stack, self.crowd)
        self.vendors = Vendors(self.house.vendors, pid, self.house.installed)
        self.repeats = Repeats(self.account)
        self.began = time.time()
        self.proof = Proof(self.account, self.house, self.began)

    def play(self) -> Outcome:
        """Everything; what was made on the stack is gone afterwards."""
        timings: dict[str, float] = {}
        with hurried(self.account):
            with self._timed("setting up", timings):
                self.house.open()
            try:
                outcome = self._outcome()
                outcome.timings = timings
                threading.excepthook = lambda told: outcome.broken.append(repr(told.exc_value))
                with self._timed("load and chaos", timings):
                    self._rage(outcome)
                with self._timed("draining", timings):
                    self._drain(outcome)
            finally:
                self.vendors.well()
                self.house.close()
        with self._timed("reading the logs", timings):
            hidden = self.house.secrets | self.crowd.words()
            outcome.scan = logs.scan(logs.lines(self.account.logs, int(self.began * 1000)), hidden)
        return outcome

    def _outcome(self) -> Outcome:
        api, seed, braze = self.stack.api_url, self.plan.seed, self.house.installed["Braze"]
        sites = [Site(api, one["write_key"], patience=PATIENCE) for one in self.house.sources]
        journey = Site(api, self.house.token["token"], patience=PATIENCE)
        return Outcome(
            plan=self.plan,
            load=Load(sites, self.crowd, self.plan.rate, seed),
            agents=self._agents(),
            journeys=Journeys(journey, braze.id, self.crowd, seed),
            onlookers=Onlookers(
                self.house.admin, Site(api, self.house.guess), sites[0], self.crowd, self.plan.seed
            ),
            audiences=[self._audience("full"), self._audience("delta")],
        )

    def _audience(self, mode: Literal["full", "delta"]) -> Audience:
        return Audience(
            f"{mode}-{self.plan.tag}",
            mode,
            self.crowd,
            self.account,
            Site(self.stack.api_url, self.stack.admin_token, patience=PATIENCE),
            self.stack.outputs["ExportBucketName"],
            self.house.installed["Braze"].id,
            Random(f"{self.plan.seed} {mode}"),  # noqa: S311 (repeatable)
        )

    def _agents(self) -> list[Agent]:
        """Three, so that none waits for another's call to be answered."""
        admin = Admin(self.house, lambda name: name in self.vendors.busy)
        return [
            Agent(f"{self.plan.seed} functions", {"a function is killed": (self._kill, 1)}, (2.5, 6.0)),
            Agent(
                f"{self.plan.seed} vendors",
                {
                    "a vendor fails": (self.vendors.fail, 5),
                    "a vendor throttles": (self.vendors.throttle, 3),
                    "a vendor vanishes": (self.vendors.vanish, 3),
                    "a vendor freezes": (self.vendors.freeze, 2),
                    "messages are delivered twice": (self.repeats.twice, 4),
                },
            ),
            Agent(
                f"{self.plan.seed} people",
                {
                    "a key is rotated": (admin.rotate, 3),
                    "a key is rotated too late": (admin.rotate_too_late, 3),
                    "an installation is switched off and on": (admin.switch, 2),
                    "dead letters are replayed": (admin.replay, 2),
                },
            ),
        ]

    def _rage(self, outcome: Outcome) -> None:
        ends = time.monotonic() + self.plan.load_seconds
        outcome.load.start(self.plan.load_seconds)
        while not outcome.load.accepted and time.monotonic() < ends - self.plan.load_seconds + COLD:
            time.sleep(0.1)
        left = ends - time.monotonic()
        outcome.journeys.start(left)
        outcome.onlookers.start(left)
        for one in outcome.audiences:
            one.start()
        for agent in outcome.agents:
            agent.start(left - LAST_WORDS)
        beat = time.monotonic()
        while any(agent.busy() for agent in outcome.agents):
            time.sleep(0.2)
            if time.monotonic() - beat >= HEARTBEAT:
                beat += HEARTBEAT
                self._heartbeat(outcome)
        self.vendors.well()
        for one in outcome.audiences:
            one.finish(time.monotonic() + LAST_WORDS + self.plan.drain_seconds)
        outcome.load.wait()
        outcome.journeys.wait()
        outcome.onlookers.wait()
        self._heartbeat(outcome)

    def _heartbeat(self, outcome: Outcome) -> None:
        runs = sum(len(one.ended) for one in outcome.audiences)
        self.say(
            f"{time.time() - self.began:4.0f} s: {len(outcome.load.accepted)} events accepted, "
            f"{len(outcome.journeys.wanted)} recipients ordered, {runs} audience runs ended, "
            f"{outcome.done['a function is killed']} functions killed, {outcome.done.total()} things done"
        )

    def _kill(self, dice: Random) -> Done:
        running = self.workers.running()
        if not running:
            return None
        names = sorted({worker.function for worker in running})
        name = dice.choice(names)
        chosen = dice.choice([worker for worker in running if worker.function == name])
        return (chosen.function, 0.0, None) if self.workers.kill(chosen) else None

    def _drain(self, outcome: Outcome) -> None:
        ends = time.monotonic() + self.plan.drain_seconds
        for one in outcome.audiences:
            one.wait()
        while True:
            depths = {name: depth for name, depth in self.account.depth(LANES).items() if depth}
            late = time.monotonic() > ends
            if late or not depths:
                left = self.proof.take(outcome)
                if late or not left:
                    outcome.undrained = f"{left}; in the queues {depths}" if left else ""
                    break
            time.sleep(1.0)
        self.proof.members(outcome)
        self.proof.struck(outcome)
        outcome.repeated = self.repeats.made

    @contextmanager
    def _timed(self, what: str, timings: dict[str, float]) -> Iterator[None]:
        started = time.monotonic()
        yield
        timings[what] = time.monotonic() - started
