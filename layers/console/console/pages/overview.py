"""Overview: is data flowing, to whom, how much fails, what did it save."""

from console.api import together
from console.visits import Page, Reply, Shown, Visit


def pages() -> tuple[Page, ...]:
    """The first screen."""
    return (Page("GET", "/console", "viewer", overview),)


def overview(visit: Visit) -> Reply:
    """Health, the last hour's deliveries, queues, runs that wait for a person, what the audience runs saved."""
    health, told = together(
        lambda: visit.api.get("/v1/admin/health"),
        lambda: visit.api.get("/v1/admin/statistics"),
    )
    content = {
        "health": health,
        "told": told,
        "series": [one for one in told["series"] if any(one["values"])],
    }
    return Shown("overview.html", content, "living")
