"""The four stages of a delivery as they are kept: what came in, what it became, what was sent, what was answered."""

from collections.abc import Mapping, Sequence
from typing import Any

from bridge.flows.delivery.lanes import Exchange, Planned
from mapping.delivery import DeliveryMessage
from mapping.outcome import ItemOutcome

type Mapped = Mapping[int, Planned | ItemOutcome]


def stages_of(
    message: DeliveryMessage,
    mapped: Mapped,
    exchanges: Sequence[Exchange],
    outcomes: Mapping[int, ItemOutcome],
) -> dict[str, Any]:
    """The stages, and beside them what became of each item; never a key, never a header."""

    def shown(index: int) -> dict[str, Any]:
        end, plan = outcomes[index], mapped.get(index)
        told: dict[str, Any] = {"outcome": str(end.outcome), "reason": end.reason, "detail": end.detail}
        if plan is None or not plan.left_out:
            return told
        notes = plan.left_out
        for name, sent in (("left_out", False), ("warnings", True)):
            if some := [{"field": one.field, "reason": one.reason} for one in notes if one.sent is sent]:
                told[name] = some
        return told

    return {
        "input": message.items,
        "mapped": [_wire(mapped.get(index)) for index in range(len(message.items))],
        "request": [{"url": one.url, "body": one.request} for one in exchanges],
        "response": [
            {"status": one.status, "latency_ms": one.latency_ms, "body": one.response} for one in exchanges
        ],
        "outcomes": [shown(index) for index in sorted(outcomes)],
    }


def _wire(mapped: Planned | ItemOutcome | None) -> Any:
    return mapped.wire if isinstance(mapped, Planned) else None
