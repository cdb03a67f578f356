"""Live Events: deliveries as they happen, and one of them in its four stages."""

from console.api import together
from console.visits import Moved, Page, Reply, Shown, Visit, address

LIVE_EVENTS = "/v1/admin/live-events"
FILTERS = ("type", "name", "user", "status", "integration_id")
STATUSES = (
    "delivered",
    "partial",
    "filtered",
    "rejected",
    "blocked",
    "unknown",
    "dead",
    "sending",
    "planned",
)
TYPES = ("page", "track", "identify", "campaign")
ROWS = 25
"""A page: what a reader takes in, asked for every two seconds."""
STAGES = ("input", "mapped", "request", "response")


def pages() -> tuple[Page, ...]:
    """The list lives; a test event needs an editor."""
    return (
        Page("GET", "/console/live-events", "viewer", deliveries),
        Page("GET", "/console/live-events/<delivery_id>", "viewer", delivery),
        Page("POST", "/console/live-events/test-event", "editor", send_test_event),
    )


def deliveries(visit: Visit) -> Reply:
    """The newest that match the filter; asked again every two seconds by the page itself."""
    wanted = {name: visit.query.get(name, "").strip() for name in FILTERS}
    page, names = together(
        lambda: visit.api.get(LIVE_EVENTS, limit=ROWS, cursor=visit.query.get("cursor"), **wanted),
        lambda: _names(visit),
    )
    content = {
        "rows": page["data"],
        "next_cursor": page["next_cursor"],
        "first_page": not visit.query.get("cursor"),
        "wanted": wanted,
        "filtered": any(wanted.values()),
        "statuses": STATUSES,
        "types": TYPES,
        "names": names,
    }
    return Shown("live_events.html", content, "living")


def delivery(visit: Visit) -> Reply:
    """Input, mapped record, request and response."""
    row, names = together(
        lambda: visit.api.get(f"{LIVE_EVENTS}/{visit.params['delivery_id']}"), lambda: _names(visit)
    )
    return Shown("delivery.html", {"row": row, "stages": STAGES, "names": names}, "living")


def send_test_event(visit: Visit) -> Reply:
    """A track event of the console's own, on its way through every lane that wants it."""
    document = {"event": visit.given("event") or "Signal Bridge Test", "user_id": visit.given("user_id")}
    visit.api.post(f"{LIVE_EVENTS}/test", {name: value for name, value in document.items() if value})
    return Moved(address("live-events"), "test_event_sent")


def _names(visit: Visit) -> dict[str, str]:
    return {one["id"]: one["name"] for one in visit.api.every("/v1/admin/integrations")}
