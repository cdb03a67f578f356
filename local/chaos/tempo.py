"""How soon a dead worker is missed: in seconds while chaos reigns, as the template says before and after."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from local.chaos.account import Account

VISIBILITY = {
    "Event": 15,
    "ActionIq": 20,
    "Braze": 20,
    "Export": 20,
    "Audience": 20,
    "EventDeadLetter": 15,
    "ActionIqDeadLetter": 15,
    "BrazeDeadLetter": 15,
    "ExportDeadLetter": 15,
    "AudienceDeadLetter": 15,
}
"""Seconds after which a message that nobody finished is seen again, by queue."""
RETRY = {"LONGEST_RETRY_SECONDS": "12"}
FUNCTIONS: Mapping[str, Mapping[str, Any]] = {
    "Ingest": {"Timeout": 14},
    "DeadLetter": {"Timeout": 14},
    "ActionIqDelivery": {"Timeout": 48, **RETRY},
    "BrazeDelivery": {"Timeout": 48, **RETRY},
    "AudiencePlan": {"LEASE_SECONDS": "10", "LEASE_HIDE_SECONDS": "2"},
    "AudienceSync": {"LEASE_SECONDS": "10", **RETRY},
}
"""A delivery's lease ends with its function's time; of that, a request needs the last 35 s for itself."""


@contextmanager
def hurried(account: Account) -> Iterator[None]:
    """Set it, and back."""
    queues = {name: _visibility(account, name, seconds) for name, seconds in VISIBILITY.items()}
    functions = [_changed(account, name, change) for name, change in FUNCTIONS.items()]
    try:
        yield
    finally:
        for name, seconds in queues.items():
            _visibility(account, name, seconds)
        for kept in functions:
            account.functions.update_function_configuration(**kept)


def _visibility(account: Account, name: str, seconds: int) -> int:
    """What it was."""
    url = account.queue(name)
    told = account.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])
    account.sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": str(seconds)})
    return int(told["Attributes"]["VisibilityTimeout"])


def _changed(account: Account, name: str, change: Mapping[str, Any]) -> dict[str, Any]:
    """What it was, as the call that sets it again."""
    found = account.configuration(name)
    kept = {
        "FunctionName": found["FunctionName"],
        "Timeout": found["Timeout"],
        "Environment": {"Variables": found["Environment"]["Variables"]},
    }
    variables = {key: value for key, value in change.items() if key.isupper()}
    account.functions.update_function_configuration(
        FunctionName=found["FunctionName"],
        Timeout=change.get("Timeout", found["Timeout"]),
        Environment={"Variables": found["Environment"]["Variables"] | variables},
    )
    return kept
