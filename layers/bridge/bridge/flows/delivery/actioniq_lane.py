"""ActionIQ's side of the delivery flow: canonical events become records, one request carries them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from pydantic import SecretStr

from bridge.errors import Blocked
from bridge.flows.delivery.lanes import Exchange, Planned, Sent, Witness, settings_of, witness_of
from mapping import actioniq
from mapping.delivery import DeliveryMessage
from mapping.installation import ActionIqSettings, Installation
from mapping.outcome import ItemOutcome, Outcome, rejected

_DELIVERED = ItemOutcome(Outcome.DELIVERED)


class RecordsAnswer(Protocol):
    """The client's answer: rejected positions with their reasons, and a pause in seconds."""

    @property
    def rejected(self) -> Mapping[int, str]: ...

    @property
    def pause(self) -> float | None: ...


class Client(Protocol):
    """The ActionIQ client."""

    def send_records(
        self,
        url: str,
        header: str,
        value: SecretStr,
        records: Sequence[Any],
        *,
        witness: Witness | None = None,
    ) -> RecordsAnswer:
        """Raises bridge.errors."""
        ...


@dataclass(frozen=True, slots=True)
class ActionIqLane:
    """`default_base_url` serves installations that set none of their own."""

    client: Client
    default_base_url: str
    catalog_key: str = "actioniq"

    def job(self, installation: Installation, message: DeliveryMessage) -> "ActionIqEvents":
        """Raises Blocked("invalid_settings") when the revision cannot be used."""
        if message.kind != "events":
            raise Blocked("wrong_lane", f"ActionIQ takes no deliveries of kind {message.kind}")
        return ActionIqEvents(self.client, settings_of(ActionIqSettings, installation), self.default_base_url)


@dataclass(frozen=True, slots=True)
class ActionIqEvents:
    """Every record is claimed: a late repeat of a profile update could take a newer one's place."""

    client: Client
    settings: ActionIqSettings
    default_base_url: str
    resends_unknown: bool = True
    claim_kind: str = "event"

    @property
    def claims(self) -> bool:
        """The installation's `claims` setting."""
        return self.settings.claims

    def expired(self, now: datetime) -> ItemOutcome | None:  # noqa: ARG002 (records carry their own time)
        """Never."""
        return None

    def plan(self, index: int, item: dict[str, Any]) -> Planned | ItemOutcome:
        """The item's record."""
        record = actioniq.to_record(item, self.settings)
        if isinstance(record, ItemOutcome):
            return record
        return Planned(index, record, str(record["record_id"]))

    def send(self, part: Sequence[Planned], secret: Mapping[str, str], exchanges: list[Exchange]) -> Sent:
        """One request with a record per item."""
        url = self.settings.url(self.default_base_url)
        name, value = self.settings.header(secret.get("api_key", "").strip())
        records = [item.wire for item in part]
        witness = witness_of(url, {"records": records}, exchanges)
        answer = self.client.send_records(url, name, SecretStr(value), records, witness=witness)
        refused = answer.rejected
        outcomes = (rejected(refused[at]) if at in refused else _DELIVERED for at in range(len(part)))
        return Sent(tuple(outcomes), answer.pause)
