"""A hundred thousand dead letters on the running stack: how long each call of the API takes, how fast they replay.

`python -m benchmarks.dead_letters` files them straight in the table, asks the API as a person would, replays one kind
into a queue of its own, and takes everything away again (`--keep` leaves it).
The emulator looks at every row of an index partition where DynamoDB reads only what it gives: its times are an upper
bound.
"""

import json
import sys
import time
import urllib.parse
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import batched
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), *(str(ROOT / "layers" / name) for name in ("mapping", "bridge"))]

import boto3
from botocore.config import Config

from benchmarks._results import keep, row
from bridge.flows.admin.replaying import Replaying
from bridge.flows.admin.resending import Sender
from bridge.stores.depths import QueueDepths
from bridge.stores.letter_counts import LetterCounts
from bridge.stores.letter_rows import day_of, feed, group_of, letter, place
from bridge.stores.letters import LetterStore
from bridge.stores.queues import Queue
from bridge.stores.replays import ReplayStore
from local.demo.stack import Stack
from local.settings import REGION, ROOT_KEY
from mapping.letter import ReplayJob, Wanted
from mapping.times import iso
from tests.stack.house import ask

LETTERS, DAYS, REASONS, REPLAYED = 100_000, 10, 5, 3_000
TARGET_CALL_S, TARGET_PER_MINUTE = 29.0, 6_000


def now() -> datetime:
    """Of this moment, in UTC."""
    return datetime.now(UTC)


def rows(lane: str) -> Iterator[dict[str, Any]]:
    """Letters over the last days, of several reasons; a few of them rare."""
    for number in range(LETTERS):
        at = now() - timedelta(days=number % DAYS, seconds=number % 600)
        reason = "rare" if number % (LETTERS // 10) == 0 else f"reason_{number // DAYS % REASONS}"
        made: dict[str, Any] = {
            "pk": {"S": f"ltr_{uuid.uuid4().hex[:24]}"},
            "queue": {"S": lane},
            "reason": {"S": reason},
            "outcome": {"S": "blocked"},
            "detail": {"S": "the key is invalid"},
            "integration_id": {"S": lane},
            "delivery_id": {"S": f"dlv_{number:024x}"},
            "message_id": {"S": str(uuid.uuid4())},
            "receive_count": {"N": "1"},
            "at": {"S": iso(at)},
            "expires_at": {"N": str(int(now().timestamp()) + 86_400)},
        }
        shown = letter(made)
        yield made | {
            "feed": {"S": feed(day_of(shown), group_of(shown))},
            "at": {"S": place(shown)},
        }


class Bench:
    """The stack, its table and a lane that nobody works on."""

    def __init__(self) -> None:
        self.stack = Stack.read()
        account = boto3.Session(ROOT_KEY, ROOT_KEY, region_name=REGION)
        config = Config(max_pool_connections=32)
        self.dynamodb, self.s3, self.sqs = (
            account.client(name, endpoint_url=self.stack.emulator_url, config=config)  # type: ignore[call-overload]
            for name in ("dynamodb", "s3", "sqs")
        )
        self.table = self.stack.outputs["DeliveriesTableName"]
        self.bucket = self.stack.outputs["StateBucketName"]
        self.lane = f"bench{uuid.uuid4().hex[:8]}"
        self.rows = list(rows(self.lane))
        self.replayed: set[str] = set()
        self.letters = LetterStore(self.dynamodb, self.table, self.s3, self.bucket, now)

    def fill(self) -> None:
        self._write([{"PutRequest": {"Item": one}} for one in self.rows])
        self._count(1)

    def _count(self, sign: int) -> None:
        """The counts that filing would have written, or taken back; what was replayed meanwhile stays counted."""
        counts = LetterCounts(self.dynamodb, self.table, now, 30)
        changes: dict[str, dict[str, Any]] = {}
        numbers: Counter[tuple[str, str]] = Counter()
        for one in (one for one in self.rows if one["pk"]["S"] not in self.replayed):
            change = counts.filed(letter(one))["Update"]
            changes[change["Key"]["pk"]["S"]] = change
            numbers[change["Key"]["pk"]["S"], change["ExpressionAttributeNames"]["#n0"]] += sign
        for (key, name), number in numbers.items():
            values = changes[key]["ExpressionAttributeValues"] | {":n0": {"N": str(number)}}
            told = {"ExpressionAttributeNames": {"#n0": name}, "ExpressionAttributeValues": values}
            self.dynamodb.update_item(**changes[key] | told)

    def bodies(self, ids: list[str]) -> None:
        body = json.dumps({"delivery_id": "d", "integration_id": "i", "items": [{"a": "b" * 400}]}).encode()
        with ThreadPoolExecutor(16) as pool:
            list(
                pool.map(
                    lambda one: self.s3.put_object(Bucket=self.bucket, Key=f"letters/{one}.json", Body=body),
                    ids,
                )
            )

    def clear(self) -> None:
        self._count(-1)
        self._write([{"DeleteRequest": {"Key": {"pk": one["pk"]}}} for one in self.rows])

    def _write(self, requests: list[Any]) -> None:
        for part in batched(requests, 25, strict=False):
            left: Any = {self.table: list(part)}
            while left:
                left = self.dynamodb.batch_write_item(RequestItems=left).get("UnprocessedItems")

    def call(self, method: str, path: str, body: Any = None) -> tuple[float, Any]:
        began = time.perf_counter()
        status, answer = ask(
            method, f"{self.stack.api_url}/v1/admin/{path}", body, bearer=self.stack.admin_token
        )
        took = time.perf_counter() - began
        if status not in {200, 202}:
            raise SystemExit(f"{method} {path}: {status} {answer}")
        return took, answer

    def slowest(self, method: str, path: str, times: int = 3) -> float:
        return round(max(self.call(method, path)[0] for _ in range(times)), 2)

    def replaying(self, url: str) -> tuple[ReplayStore, Replaying]:
        jobs = ReplayStore(self.dynamodb, self.table, now)
        queues = {self.lane: Queue(self.sqs, url)}
        depths = QueueDepths(self.sqs, {})
        depths.all = list  # type: ignore[method-assign]  # nobody works on this lane: it would be full
        name: Callable[[str], str] = lambda prefix: f"{prefix}_{uuid.uuid4().hex[:24]}"  # noqa: E731
        return jobs, Replaying(jobs, self.letters, Sender(self.letters, queues), depths, now, name)

    def replay(self) -> float:
        """Letters a minute, through the table, the bucket and a queue."""
        wanted = Wanted(queue=self.lane, reason="reason_1")
        ids = [
            one["pk"]["S"]
            for one in sorted(self.rows, key=lambda one: one["at"]["S"])
            if one["reason"]["S"] == "reason_1"
        ]
        self.bodies(ids[:REPLAYED])
        url = self.sqs.create_queue(QueueName=self.lane)["QueueUrl"]
        jobs, work = self.replaying(url)
        job = ReplayJob(
            id=f"rpl_{uuid.uuid4().hex[:24]}",
            wanted=wanted,
            created_at=iso(now()),
            created_by="bench",
            until=iso(now()),
            total=LETTERS // REASONS,
        )
        jobs.create(job)
        began = time.perf_counter()
        sent = work.step(job.id, REPLAYED, now() + timedelta(minutes=3))
        took = time.perf_counter() - began
        jobs.end(job.id, "cancelled")
        self.replayed = set(ids[:sent])
        self.sqs.delete_queue(QueueUrl=url)
        return round(sent / took * 60)


def main() -> None:
    """Fill, ask, replay, clear."""
    bench = Bench()
    began = time.perf_counter()
    bench.fill()
    print(f"{LETTERS:,} letters filed in {time.perf_counter() - began:.0f} s", flush=True)
    try:
        rare = bench.call("GET", "dead-letters?reason=rare&limit=1")[1]["data"][0]["id"]
        bench.bodies([rare])
        query = urllib.parse.urlencode({"queue": bench.lane, "reason": "reason_2", "limit": 100})
        calls = {
            "list, newest": "dead-letters?limit=50",
            "list, one reason": f"dead-letters?{query}",
            "list, a rare reason": "dead-letters?reason=rare",
            "groups": "dead-letters/groups",
            "one with its body": f"dead-letters/{rare}",
        }
        told = {name: bench.slowest("GET", path) for name, path in calls.items()}
        took, job = bench.call("POST", "replays", {"queue": bench.lane, "reason": "reason_3"})
        told["start a replay of 20,000"] = round(took, 2)
        told["look at it"] = bench.slowest("GET", f"replays/{job['id']}")
        told["cancel it"] = round(bench.call("POST", f"replays/{job['id']}/cancel")[0], 2)
        figures = [
            row(f"dead letters: {name}, of {LETTERS:,}", took, "s", TARGET_CALL_S, "lower")
            for name, took in told.items()
        ]
        keep([*figures, row("dead letters: replayed", bench.replay(), "/min", TARGET_PER_MINUTE)])
    finally:
        if "--keep" not in sys.argv:
            bench.clear()


if __name__ == "__main__":
    main()
