"""Logs and metrics by allow-list: ids, counts and statuses leave a function, bodies, keys and URLs do not."""

from collections.abc import Mapping
from typing import Any, Protocol

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

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
)
_NAMED = 10
"""Messages named in one line."""


class Step(Protocol):
    """A delivery's result, as far as it is told."""

    @property
    def status(self) -> str: ...
    @property
    def latency_ms(self) -> int: ...
    @property
    def counts(self) -> Any: ...


def logger() -> Logger:
    """The structured logger of a function; service name and level come from Powertools' own variables."""
    return Logger()


def metrics() -> Metrics:
    """The function's metrics (EMF on stdout); installation ids are never dimensions, each would be billed."""
    return Metrics()


def log_step(log: Logger, step: Step) -> None:
    """One line per step, naming the allowed fields alone."""
    fields = {name: value for name in FIELDS if (value := getattr(step, name, None)) not in (None, "")}
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


def count_failure(measured: Metrics) -> None:
    """A message that met something nobody foresaw; it stays in the queue."""
    measured.add_metric(name="UnexpectedFailures", unit=MetricUnit.Count, value=1)


def count_step(measured: Metrics, step: Step) -> None:
    """Deliveries by status, items by outcome, the vendor's latency. Not thread-safe: call it from one thread."""
    measured.add_metric(name=f"Deliveries{step.status.title()}", unit=MetricUnit.Count, value=1)
    for outcome, number in (step.counts or {}).items():
        measured.add_metric(name=f"Items{outcome.title()}", unit=MetricUnit.Count, value=number)
    if step.latency_ms:
        measured.add_metric(name="VendorLatency", unit=MetricUnit.Milliseconds, value=step.latency_ms)
