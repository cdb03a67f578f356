"""A queue that delivers a message twice, as SQS may: a copy of it is sent, and the message itself seen again."""

from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any

from local.chaos.agent import Done

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef

QUEUES = ("Event", "ActionIq", "Braze", "Audience")
LOOKS = 3


@dataclass
class Repeats:
    """`account` gives the queues; `made` counts the copies by queue."""

    account: Any
    made: Counter[str] = field(default_factory=Counter)

    def twice(self, dice: Random) -> Done:
        """Whatever can be caught of one queue before its function takes it."""
        name = dice.choice(QUEUES)
        url = self.account.queue(name)
        count = 0
        for _ in range(LOOKS):
            found = self.account.sqs.receive_message(
                QueueUrl=url,
                MaxNumberOfMessages=10,
                WaitTimeSeconds=1,
                MessageAttributeNames=["All"],
                AttributeNames=["All"],
            ).get("Messages", [])
            for message in found:
                self._again(url, message)
            count += len(found)
            if count:
                break
        self.made[name] += count
        return (f"{count} messages of {name}Queue", 0.0, None) if count else None

    def _again(self, url: str, message: "MessageTypeDef") -> None:
        attributes: Any = message.get("MessageAttributes", {})
        self.account.sqs.send_message(QueueUrl=url, MessageBody=message["Body"], MessageAttributes=attributes)
        self.account.sqs.change_message_visibility(
            QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
        )
