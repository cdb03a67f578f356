"""Logs and metrics by allow-list: ids, counts and statuses leave a function, bodies, keys and URLs do not."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from bridge.failures import told

FIELDS = (
    "delivery_id",
    "integration_id",
    "kind",
    "status",
    "attempt",
    "vendor_status",
    "latency_ms",
    "reason",
    "counts",
    "wait",
    "correlation_ids",
)
_NAMED = 10
"""Messages or requests named in one line."""


class Step(Protocol):
    """A delivery's result, as far as it is told."""

    @property
    def integration_id(self) -> str: ...
    @property
    def latency_ms(self) -> int: ...
    @property
    def wait(self) -> float | None: ...
    @property
    def fresh(self) -> Mapping[str, int] | None: ...
    @property
    def event_lag_ms(self) -> int | None: ...
    @property
    def accepted_lag_ms(self) -> int | None: ...


def logger() -> Logger:
    """The structured logger of a function; service name and level come from Powertools' own variables."""
    return Logger()


def log_step(log: Logger, step: Step) -> None:
    """One line per step, naming the allowed fields alone."""
    fields = {name: value for name in FIELDS if (value := getattr(step, name, None)) not in (None, "", ())}
    if "correlation_ids" in fields:
        fields["correlation_ids"] = fields["correlation_ids"][:_NAMED]
    log.info("delivery", extra=fields)


def log_failure(log: Logger, error: BaseException, **fields: str) -> None:
    """An unexpected error by its type and place: its text may quote data."""
    log.error("unexpected failure", extra={**told(error), **fields})


def log_again(log: Logger, reasons: Mapping[str, str]) -> None:
    """Messages that stay in the queue, by id with the reason of each: one line a reason."""
    for reason in sorted(set(reasons.values())):
        ids = [message_id for message_id, why in reasons.items() if why == reason]
        log.warning(
            "messages come again", extra={"reason": reason, "messages": len(ids), "ids": ids[:_NAMED]}
        )


def count_failure(number: int = 1) -> None:
    """Messages that met something nobody foresaw; they stay in their queue."""
    measured = EphemeralMetrics()
    measured.add_metric(name="UnexpectedFailures", unit=MetricUnit.Count, value=number)
    measured.flush_metrics()


def gauge(values: Mapping[str, int]) -> dict[str, int]:
    """What is the case now, by metric; gives it back."""
    measured = EphemeralMetrics()
    for name, value in values.items():
        measured.add_metric(name=name, unit=MetricUnit.Count, value=value)
    measured.flush_metrics()
    return dict(values)


_OF_A_RUN = {"lines": "RunRowsPlanned", "accepted": "RunRowsAccepted", "rejected": "RunRowsRejected"}
_OF_ITS_REPORT = {"requests": "RunRequests", "data_points": "RunDataPoints"}


def publish_run(report: Mapping[str, Any]) -> None:
    """One line of a run that ended, as its report counts it: in all, by kind, and by installation."""
    measured = EphemeralMetrics()
    kind, who = str(report["kind"]), str(report["integration_id"])
    measured.add_dimension("kind", kind)
    measured.add_dimensions(service=measured.service, kind=kind, integration_id=who)
    sent = report["sent"]
    tried = sent["accepted"] + sent["rejected"] + sent["held"]
    counts = {"RunRowsSent": tried} | {metric: sent[name] for name, metric in _OF_A_RUN.items()}
    counts |= {metric: report[name] for name, metric in _OF_ITS_REPORT.items()}
    counts |= {f"Runs{str(report['status']).title()}": 1}
    for name, number in counts.items():
        measured.add_metric(name=name, unit=MetricUnit.Count, value=number)
    measured.add_metric(name="RunSeconds", unit=MetricUnit.Seconds, value=report["seconds"])
    measured.flush_metrics()


@dataclass(slots=True)
class Tally:
    """The steps of one invocation (100 at the most), published once: a line for each installation."""

    steps: list[Step] = field(default_factory=list)
    failures: int = 0

    def publish(self, lane: str) -> None:
        """Each metric under (service, lane) and under (service, lane, integration_id)."""
        if self.failures:
            count_failure(self.failures)
        for who in dict.fromkeys(step.integration_id for step in self.steps):
            mine = [step for step in self.steps if step.integration_id == who]
            publish_items(lane, who, _totals(mine), {name: _known(mine, name) for name in _MEASURES})

    def counts(self) -> dict[str, dict[str, int]]:
        """The same by installation, for the minute's row: items by how they ended, and sums of ms with their numbers.

        What is tried again has not ended; what was still open when its delivery was given up has failed.
        """
        told: dict[str, Counter[str]] = defaultdict(Counter)
        for step in self.steps:
            mine = told[step.integration_id]
            for outcome, number in (step.fresh or {}).items():
                if step.wait is None or outcome not in _OPEN:
                    mine[_COUNTED.get(outcome, "failed")] += number
            for measure, value in (("latency_ms", step.latency_ms), ("lag_ms", step.event_lag_ms)):
                if value:
                    mine[measure] += value
                    mine[_HOW_MANY[measure]] += 1
        return {who: dict(mine) for who, mine in told.items() if who}


_COUNTED = {"delivered": "delivered", "filtered": "filtered"}
_OPEN = frozenset({"retry", "unknown"})
_HOW_MANY = {"latency_ms": "answers", "lag_ms": "lags"}
_MEASURES = {"VendorLatency": "latency_ms", "EventLag": "event_lag_ms", "AcceptedLag": "accepted_lag_ms"}
_OUTCOMES = {
    "delivered": "ItemsDelivered",
    "filtered": "ItemsFiltered",
    "rejected": "ItemsRejected",
    "retry": "ItemsRetried",
    "blocked": "ItemsBlocked",
    "unknown": "ItemsUnknown",
}


def publish_items(
    lane: str, integration_id: str, totals: Mapping[str, int], measures: Mapping[str, list[int]]
) -> None:
    """One line of an installation: items by outcome, and times in milliseconds."""
    measured = EphemeralMetrics()
    measured.add_dimension("lane", lane)
    if integration_id:
        measured.add_dimensions(service=measured.service, lane=lane, integration_id=integration_id)
    for outcome, number in totals.items():
        measured.add_metric(name=_OUTCOMES[outcome], unit=MetricUnit.Count, value=number)
    for name, values in measures.items():
        for value in values:
            measured.add_metric(name=name, unit=MetricUnit.Milliseconds, value=value)
    if measured.metric_set:
        measured.flush_metrics()


def _totals(steps: Iterable[Step]) -> Counter[str]:
    totals: Counter[str] = Counter()
    for step in steps:
        totals.update(step.fresh or {})
    return totals


def _known(steps: Iterable[Step], metric: str) -> list[int]:
    found = (getattr(step, _MEASURES[metric]) for step in steps)
    return [value for value in found if value is not None and (value or metric != "VendorLatency")]
