"""DeliveriesTable as far as the real-time lane uses it: in memory, or behind DynamoDB's protocol in its own process.

It keeps claims, profile memory and delivery rows, and checks none of their conditions: what it is asked is
what a worker that meets no other asks. It imitates neither DynamoDB's latency nor its limits.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), *(str(ROOT / "layers" / name) for name in ("mapping", "bridge"))]

from local.standins.run import run
from local.standins.web import Answer, Reply, encode

TABLE = "deliveries"


class Tables:
    """The calls of a boto3 client that the stores make."""

    def __init__(self) -> None:
        self.rows: dict[str, Any] = {}

    def put_item(self, *, Item: Any, **_: Any) -> dict[str, Any]:  # noqa: N803 - boto3's own names, here and below
        self.rows[Item["pk"]["S"]] = Item
        return {}

    def get_item(self, *, Key: Any, **_: Any) -> dict[str, Any]:  # noqa: N803
        found = self.rows.get(Key["pk"]["S"])
        return {"Item": found} if found else {}

    def batch_get_item(self, *, RequestItems: Any, **_: Any) -> dict[str, Any]:  # noqa: N803
        keys = RequestItems[TABLE]["Keys"]
        found = [self.rows[key["pk"]["S"]] for key in keys if key["pk"]["S"] in self.rows]
        return {"Responses": {TABLE: found}, "UnprocessedKeys": {}}

    def transact_write_items(self, *, TransactItems: Any, **_: Any) -> dict[str, Any]:  # noqa: N803
        self.rows |= {one["Put"]["Item"]["pk"]["S"]: one["Put"]["Item"] for one in TransactItems}
        return {}

    def update_item(self, *, Key: Any, ExpressionAttributeValues: Any, **_: Any) -> dict[str, Any]:  # noqa: N803
        """Of a delivery's row: one more version and attempt."""
        row = self.rows.get(Key["pk"]["S"])
        if row is None or "version" not in row:
            return {}
        row["version"] = {"N": str(int(row["version"]["N"]) + 1)}
        row["status"] = ExpressionAttributeValues.get(":status", row["status"])
        row["attempt"] = {"N": "1"}
        return {"Attributes": row}


class Served:
    """DynamoDB's JSON protocol, signatures unchecked."""

    def __init__(self) -> None:
        self.tables = Tables()
        self.calls = {
            b"PutItem": self.tables.put_item,
            b"GetItem": self.tables.get_item,
            b"BatchGetItem": self.tables.batch_get_item,
            b"TransactWriteItems": self.tables.transact_write_items,
            b"UpdateItem": self.tables.update_item,
        }

    def answer(self, head: bytes, body: bytes) -> Answer:
        """One call."""
        _, _, rest = head.partition(b"DynamoDB_20120810.")
        found = self.calls[rest.partition(b"\r\n")[0]](**json.loads(body))
        return encode(Reply(200, json.dumps(found).encode(), {"content-type": "application/x-amz-json-1.0"}))


@contextmanager
def served(port: int) -> Iterator[str]:
    """Its address, while it runs."""
    command = [sys.executable, "-m", "benchmarks._tables", str(port)]
    with Popen(command, cwd=ROOT, stdout=PIPE) as process:  # noqa: S603 - a program of this repository
        next(iter(process.stdout or ()))
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


if __name__ == "__main__":
    sys.exit(run("tables", Served(), int(sys.argv[1])))
