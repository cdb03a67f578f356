"""The profile memory and the lines of Live Events, without the person."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from bridge.flows.erase.kept_files import Claims
from bridge.flows.erase.scrub import ERASED
from bridge.flows.erase.subject import Subject


class Installation(Protocol):
    """Whose memory it is."""

    @property
    def id(self) -> str: ...


class Installations(Protocol):
    """The installations there are."""

    def every(self) -> Sequence[Installation]:
        """Deleted ones included."""


class Memory(Protocol):
    """What was sent of each user."""

    def forget(self, installation_id: str, users: Sequence[str]) -> int:
        """How many had a memory."""


class Deliveries(Protocol):
    """Delivery rows by the hour they began in."""

    def hours(self) -> list[str]:
        """Hours with rows, oldest first, as far back as rows are kept."""

    def naming(self, hour: str, values: Sequence[str]) -> list[tuple[str, str, list[dict[str, Any]]]]:
        """Rows whose lines hold one of these texts: delivery, installation, lines."""

    def rewrite(self, delivery_id: str, lines: list[dict[str, Any]], was: list[dict[str, Any]]) -> bool:
        """False when the row was changed meanwhile."""


@dataclass(frozen=True, slots=True)
class Memories:
    """A row an installation and user: found by its key."""

    installations: Installations
    memory: Memory

    def units(self, after: str) -> tuple[list[str], str | None]:
        """Installations, all at once."""
        return [one.id for one in self.installations.every() if one.id > after], None

    def erase(self, unit: str, subject: Subject) -> Mapping[str, int]:
        """The memory names its users as the lane does."""
        ids = [("external_id", subject.external_id), ("braze_id", subject.braze_id)]
        found = self.memory.forget(unit, [f"{name}={value}" for name, value in ids if value])
        return {"memories": found} if found else {}


HOURS_AT_ONCE = 24


@dataclass(frozen=True, slots=True)
class DeliveryLines:
    """Reads every delivery row that is kept: hour by hour, with the claims of the events that are found."""

    deliveries: Deliveries
    claims: Claims

    def units(self, after: str) -> tuple[list[str], str | None]:
        """Hours."""
        left = [hour for hour in self.deliveries.hours() if hour > after]
        some = left[:HOURS_AT_ONCE]
        return some, some[-1] if len(left) > HOURS_AT_ONCE else None

    def erase(self, unit: str, subject: Subject) -> Mapping[str, int] | None:
        """None when a row was being written: the hour is read again."""
        rows = claims = 0
        values = subject.values
        for delivery_id, installation_id, lines in self.deliveries.naming(unit, sorted(values)):
            theirs = [line for line in lines if line.get("user") in values]
            if not theirs:
                continue
            cleaned = [_erased(line) if line in theirs else line for line in lines]
            if not self.deliveries.rewrite(delivery_id, cleaned, lines):
                return None
            ids = [line["message_id"] for line in theirs if line.get("message_id")]
            claims += self.claims.forget(installation_id, "event", ids) if ids and installation_id else 0
            rows += 1
        return {kind: count for kind, count in (("deliveries", rows), ("claims", claims)) if count}


def _erased(line: Mapping[str, Any]) -> dict[str, Any]:
    return {name: ERASED["type"] if name == "type" else "" for name in line}
