"""The lines of a reconcile, read at Braze: who is unknown there, and what differs from what the line says."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import Any, Literal, Protocol

from pydantic import SecretStr

from bridge.errors import Blocked
from bridge.flows.delivery.vendor_keys import braze_key
from bridge.flows.runs.masking import masked
from bridge.flows.runs.pacing import Pacing
from bridge.flows.runs.windows import Told
from mapping.export import ColumnType, RunPlan
from mapping.installation import BrazeSettings, Installation
from mapping.readback import IDS_PER_CALL, Cell, drift

NOT_ANSWERED = "not_answered"
NOT_PERMITTED = "users_export_ids_missing"


class Exported(Protocol):
    """Braze's word: the profiles found, by identifier, and the ids it does not know."""

    @property
    def users(self) -> Mapping[str, Mapping[str, Any]]: ...
    @property
    def unknown(self) -> frozenset[str]: ...
    @property
    def rate(self) -> Told | None: ...


class Exports(Protocol):
    """The client's call."""

    def export(
        self,
        endpoint: str,
        key: SecretStr,
        ids: Sequence[str],
        fields: Sequence[str],
        *,
        identifier: Literal["external_id", "braze_id"],
    ) -> Exported: ...


class Installations(Protocol):
    """The installations there are."""

    def get(self, installation_id: str) -> Installation | None: ...


class Keys(Protocol):
    """The installation's key, and the key as it is after one was refused."""

    def current(self, installation: Installation) -> Mapping[str, str]: ...
    def refreshed(
        self, installation: Installation, used: Mapping[str, str], now: datetime
    ) -> Mapping[str, str] | None: ...


class Clock(Protocol):
    """The time of now, in UTC."""

    def __call__(self) -> datetime: ...


class Findings(Protocol):
    """Where findings are kept; the same body has the same name."""

    def put_findings(self, run_id: str, part: int, body: bytes) -> None: ...


class Pacers(Protocol):
    """Where the answers to one installation's requests of a kind are taken note of."""

    def __call__(self, installation_id: str, kind: str) -> Pacing: ...


@dataclass(frozen=True, slots=True)
class Readers:
    """Makes the reader a reconcile's part goes through."""

    exports: Exports
    installations: Installations
    keys: Keys
    findings: Findings
    clock: Clock
    pacers: Pacers

    def __call__(self, plan: RunPlan, part: int) -> "Reader":
        """Raises Blocked when the installation is gone or disabled."""
        installation = self.installations.get(plan.integration_id)
        if installation is None or not installation.enabled:
            raise Blocked("installation_disabled", "the installation was disabled or deleted during the run")
        pacing = self.pacers(installation.id, plan.kind)
        return Reader(self, installation, plan, part, pacing)


def ids_per_call(plan: RunPlan) -> int:
    """How many lines are read at once: Braze takes one braze_id a call."""
    return 1 if plan.identifier == "braze_id" else IDS_PER_CALL


@dataclass(slots=True)
class Reader:
    """Shared by the threads that read for one part; what they find is kept before the checkpoint says it is read."""

    flow: Readers
    installation: Installation
    plan: RunPlan
    part: int
    pacing: Pacing
    _refused: str = ""
    _found: list[str] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    def read(self, lines: Sequence[bytes]) -> Mapping[int, str]:
        """One request; reason per line that Braze said nothing of."""
        if self._refused:
            return dict.fromkeys(range(len(lines)), self._refused)
        try:
            return self._with_key(lines)
        except Blocked as error:
            if not self.plan.details.get("joiners") or error.reason != NOT_PERMITTED:
                raise
            # Nobody asked for this reading: it ends as one that could not tell, not as a run that failed.
            self._refused = error.reason
            return dict.fromkeys(range(len(lines)), self._refused)

    def _with_key(self, lines: Sequence[bytes]) -> Mapping[int, str]:
        used = self.flow.keys.current(self.installation)
        try:
            return self._compared(lines, used)
        except Blocked:
            fresh = self.flow.keys.refreshed(self.installation, used, self.flow.clock())
            if fresh is None:
                raise
            return self._compared(lines, fresh)

    def keep(self) -> None:
        """Store what was found since the last time: called before each checkpoint."""
        with self._lock:
            found = list(self._found)
        if found:
            self.flow.findings.put_findings(self.plan.run_id, self.part, "".join(found).encode())
            with self._lock:
                del self._found[: len(found)]

    def _compared(self, lines: Sequence[bytes], keys: Mapping[str, str]) -> Mapping[int, str]:
        expected = [json.loads(line) for line in lines]
        identifier = self.plan.identifier
        ticket = self.pacing.sending()
        answer = self.flow.exports.export(
            BrazeSettings.of(self.installation).rest_endpoint,
            braze_key(keys),
            [one[identifier] for one in expected],
            self.plan.details["fields"],
            identifier=identifier,
        )
        self.pacing.told(ticket, answer.rate)
        silent: dict[int, str] = {}
        found: list[str] = []
        for at, one in enumerate(expected):
            user = answer.users.get(one[identifier])
            if user is None and one[identifier] not in answer.unknown:
                silent[at] = NOT_ANSWERED
            else:
                found += self._finding(one, user)
        with self._lock:
            self._found += found
        return silent

    def _finding(self, expected: Mapping[str, Any], user: Mapping[str, Any] | None) -> Sequence[str]:
        membership = self.plan.details["membership"]
        who = expected[self.plan.identifier]
        if user is None:
            # Who has left, and is not known any more, is as it should be.
            return [_record(who, unknown=True)] if expected[membership] else ()
        if self.plan.details.get("joiners"):
            return ()
        columns: Sequence[tuple[str, ColumnType]] = self.plan.details["compared"]
        cells = drift(expected, user, membership, columns)
        return [_record(who, cells)] if cells else ()


def _record(who: str, cells: Sequence[Cell] = (), *, unknown: bool = False) -> str:
    shown = [
        {
            "name": cell.name,
            "kind": cell.kind,
            "ours": json.dumps(masked(cell.ours)),
            "braze": json.dumps(masked(cell.theirs)),
        }
        for cell in cells
    ]
    return json.dumps({"user": who, "unknown": unknown, "cells": shown}) + "\n"
