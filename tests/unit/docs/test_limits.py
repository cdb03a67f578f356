"""docs/limits.md and docs/personal-data.md say what the code holds to."""

import pytest

from bridge.flows.admin import replay
from bridge.flows.events import collect, decode, frames, orders
from bridge.stores import activations, audit, idempotency
from local.settings import ROOT
from mapping import json_values, packing

PAGE = (ROOT / "docs" / "limits.md").read_text(encoding="utf-8")
KEPT = (ROOT / "docs" / "personal-data.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "row",
    [
        f"| an event | {frames.MAX_EVENT_BYTES // 1024} KiB, {json_values.MAX_DEPTH} levels of nesting |",
        f"| a request of events | {collect.MAX_EVENTS} events, {decode.MAX_BODY_BYTES // 1024**2} MiB,",
        f"| an activation | {orders.MAX_ROWS:,} rows |",
        f"| a replay | any number of dead letters, `ReplayPerMinute` (6,000) a minute; {replay.MOST:,} a call by",
        f"| Braze, a request | {packing.BRAZE_OBJECTS} objects, 4 MB; {packing.BRAZE_RECIPIENTS} recipients |",
        f"| ActionIQ, a request | {packing.ACTIONIQ_RECORDS} records;",
    ],
)
def test_a_limit_of_the_page_is_the_codes(row: str) -> None:
    assert row in PAGE


def test_what_is_kept_of_people_beside_events_is_kept_as_long_as_the_page_says() -> None:
    days = f"{audit.KEPT.days} days; {activations.REMEMBERED_FOR.days} days; a day | TTL |"
    assert f"| audit log; activations and their answers; answers to an `Idempotency-Key` | {days}" in KEPT
    assert idempotency.KEPT_SECONDS == 24 * 60 * 60
