"""A steady stream of events over HTTP, batches and singles, each request sent again until it is answered 200."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

import requests

from local.chaos.asking import Refused, Site, Unanswered
from local.chaos.happenings import happening, refused
from local.chaos.people import Crowd

Json = dict[str, Any]
BATCH = 25
SENDERS = 4
SINGLES = 20
"""Requests with one event for each batch."""
SENT_TWICE = 0.02


@dataclass(frozen=True, slots=True)
class Accepted:
    """An event that was answered 200; times in epoch seconds, the first is that of the first try."""

    event: Json
    sent_at: float
    accepted_at: float


@dataclass
class Load:
    """`sites` are the API under one write key each; `rate` is events a second, all senders together."""

    sites: Sequence[Site]
    crowd: Crowd
    rate: float
    seed: int
    accepted: dict[str, Accepted] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    given_up: set[str] = field(default_factory=set)
    requests: int = 0
    tries: int = 0
    again: int = 0
    wrong: list[str] = field(default_factory=list)
    _ends: float = 0.0
    _began: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self, seconds: float) -> None:
        """Send for so long, in the background."""
        self._began = time.monotonic()
        self._ends = self._began + seconds
        self._threads = [threading.Thread(target=self._send, daemon=True) for _ in range(SENDERS)]
        for thread in self._threads:
            thread.start()

    def wait(self) -> None:
        """Until the last request is answered."""
        for thread in self._threads:
            thread.join()

    def _send(self) -> None:
        every = (BATCH + SINGLES) / (SINGLES + 1) / self.rate
        while True:
            with self._lock:
                number, self.requests = self.requests, self.requests + 1
            due = self._began + number * every
            if due > self._ends or time.monotonic() > self._ends:
                return
            time.sleep(max(0.0, due - time.monotonic()))
            self._request(number)

    def _request(self, number: int) -> None:
        """A request and its events follow from its number: the same seed sends the same."""
        dice = Random(f"{self.seed} {number}")  # noqa: S311 (repeatable)
        batch = number % (SINGLES + 1) == 0
        ids = [f"{self.crowd.tag}-{number}-{place}" for place in range(BATCH if batch else 1)]
        events = [happening(one, self.crowd, dice) for one in ids]
        site = self.sites[number % len(self.sites)]
        twice = 2 if dice.random() < SENT_TWICE else 1
        for _ in range(twice):
            self._deliver(site, events, batch=batch)
        self.again += twice - 1

    def _deliver(self, site: Site, events: list[Json], *, batch: bool) -> None:
        sent_at = time.time()
        bad = [one for one in events if refused(one)]
        try:
            if batch:
                answer = site.call("POST", "/v1/batch", {"batch": events})
            elif bad:
                self._refusal(site, events[0])
                return
            else:
                answer = site.call("POST", f"/v1/{events[0]['type']}", events[0])
        except Refused as error:
            with self._lock:
                self.given_up.update(one["messageId"] for one in events)
                self.wrong += [] if isinstance(error, Unanswered) else [str(error)]
            return
        self._note(events, answer, sent_at)

    def _refusal(self, site: Site, event: Json) -> None:
        status, answer = site.once("POST", f"/v1/{event['type']}", event)
        with self._lock:
            self.refused.add(event["messageId"])
            if status and status < requests.codes.bad_request:
                self.wrong.append(f"an event that names nobody was answered {status}: {answer}")

    def _note(self, events: list[Json], answer: Json, sent_at: float) -> None:
        faults = {fault["index"] for fault in answer["errors"]}
        good = [one for index, one in enumerate(events) if index not in faults]
        now = time.time()
        with self._lock:
            if answer["accepted"] != len(good) or any(refused(one) for one in good):
                self.wrong.append(f"accepted {answer['accepted']} of {len(good)} good events")
            self.refused.update(events[index]["messageId"] for index in faults)
            for one in good:
                self.accepted.setdefault(one["messageId"], Accepted(one, sent_at, now))
