"""Runs as they are deployed: both functions in processes that can be killed, an emulator's stores, Braze's stand-in."""

import csv
import io
import json
import multiprocessing
import os
import re
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import boto3

from bridge.stores.installations import InstallationStore
from bridge.stores.runs import RunStore
from local.emulator import emulator_service
from local.processes import listening
from local.settings import REGION, ROOT, ROOT_KEY, LocalSettings
from local.standins.web import Answer
from mapping.export import run_id
from mapping.run import Run
from mapping.times import iso
from tests.faults import killable
from tests.unit.braze_behaviours.account import KEY, Account
from tests.unit.plan.world import INSTALLATION, Nobody, notification

STACK, TABLES, BUCKETS = "faults", ("installations", "deliveries", "runs"), ("exports", "state")
QUEUES = ("export", "audience", "braze")
LEASE = 5
"""Seconds that a dead worker costs here; 60 where it is deployed."""
_IDS = re.compile(rb'"external_id":"(u\d+)"')


def now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Arrivals:
    """Stands before the account and notes when which users' lines came."""

    account: Account
    bodies: list[tuple[float, bytes]] = field(default_factory=list)

    def watch(self) -> None:
        """From here on."""
        answer = self.account.answer

        def noted(head: bytes, body: bytes) -> Answer:
            if head.startswith(b"POST /users/track"):
                self.bodies.append((time.monotonic(), body))
            return answer(head, body)

        self.account.answer = noted  # type: ignore[method-assign]

    def times(self) -> dict[bytes, list[float]]:
        """By user, in order."""
        found: dict[bytes, list[float]] = {}
        for at, body in self.bodies:
            for user in _IDS.findall(body):
                found.setdefault(user, []).append(at)
        return found


@dataclass
class Worker:
    """One function in one process, started anew when it has been killed."""

    start: Callable[[bool], Any]
    process: Any = None

    def up(self, *, dies_at_the_flip: bool = False) -> None:
        self.process = self.start(dies_at_the_flip)

    def kill(self) -> float:
        """SIGKILL; when."""
        self.process.kill()
        at = time.monotonic()
        self.process.join()
        return at


@dataclass
class Bundle:
    """The stores, the queues, the workers and Braze."""

    url: str
    account: Account
    part_rows: int
    in_flight: int
    arrivals: Arrivals = field(init=False)
    planner: Worker = field(init=False)
    senders: tuple[Worker, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.arrivals = Arrivals(self.account)
        self.session = boto3.Session(ROOT_KEY, ROOT_KEY, region_name=REGION)
        self.queues = {name: self._queue(name) for name in (*QUEUES, *(f"{one}-dead" for one in QUEUES))}
        for table in TABLES:
            self._table(table)
        for bucket in BUCKETS:
            self.client("s3").create_bucket(Bucket=bucket)
        self.runs = RunStore(self.client("dynamodb"), "runs", now)
        installation = Nobody({"rest_endpoint": self.account.url}).installation
        InstallationStore(self.client("dynamodb"), "installations").create(installation)
        name = f"/{STACK}/braze/{INSTALLATION}"
        self.client("secretsmanager").create_secret(Name=name, SecretString=json.dumps({"rest_api_key": KEY}))
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([killable.__name__])

        def worker(function: str, queue: str, most: int) -> Worker:
            def start(dies: bool) -> Any:
                process = context.Process(
                    target=killable.serve,
                    args=(function, self.queues[queue], self._environment()),
                    kwargs={"most": most, "dies_at_the_flip": dies},
                    daemon=True,
                )
                process.start()
                return process

            return Worker(start)

        self.planner = worker("audience_plan", "export", 1)
        self.senders = (worker("audience_sync", "audience", 5), worker("audience_sync", "audience", 5))

    def client(self, service: str) -> Any:
        return self.session.client(service, endpoint_url=self.url)  # type: ignore[call-overload]

    def up(self) -> None:
        """All workers."""
        for worker in (self.planner, *self.senders):
            worker.up()

    def put(self, audience: str, name: str, rows: Sequence[dict[str, Any]], **manifest: Any) -> str:
        """Export these rows; the run's id."""
        text = io.StringIO()
        writer = csv.DictWriter(text, ("external_id", "n", "city"))
        writer.writeheader()
        writer.writerows(rows)
        body = text.getvalue().encode()
        prefix = f"exports/{INSTALLATION}/audience={audience}/split=1/{name}/"
        part = {"key": f"{prefix}part-1.csv", "rows": len(rows), "sha256": sha256(body).hexdigest()}
        # Columns of its own: one that another audience sends would wait for a person.
        types = {
            "n": {"name": f"n_{audience}", "type": "number"},
            "city": {"name": f"city_{audience}", "type": "string"},
        }
        document = {"parts": [part], "attributes": types, "exported_at": iso(now()), **manifest}
        s3, key = self.client("s3"), f"{prefix}manifest.json"
        s3.put_object(Bucket="exports", Key=part["key"], Body=body)
        etag = s3.put_object(Bucket="exports", Key=key, Body=json.dumps(document).encode())["ETag"].strip('"')
        self.send("export", json.loads(notification(key, etag)))
        return run_id(key, etag)

    def send(self, queue: str, body: dict[str, Any]) -> None:
        self.client("sqs").send_message(QueueUrl=self.queues[queue], MessageBody=json.dumps(body))

    def run(self, run_id: str) -> Run | None:
        return self.runs.get(run_id)

    def until(self, run_id: str, *statuses: str, seconds: float = 20.0) -> Run:
        """The run, once it has one of these."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            run = self.run(run_id)
            if run and run.status in statuses:
                return run
            time.sleep(0.05)
        raise AssertionError(f"{run_id} is {run and run.status}, not {statuses}: {run and run.halt}")

    def report(self, run_id: str) -> dict[str, Any]:
        body = self.client("s3").get_object(Bucket="state", Key=f"runs/{run_id}/report.json")["Body"].read()
        found: dict[str, Any] = json.loads(body)
        return found

    def held(self, audience: str) -> dict[str, dict[str, Any]]:
        """What Braze holds of those it believes in the audience, the other audiences' flags left out."""
        flag = f"AIQ_{audience}_1"
        known = self.account.site.workspace.profiles.by_external_id
        inside = {user: one.custom for user, one in list(known.items()) if one.custom.get(flag)}
        return {
            user: {flag: True, "n": custom.get(f"n_{audience}"), "city": custom.get(f"city_{audience}")}
            for user, custom in inside.items()
        }

    def _environment(self) -> dict[str, str]:
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
            "AWS_ACCESS_KEY_ID": ROOT_KEY,
            "AWS_SECRET_ACCESS_KEY": ROOT_KEY,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL": self.url,
            "AWS_EC2_METADATA_DISABLED": "true",
            "POWERTOOLS_SERVICE_NAME": "signal-bridge",
            "POWERTOOLS_METRICS_NAMESPACE": "SignalBridge",
            "POWERTOOLS_METRICS_DISABLED": "true",
            "LOG_LEVEL": "CRITICAL",
            "STACK_NAME": STACK,
            "INSTALLATIONS_TABLE": "installations",
            "DELIVERIES_TABLE": "deliveries",
            "RUNS_TABLE": "runs",
            "EXPORT_BUCKET": "exports",
            "STATE_BUCKET": "state",
            "EXPORT_QUEUE_URL": self.queues["export"],
            "AUDIENCE_QUEUE_URL": self.queues["audience"],
            "EXPORT_DEAD_LETTER_QUEUE_URL": self.queues["export-dead"],
            "AUDIENCE_DEAD_LETTER_QUEUE_URL": self.queues["audience-dead"],
            "BRAZE_DEAD_LETTER_QUEUE_URL": self.queues["braze-dead"],
            "EXTRA_ALLOWED_HOSTS": self.account.url.removeprefix("http://"),
            "RUN_SETTLE_SECONDS": "0",
            "PART_ROWS": str(self.part_rows),
            "LEASE_SECONDS": str(LEASE),
            "REQUESTS_IN_FLIGHT": str(self.in_flight),
        }

    def _queue(self, name: str) -> str:
        url: str = self.client("sqs").create_queue(
            QueueName=name, Attributes={"VisibilityTimeout": str(LEASE)}
        )["QueueUrl"]
        return url

    def _table(self, name: str) -> None:
        keys = ("pk",) if name == "deliveries" else ("pk", "sk")
        index = {
            "IndexName": "feed",
            "KeySchema": [
                {"AttributeName": "feed", "KeyType": "HASH"},
                {"AttributeName": "at", "KeyType": "RANGE"},
            ],
            "Projection": {"ProjectionType": "ALL"},
        }
        self.client("dynamodb").create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[
                {"AttributeName": one, "AttributeType": "S"} for one in (*keys, "feed", "at")
            ],
            KeySchema=[
                {"AttributeName": one, "KeyType": kind}
                for one, kind in zip(keys, ("HASH", "RANGE"), strict=False)
            ],
            GlobalSecondaryIndexes=[index],
        )


@contextmanager
def emulator(scratch: Path) -> Iterator[str]:
    """An emulator of this test's own; its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = replace(LocalSettings.load(), emulator_port=port, state=scratch)
    (scratch / "emulator").mkdir(parents=True)
    service = emulator_service(settings)
    environment = {**service.env, "AUTH": "false"}
    log = (scratch / "emulator.log").open("wb")
    process = subprocess.Popen(service.argv, env=environment, cwd=ROOT, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 30
        while not listening(port):
            assert process.poll() is None, (scratch / "emulator.log").read_text()[-2_000:]
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield settings.emulator_url
    finally:
        process.terminate()
        process.wait()
        log.close()
