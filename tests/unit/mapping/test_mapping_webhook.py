"""A webhook gets the canonical event itself."""

from datetime import UTC, datetime
from typing import Any

import pytest

from mapping import webhook
from mapping.catalog import entries
from mapping.destination import mapping_module
from mapping.event import normalise
from mapping.installation import Installation, Revision

AT = "2026-11-21T10:00:00.000Z"
RAW = {
    "type": "track",
    "event": "Order Completed",
    "userId": "u1",
    "anonymousId": "a1",
    "messageId": "m1",
    "properties": {"total": 9.5},
    "traits": {"plan": "gold"},
    "context": {"consent": {"analytics": True}},
    "integrations": {"All": True},
    "timestamp": AT,
}


def installation(key: str = "webhook", **config: Any) -> Installation:
    return Installation(
        id="int_1",
        catalog_key=key,
        name="hook",
        config={"url": "https://hooks.example.com", **config},
        revision=Revision(id="rev_1", revision_number=1, created_at=AT),
        created_at=AT,
        updated_at=AT,
    )


@pytest.mark.parametrize("kind", ["track", "page", "identify", "group", "alias", "screen"])
def test_every_type_is_wanted_and_goes_out_as_it_was_collected(kind: str) -> None:
    event = normalise(
        RAW | {"type": kind, "groupId": "g", "previousId": "p", "name": "Home"},
        received_at=datetime(2026, 11, 21, 10, tzinfo=UTC),
        fallback_id="x",
    )
    settings = webhook.WebhookSettings.of(installation())
    assert webhook.wants(installation()).wanted(event) is None
    sent = webhook.to_event(event, settings)
    assert {name: value for name, value in event.items() if name not in sent} == {
        "integrations": {"All": True},
        "sourceKind": "server",
    }
    assert all(event[name] is value for name, value in sent.items())


def test_nothing_is_made_up_for_what_an_event_lacks() -> None:
    settings = webhook.WebhookSettings.of(installation())
    assert webhook.to_event({"type": "track", "messageId": "m"}, settings) == {
        "type": "track",
        "messageId": "m",
    }


@pytest.mark.parametrize(("size", "requests"), [(1, 250), (75, 4), (100, 3)])
def test_the_batch_size_is_the_installations(size: int, requests: int) -> None:
    wants = webhook.wants(installation(batch_size=size))
    assert len(wants.packs([{"type": "track"}] * 250)) == requests


@pytest.mark.parametrize("key", [entry.key for entry in entries()])
def test_every_entry_of_the_catalog_has_a_mapping_module(key: str) -> None:
    assert callable(mapping_module(key).wants)


def test_only_what_is_in_the_catalog_is_looked_for() -> None:
    with pytest.raises(LookupError):
        mapping_module("event")
