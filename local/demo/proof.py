"""What the runs cost against what they had to, and whether anything was given up on the way."""

from collections.abc import Iterable, Iterator
from typing import Any

from local.demo.compare import Difference
from local.demo.membership_truth import RunTruth
from local.demo.runs import Run

Json = dict[str, Any]
SUCCESS = frozenset({200, 201})
BY_DESIGN = frozenset({"pages_not_tracked"})


def costs(runs: Iterable[tuple[RunTruth, Run]]) -> Iterator[Difference]:
    """Each run's plan, and what the stand-in metered, against the log."""
    for planned, run in runs:
        wanted = {
            "joined": len(planned.joined),
            "left": planned.left,
            "changed": planned.changed,
            "data_points": planned.data_points,
        }
        found = {name: run.plan.get(name) for name in wanted}
        wanted["data points metered"], found["data points metered"] = planned.data_points, run.data_points
        for name, value in wanted.items():
            if value != found[name]:
                whose = f"{planned.as_of}, split {planned.split}"
                yield Difference("audience run", whose, name, value, found[name])


def deliveries(found: Iterable[Json]) -> Iterator[Difference]:
    """Every request in Live Events was answered with success; page views alone are filtered, by Braze's setting."""
    for row in found:
        delivered = row["status"] == "delivered" and row["vendor_status"] in SUCCESS
        filtered = row["status"] == "filtered" and row["reason"] in BY_DESIGN
        if not delivered and not filtered:
            outcome = f"{row['status']} {row['vendor_status']} {row['reason']}"
            yield Difference("live event", row["delivery_id"], "outcome", "delivered", outcome)


def letters(found: Iterable[Json], installations: frozenset[str]) -> Iterator[Difference]:
    """Nothing of this demonstration may lie in a dead-letter queue."""
    for letter in found:
        if letter.get("integration_id") in installations:
            yield Difference(
                "dead letter", str(letter.get("id")), "reason", "no letter", letter.get("reason")
            )
