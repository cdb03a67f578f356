"""What a message on ExportQueue says: an object arrived, or a run goes on."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import unquote_plus

from mapping.export import ExportKey, InvalidExport, run_id
from mapping.run import Run

type Step = Literal["start", "commit", "resume", "give_up", "abandon"]
_STEPS: dict[object, Step] = {"commit": "commit", "give_up": "give_up", "abandon": "abandon"}


class UnreadableMessage(ValueError):
    """The message is at fault, not the run it may name: it becomes a dead letter, and no run ends for it."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """An object that starts a run."""

    key: ExportKey
    etag: str
    step: Step = "start"
    reason: str = ""

    @property
    def run_id(self) -> str:
        """The id of the run it starts."""
        return run_id(self.key.key, self.etag)

    def run(self, at: str) -> Run:
        """The run it starts, at `at` (ISO 8601): the same object gives the same id."""
        key = self.key
        return Run(
            id=self.run_id,
            kind=key.kind,
            integration_id=key.integration_id,
            audience_id=key.audience_id,
            split_id=key.split_id,
            campaign_id=key.campaign_id,
            export_id=key.export_id,
            key=key.key,
            etag=self.etag,
            status="planning",
            created_at=at,
        )


@dataclass(frozen=True, slots=True)
class Continued:
    """A run that goes on, or is given up for a reason."""

    run_id: str
    step: Step
    reason: str = ""


def read(body: str) -> Sequence[Arrived | Continued]:
    """Parts, test events and foreign objects give nothing; raises UnreadableMessage for what is not for us."""
    message = readable(body)
    if message.get("Event") == "s3:TestEvent":
        return ()
    if "run_id" in message:
        step = _STEPS.get(message.get("step"), "resume")
        return (Continued(str(message["run_id"]), step, str(message.get("reason", ""))),)
    if "Records" not in message:
        raise UnreadableMessage("neither an S3 notification nor a step of a run")
    try:
        return tuple(arrived for record in message["Records"] if (arrived := _arrived(record)))
    except (LookupError, TypeError, AttributeError) as error:
        raise UnreadableMessage("not an S3 notification") from error


def readable(body: str) -> dict[str, Any]:
    """A message's object; raises UnreadableMessage for anything else, however deep."""
    try:
        message = json.loads(body)
    except RecursionError as error:
        raise UnreadableMessage("the body is nested too deeply") from error
    except ValueError as error:
        raise UnreadableMessage("the body is not JSON") from error
    if not isinstance(message, dict):
        raise UnreadableMessage("the body is not an object")
    return message


def _arrived(record: dict[str, object]) -> Arrived | None:
    # Keys come percent-encoded with + for a space (S3's event message structure).
    if not str(record.get("eventName", "")).startswith("ObjectCreated:"):
        return None
    found = record["s3"]["object"]  # type: ignore[index]
    try:
        key = ExportKey.parse(unquote_plus(found["key"]))
    except InvalidExport:
        return None
    return Arrived(key, str(found.get("eTag", "")).strip('"')) if key.starts_run else None
