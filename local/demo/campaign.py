"""Two ways to start a campaign: an export for those who joined, an activation for a handful, sent twice."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from local.demo import exports
from local.demo.api import Api
from local.demo.audience import Member
from local.demo.runs import Exporter, Run

Json = dict[str, Any]
JOINERS = "campaign-welcome"
BEST = "campaign-best-customers"


@dataclass(frozen=True, slots=True)
class Activation:
    """What the API answered the first and the second time."""

    first: Json
    again: Json


def joined(before: Sequence[Member], now: Sequence[Member]) -> list[Member]:
    """Those in the later export and not in the earlier one."""
    known = {member.external_id for member in before}
    return [member for member in now if member.external_id not in known]


def best(members: Sequence[Member]) -> list[Member]:
    """The five who have spent most."""
    return sorted(members, key=lambda member: (member.lifetime_value, member.external_id))[-5:]


def export(exporter: Exporter, integration_id: str, tag: str, members: Sequence[Member]) -> Run:
    """A campaign export, made now: campaigns are for the next 24 hours."""
    prefix = exports.campaign_prefix(integration_id, JOINERS, f"welcome-{tag}")
    made_now = datetime.now(UTC)
    return exporter.run(
        integration_id, exports.files(prefix, exports.CAMPAIGN_COLUMNS, members, exported_at=made_now)
    )


def activate(api: Api, token: str, integration_id: str, tag: str, members: Sequence[Member]) -> Activation:
    """The same activation twice, as a journey would repeat it after a lost answer."""
    activation: Json = {
        "activation_id": f"best-customers-{tag}",
        "kind": "campaign",
        "integration_id": integration_id,
        "settings": {"campaign_id": BEST},
        "rows": [
            {"external_id": member.external_id, "lifetime_value": float(member.lifetime_value)}
            for member in members
        ],
    }
    return Activation(api.activate(token, activation), api.activate(token, activation))
