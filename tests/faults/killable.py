"""A worker of the bundle in a process that can be killed: the function as it is deployed, fed from its queue."""

import importlib.util
import os
import random
import signal
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import boto3
import duckdb  # noqa: F401 - read before the workers are forked: each of them would take a second for it

from bridge.stores.snapshots import SnapshotStore

ROOT = Path(__file__).resolve().parents[2]
AGAIN = {"again": {"DataType": "String", "StringValue": "1"}}


def serve(
    function: str, queue: str, environment: dict[str, str], *, most: int, dies_at_the_flip: bool
) -> None:
    """Receive, shuffled and everything twice, hand over as Lambda does, delete what was done; for ever."""
    os.environ.update(environment)
    if dies_at_the_flip:
        SnapshotStore.flip = _die  # type: ignore[method-assign,assignment]
    app, sqs, dice = _app(function), boto3.client("sqs"), random.SystemRandom()
    while True:
        found = sqs.receive_message(
            QueueUrl=queue,
            MaxNumberOfMessages=most,
            WaitTimeSeconds=1,
            AttributeNames=["All"],
            MessageAttributeNames=["All"],
        ).get("Messages", [])
        dice.shuffle(found)
        for message in found:
            if "MessageAttributes" not in message:
                sqs.send_message(QueueUrl=queue, MessageBody=message["Body"], MessageAttributes=AGAIN)
        if found:
            _invoke(app, sqs, queue, found)


def _invoke(app: Any, sqs: Any, queue: str, found: list[dict[str, Any]]) -> None:
    records = [
        {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": message["Attributes"],
        }
        for message in found
    ]
    context = SimpleNamespace(aws_request_id=str(uuid4()), get_remaining_time_in_millis=lambda: 800_000)
    answer = app.lambda_handler({"Records": records}, context)
    stay = {item["itemIdentifier"] for item in answer["batchItemFailures"]}
    for message in found:
        if message["MessageId"] not in stay:
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])


def _app(function: str) -> Any:
    spec = importlib.util.spec_from_file_location(function, ROOT / "functions" / function / "app.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _die(*_: object) -> bool:
    os.kill(os.getpid(), signal.SIGKILL)
    return False
