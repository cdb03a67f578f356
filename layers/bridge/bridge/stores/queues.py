"""A queue as the flows see it: many bodies in, and which of them were not taken."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from bridge.errors import Retryable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

MAX_ENTRIES = 10
MAX_CALL_BYTES = 1024 * 1024
"""Of one SendMessageBatch, bodies and attributes together (botocore's model of SQS)."""

MAX_HIDE_SECONDS = 43_200

_PASSES = 3


class QueueUnavailable(Retryable):
    """Some bodies were not taken, or nobody can say: `unsent` are their positions."""

    def __init__(self, unsent: Sequence[int]) -> None:
        super().__init__("queue_unavailable", f"{len(unsent)} messages could not be queued")
        self.unsent = list(unsent)


class Queue:
    """A standard queue; `group` makes it fair between sources or installations, it keeps no order."""

    def __init__(self, client: SQSClient, url: str) -> None:
        self._client = client
        self._url = url

    def offer(
        self,
        bodies: Sequence[str],
        *,
        group: str | None = None,
        attributes: Mapping[str, str] | Sequence[Mapping[str, str]] | None = None,
    ) -> tuple[int, ...]:
        """Queue every body, and give back the positions of those that were not taken.

        `attributes` are those of every message, or one set for each. SendMessageBatch answers 200 with some
        entries failed: only those are tried again, at once. A call without an answer counts as not taken, so
        the message may come twice.
        """
        each = attributes if isinstance(attributes, Sequence) else [attributes or {}] * len(bodies)
        pairs = zip(bodies, each, strict=True)
        entries = [self._entry(number, body, group, named) for number, (body, named) in enumerate(pairs)]
        unsent: list[int] = []
        for chunk in _chunks(entries, max(map(_size, each), default=0)):
            unsent += self._offer_chunk(chunk)
        return tuple(unsent)

    def send(
        self, bodies: Sequence[str], *, group: str | None = None, attributes: Mapping[str, str] | None = None
    ) -> None:
        """Queue every body. Raises QueueUnavailable with the positions that were not taken."""
        if unsent := self.offer(bodies, group=group, attributes=attributes):
            raise QueueUnavailable(unsent)

    def hide(self, receipt_handle: str, seconds: float) -> None:
        """Keep a received message out of sight; a failure only means that it comes back sooner."""
        timeout = max(0, min(round(seconds), MAX_HIDE_SECONDS))
        try:
            self._client.change_message_visibility(
                QueueUrl=self._url, ReceiptHandle=receipt_handle, VisibilityTimeout=timeout
            )
        except (ClientError, BotoCoreError):
            return

    def _offer_chunk(self, chunk: list[SendMessageBatchRequestEntryTypeDef]) -> list[int]:
        left = chunk
        for _ in range(_PASSES):
            try:
                answer = self._client.send_message_batch(QueueUrl=self._url, Entries=left)
            except (ClientError, BotoCoreError):
                break
            sent = {entry["Id"] for entry in answer.get("Successful", ())}
            hopeless = {entry["Id"] for entry in answer.get("Failed", ()) if entry["SenderFault"]}
            left = [entry for entry in left if entry["Id"] not in sent]
            if not left or hopeless.issuperset(entry["Id"] for entry in left):
                break
        return [int(entry["Id"]) for entry in left]

    @staticmethod
    def _entry(
        number: int, body: str, group: str | None, attributes: Mapping[str, str]
    ) -> SendMessageBatchRequestEntryTypeDef:
        entry: SendMessageBatchRequestEntryTypeDef = {"Id": str(number), "MessageBody": body}
        if group:
            entry["MessageGroupId"] = group
        told = {name: value for name, value in attributes.items() if value}
        if told:
            entry["MessageAttributes"] = {
                name: {"DataType": "String", "StringValue": value} for name, value in told.items()
            }
        return entry


def _size(attributes: Mapping[str, str]) -> int:
    return sum(len(name) + len(value.encode()) + len("String") for name, value in attributes.items())


def _chunks(
    entries: Sequence[SendMessageBatchRequestEntryTypeDef], extra: int
) -> list[list[SendMessageBatchRequestEntryTypeDef]]:
    chunks: list[list[SendMessageBatchRequestEntryTypeDef]] = []
    room = 0
    for entry in entries:
        body = entry["MessageBody"]
        size = extra + (len(body) if body.isascii() else len(body.encode("utf-8", "surrogatepass")))
        if not chunks or len(chunks[-1]) == MAX_ENTRIES or size > room:
            chunks.append([])
            room = MAX_CALL_BYTES
        chunks[-1].append(entry)
        room -= size
    return chunks
