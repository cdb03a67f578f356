"""One braze_delivery worker as Lambda runs it: batches of queue records in, answers of Braze counted."""

import json
import os
import resource
import sys
import time
from collections.abc import Sequence
from itertools import batched
from pathlib import Path
from types import SimpleNamespace
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), *(str(ROOT / "layers" / name) for name in ("mapping", "bridge"))]

from benchmarks._counting import KEY
from benchmarks._tables import TABLE, Tables

INSTALLATION = "int_1"
AT = "2026-11-22T06:00:00.000Z"


def bodies(events: Sequence[dict[str, Any]], in_message: int) -> list[str]:
    """Planned deliveries of so many events each, as ingest queues them."""
    from mapping.delivery import DeliveryMessage  # noqa: PLC0415 - a worker must not be faster for it

    shared: Any = {"integration_id": INSTALLATION, "kind": "events", "created_at": AT}
    return [
        DeliveryMessage(delivery_id=f"dlv_{number:024d}", items=list(some), **shared).body()
        for number, some in enumerate(batched(events, in_message, strict=False))
    ]


def records(texts: Sequence[str]) -> list[dict[str, Any]]:
    """What the event source hands over."""
    shared = {
        "attributes": {"ApproximateReceiveCount": "1"},
        "messageAttributes": {},
        "md5OfBody": "",
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-west-1:1:q",
        "awsRegion": "eu-west-1",
    }
    return [
        {"messageId": str(number), "receiptHandle": str(number), "body": text, **shared}
        for number, text in enumerate(texts)
    ]


def dynamodb(endpoint: str) -> Any:
    """The client of the functions, told where."""
    import boto3  # noqa: PLC0415

    from bridge.delivery_worker import client_config  # noqa: PLC0415

    return boto3.client(
        "dynamodb",
        endpoint_url=endpoint,
        region_name="eu-west-1",
        aws_access_key_id="a",
        aws_secret_access_key="b",  # noqa: S106 - nobody checks it
        config=client_config(),
    )


def worker(port: int, table: Any, claims: Any, config: dict[str, Any]) -> Any:
    """The function's own parts over the given tables; everything else it knows is in memory."""
    from bridge import delivery_worker as made  # noqa: PLC0415
    from bridge.clients.braze import BrazeClient  # noqa: PLC0415
    from bridge.clients.hosts import AllowedHosts  # noqa: PLC0415
    from bridge.clients.transport import Transport  # noqa: PLC0415
    from bridge.flows.delivery.braze_lane import BrazeLane  # noqa: PLC0415
    from bridge.stores.claims import ClaimStore  # noqa: PLC0415
    from mapping.installation import Installation  # noqa: PLC0415

    installation = Installation.model_validate(
        {
            "id": INSTALLATION, "catalog_key": "braze", "name": "braze", "created_at": AT, "updated_at": AT,
            "config": {"rest_endpoint": f"http://127.0.0.1:{port}", **config},
            "revision": {"id": "rev_1", "revision_number": 1, "created_at": AT},
        }
    )  # fmt: skip
    transport = Transport(AllowedHosts.of([f"127.0.0.1:{port}"], "braze"), size=made.IN_FLIGHT)
    quiet: Any = SimpleNamespace(put_object=lambda **_: {}, send_message_batch=lambda **_: {})
    keys: Any = SimpleNamespace(get=lambda *_, **__: {"rest_api_key": KEY})
    deliverer = made.Deliverer(
        lane=BrazeLane(BrazeClient(transport, made.now)),
        installations=SimpleNamespace(get=lambda _id: installation),
        credentials=made.Credentials(keys),
        deliveries=made.DeliveryStore(table, TABLE, made.now),
        claims=ClaimStore(claims, TABLE),
        pauses=made.PauseStore(table, TABLE, made.now),
        health=made.HealthStore(table, TABLE, made.now),
        circuit=made.Circuit(),
        recorder=made.Recorder(
            made.DeliveryStore(table, TABLE, made.now), made.StageStore(quiet, "b"), quiet, made.now, lambda most: most
        ),
        clock=made.now,
        jitter=lambda most: most,
        memory=made.ProfileMemory(made.ProfileStore(table, TABLE)),
    )  # fmt: skip
    alone = made.Seats(made.SeatStore(table, TABLE), 10, lambda: 1, made.now)
    receiver = made.Receiver(deliverer, quiet, quiet, made.now, alone)
    return made.DeliveryWorker(lambda: receiver, lambda: made.MinuteStore(table, TABLE))


def at_work(
    port: int, texts: Sequence[str], batch: int, tables: dict[str, str], config: dict[str, Any]
) -> dict[str, float]:
    """Take batch after batch, as one environment does; `tables` names what lies behind DynamoDB's protocol."""
    sys.stdout = Path("/dev/null").open("w")  # noqa: SIM115 - logs and metrics are written, and nobody reads them
    os.environ |= {"POWERTOOLS_SERVICE_NAME": "bench", "POWERTOOLS_METRICS_NAMESPACE": "Bench"}
    memory = Tables()
    table = dynamodb(tables["rows"]) if "rows" in tables else memory
    claims = dynamodb(tables["claims"]) if "claims" in tables else memory
    handle = worker(port, table, claims, config)
    context = SimpleNamespace(get_remaining_time_in_millis=lambda: 120_000)
    batches = [{"Records": list(some)} for some in batched(records(texts), batch, strict=False)]
    handle(batches[0], context)  # connections are made, modules read
    started, cpu = time.monotonic(), time.process_time()
    failed = sum(len(handle(one, context)["batchItemFailures"]) for one in batches[1:])
    seconds = time.monotonic() - started
    sys.stdout = sys.__stdout__
    events = sum(len(json.loads(text)["items"]) for text in texts[batch:])
    return {
        "events": events,
        "failed": failed,
        "seconds": seconds,
        "cpu": time.process_time() - cpu,
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
