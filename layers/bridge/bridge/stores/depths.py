"""How full the queues are, as SQS counts them (approximately)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.literals import QueueAttributeFilterType

_COUNTS: dict[str, QueueAttributeFilterType] = {
    "waiting": "ApproximateNumberOfMessages",
    "in_flight": "ApproximateNumberOfMessagesNotVisible",
    "delayed": "ApproximateNumberOfMessagesDelayed",
}


class QueueDepths:
    """`lanes` maps a lane to the URLs of its queue and of its dead-letter queue."""

    def __init__(self, client: SQSClient, lanes: Mapping[str, tuple[str, str]]) -> None:
        self._client = client
        self._lanes = lanes

    def all(self) -> list[dict[str, object]]:
        """One entry a lane: `name, waiting, in_flight, delayed, dead_letters` (letters not yet filed)."""
        urls = [url for pair in self._lanes.values() for url in pair]
        with ThreadPoolExecutor(len(urls)) as pool:
            counted = dict(zip(urls, pool.map(self._count, urls), strict=True))
        return [
            {"name": lane, **counted[queue], "dead_letters": _unfiled(counted[letters])}
            for lane, (queue, letters) in self._lanes.items()
        ]

    def _count(self, url: str) -> dict[str, int]:
        answer = self._client.get_queue_attributes(QueueUrl=url, AttributeNames=list(_COUNTS.values()))
        found = {str(name): count for name, count in answer.get("Attributes", {}).items()}
        return {name: int(found.get(attribute, 0)) for name, attribute in _COUNTS.items()}


def _unfiled(letters: Mapping[str, int]) -> int:
    """Those in flight included: one that could not be filed comes again minutes later."""
    return letters["waiting"] + letters["in_flight"]
