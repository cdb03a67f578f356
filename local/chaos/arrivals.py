"""What the vendors' stand-ins hold, by the ids that the load gave: how often each thing arrived."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from local.chaos.asking import Site
from local.chaos.house import CONTROL

Json = dict[str, Any]
_PAGE = 5_000


def records(site: Site, destination: str) -> Counter[str]:
    """ActionIQ's records at a destination, by message id."""
    return Counter(one["record_id"] for one in _listed(site, "records", destination_id=destination))


def events(site: Site, tag: str) -> Counter[str]:
    """Braze's custom events, by message id."""
    ids = (str(one.get("properties", {}).get("message", "")) for one in _listed(site, "events"))
    return Counter(one for one in ids if one.startswith(f"{tag}-"))


def triggers(site: Site, tag: str) -> Counter[tuple[str, str, str]]:
    """Braze's campaign messages, by activation, campaign and user."""
    sent: Counter[tuple[str, str, str]] = Counter()
    for one in _listed(site, "triggers"):
        order = str(one["trigger_properties"].get("order", ""))
        if order.startswith(f"{tag}-"):
            sent[order, one["campaign_id"], one["recipient"]["external_user_id"]] += 1
    return sent


def profiles(site: Site, users: frozenset[str]) -> dict[str, Json]:
    """Braze's custom attributes of these users."""
    found: dict[str, Json] = {}
    after: str | None = ""
    while after is not None:
        page = site.call("GET", f"{CONTROL}/profiles", after=after, limit=_PAGE)
        for one in page["profiles"]:
            if one.get("external_id") in users:
                found[one["external_id"]] = one.get("custom_attributes") or {}
        after = page.get("next")
    return found


def _listed(site: Site, what: str, **query: str) -> Iterator[Json]:
    offset = 0
    while True:
        page = site.call("GET", f"{CONTROL}/{what}", offset=offset, limit=_PAGE, **query)
        yield from page[what]
        offset += len(page[what])
        if not page[what] or offset >= page["total"]:
            return
