"""The audit log: one entry per change, old and new, never a secret."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from bridge.errors import BridgeError
from bridge.flows.admin.admin_api import Actor, Call
from bridge.flows.admin.lists import Page, listed
from bridge.flows.events.gateway import Answer
from mapping.times import iso

Entry = dict[str, Any]
Changes = Mapping[str, Mapping[str, Any]]


class AuditLog(Protocol):
    """Keeps entries, newest first; one of the same id and time takes the other's place. Raises Retryable."""

    def put(self, entry: Entry) -> None: ...
    def page(self, limit: int, cursor: str | None) -> tuple[list[Entry], str | None]: ...


@dataclass(frozen=True, slots=True)
class Audit:
    """Records what is done; `new_id` makes the id of an entry."""

    log: AuditLog
    clock: Callable[[], datetime]
    new_id: Callable[[str], str]

    @contextmanager
    def act(
        self, actor: Actor, action: str, resource_type: str, resource_id: str, changes: Changes
    ) -> Iterator[Entry]:
        """Around an act: the entry stands before it begins, and says `done` or `failed` after it.

        Where it cannot be written nothing is done (Retryable); where its end cannot be noted it stays
        `requested`, and the act counts all the same. What is known only afterwards may be put into it.
        `action` is `<resource>.<past tense>`, such as `integration.created`.
        """
        entry: Entry = {
            "id": self.new_id("aud"),
            "action": action,
            "outcome": "requested",
            "user_id": actor.token_id,
            "user_name": actor.name,
            "resource_type": resource_type,
            "resource_id": resource_id,
            "changes": changes,
            "ip_address": actor.ip_address,
            "user_agent": actor.user_agent,
            "timestamp": iso(self.clock()),
        }
        self.log.put(entry)
        try:
            yield entry
        except BaseException:
            self._ended(entry, "failed")
            raise
        self._ended(entry, "done")

    def _ended(self, entry: Entry, outcome: str) -> None:
        with suppress(BridgeError):
            self.log.put(entry | {"outcome": outcome})

    def entries(self, call: Call) -> Answer:
        """GET /v1/admin/audit-logs, newest first."""
        page = Page.of(call.query)
        return listed(*self.log.page(page.limit, page.cursor))


def changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Field by field, what differs; a field that is absent on one side is None there."""
    fields = [*old, *(field for field in new if field not in old)]
    pairs = {field: {"old": old.get(field), "new": new.get(field)} for field in fields}
    return {field: pair for field, pair in pairs.items() if pair["old"] != pair["new"]}
