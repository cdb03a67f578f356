"""What a million members and a million events cost at AWS: `python -m benchmarks.cost [--write docs/cost.md]`.

Requests of an audience run are those `python -m benchmarks.audience --counts benchmarks/counted.json` counted;
those of events follow from how many of them share a message, a delivery and a transaction.
"""

import argparse
import json
import re
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
COUNTED = Path(__file__).with_name("counted.json")
TEMPLATE = ROOT / "template.yaml"
POLLERS, POLL_SECONDS, MONTH_SECONDS = 5, 20, 30 * 24 * 60 * 60
"""Lambda asks a queue by so many pollers, each of which waits so long for an answer."""
MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Usage:
    """What AWS counts. SQS counts a request for each 64 KB, DynamoDB a write unit for each KB."""

    api_requests: float = 0
    invocations: float = 0
    gb_seconds: float = 0
    sqs_requests: float = 0
    s3_puts: float = 0
    s3_gets: float = 0
    write_units: float = 0
    read_units: float = 0

    def __add__(self, other: "Usage") -> "Usage":  # noqa: D105 - a sum is a sum
        return Usage(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))

    def times(self, factor: float) -> "Usage":
        """As much of everything."""
        return Usage(*(factor * one for one in astuple(self)))


PRICES = Usage(
    api_requests=1.00 / MILLION,
    invocations=0.20 / MILLION,
    gb_seconds=0.0000133334,
    sqs_requests=0.40 / MILLION,
    s3_puts=0.005 / 1_000,
    s3_gets=0.0004 / 1_000,
    write_units=0.625 / MILLION,
    read_units=0.125 / MILLION,
)
"""Dollars for one, us-east-1, on demand, arm64, first tier, without the free tier: list prices of 2026-11."""

CALLS: dict[str, Usage] = {
    **dict.fromkeys(("lease", "checkpoint", "leave", "take_audience"), Usage(write_units=1)),
    **dict.fromkeys(("hold", "move"), Usage(write_units=2)),  # the run's row, and the index it stands in
    "finish": Usage(write_units=5),  # a transaction over two rows: two units each, and the index
    **dict.fromkeys(("get", "holder"), Usage(read_units=1)),
    **dict.fromkeys(("put_part", "put_plan", "put_result", "put_report"), Usage(s3_puts=1)),
    **dict.fromkeys(("put_changes", "upload"), Usage(s3_puts=6)),  # 32 MB in pieces of 8, begun and completed
    **dict.fromkeys(("manifest", "get_part", "get_plan"), Usage(s3_gets=1)),
    "download": Usage(s3_gets=4),
    "get_changes": Usage(s3_puts=1, s3_gets=4),  # a listing costs what a put costs
}
GB_A_PROCESSOR = 1.769
"""Lambda gives a whole processor to a function of this size, and a share of it to a smaller one."""
PLAN_GB, SYNC_GB = 4096 / 1024, 1769 / 1024
EVENTS_A_MESSAGE, EVENTS_A_REQUEST, RECORDS_A_REQUEST, MESSAGES_A_BATCH = 500, 75, 500, 10
EVENT_KB = 0.6
WITH_INDEX = 2
"""Delivery rows stand whole in the index `feed` too: each write of one is written there again."""
COLLECT_US, INGEST_US, DELIVER_US, CLAIMS_US, MEMORY_US = 16, 23, 62, 108, 216
"""Processor of one event, microseconds: benchmarks.collect, .ingest and .realtime on this project's two cores."""
WAIT_SECONDS = 0.1
"""A delivery's wait for the vendor; the ten of a batch wait together."""


def dollars(used: Usage) -> float:
    """The price of it."""
    return sum(n * price for n, price in zip(astuple(used), astuple(PRICES), strict=True))


def audience(counted: dict[str, Any]) -> Usage:
    """A run, per million members."""
    parts = counted["parts"]
    messages = Usage(sqs_requests=3 * -(-parts // MESSAGES_A_BATCH) + parts + 10, invocations=parts / 10 + 2)
    seconds = counted["seconds_planning"] * PLAN_GB + counted["seconds_sending"] * SYNC_GB
    calls = [CALLS[name].times(n) for name, n in counted["calls"].items()]
    return sum(calls, messages + Usage(gb_seconds=seconds)).times(MILLION / counted["members"])


def collected() -> Usage:
    """A million events over HTTP in batches of 500, into EventQueue."""
    requests = MILLION / EVENTS_A_MESSAGE
    chunks = -(-EVENTS_A_MESSAGE * EVENT_KB // 64)
    compute = Usage(invocations=requests, gb_seconds=COLLECT_US * GB_A_PROCESSOR)
    return compute + Usage(api_requests=requests, sqs_requests=requests * chunks)


def ingested(per_delivery: int) -> Usage:
    """A million events out of EventQueue and into a vendor's queue."""
    batches = MILLION / EVENTS_A_MESSAGE
    deliveries = MILLION / per_delivery
    chunks = -(-per_delivery * EVENT_KB // 64)
    received = batches * -(-EVENTS_A_MESSAGE * EVENT_KB // 64) + batches / MESSAGES_A_BATCH
    return Usage(
        invocations=batches / MESSAGES_A_BATCH,
        gb_seconds=INGEST_US * GB_A_PROCESSOR,
        sqs_requests=received + deliveries * chunks,
        read_units=batches / MESSAGES_A_BATCH,
    )


def delivered(per_delivery: int, *, claims: bool, memory: bool = False) -> Usage:
    """A million events to a vendor: a row that is begun, sent and finished, and a body with the four stages."""
    deliveries = MILLION / per_delivery
    batches = deliveries / MESSAGES_A_BATCH
    chunks = -(-per_delivery * EVENT_KB // 64)
    row_units = -(-per_delivery * 0.1 // 1)  # some hundred bytes of each event are in the row
    micros = DELIVER_US + claims * CLAIMS_US + memory * MEMORY_US
    used = Usage(
        invocations=batches,
        gb_seconds=micros * GB_A_PROCESSOR + batches * WAIT_SECONDS,
        sqs_requests=deliveries * (chunks + 1 + 1 / MESSAGES_A_BATCH),
        s3_puts=deliveries,
        write_units=deliveries * row_units * 3 * WITH_INDEX,
    )
    kept = Usage(read_units=MILLION, write_units=2 * MILLION) if memory else Usage()
    return used + (Usage(write_units=2 * MILLION) if claims else Usage()) + kept


def sheet(counted: dict[str, Any]) -> list[tuple[str, Usage]]:
    """Every line of it."""
    braze, actioniq = EVENTS_A_REQUEST, RECORDS_A_REQUEST
    return [
        ("1 million members, first run", audience(counted["first"])),
        ("1 million members, daily run, 2 % changed", audience(counted["daily"])),
        ("1 million events, collected", collected()),
        ("1 million events, ingested for Braze", ingested(braze)),
        ("1 million events, delivered to Braze, claims on", delivered(braze, claims=True)),
        ("1 million events, delivered to Braze, claims off", delivered(braze, claims=False)),
        (
            "1 million identifies, delivered to Braze, profile memory on",
            delivered(braze, claims=False, memory=True),
        ),
        (
            "1 million events alone in their messages, delivered to Braze, claims off",
            delivered(1, claims=False),
        ),
        ("1 million events, ingested for ActionIQ", ingested(actioniq)),
        ("1 million events, delivered to ActionIQ, claims on", delivered(actioniq, claims=True)),
        ("1 million events, delivered to ActionIQ, claims off", delivered(actioniq, claims=False)),
    ]


def standing() -> list[tuple[str, int, float]]:
    """What a stack costs a month while nothing happens: how many of what, at what price each."""

    def number(kind: str) -> int:
        return len(re.findall(rf"^    Type: AWS::{kind}$", TEMPLATE.read_text(), re.MULTILINE))

    polls = POLLERS * MONTH_SECONDS / POLL_SECONDS
    return [
        ("alarms", number("CloudWatch::Alarm"), 0.10),
        ("dashboard", number("CloudWatch::Dashboard"), 3.00),
        ("queues, asked while they are empty", number("SQS::Queue"), polls * PRICES.sqs_requests),
        ("metrics of the watch", 3, 0.30),
        ("key of the alarms' topic", number("KMS::Key"), 1.00),
        ("secret of the first token", number("SecretsManager::Secret"), 0.40),
    ]


def standing_table() -> list[str]:
    """The same in Markdown, with its sum."""
    rows = ["| a month in which nothing happens | number | $ each | $ |", "| --- | --: | --: | --: |"]
    rows += [f"| {name} | {n} | {price:.2f} | {n * price:.2f} |" for name, n, price in standing()]
    return [*rows, f"| together | | | **{sum(n * price for _, n, price in standing()):.2f}** |"]


def tables() -> str:
    """The sheet and the prices, in Markdown."""
    columns = ("HTTP", "invocations", "GB-s", "SQS", "S3 puts", "S3 gets", "write units", "read units")
    rows = [f"| what | {' | '.join(columns)} | **$** |", f"| --- |{' --: |' * (len(columns) + 1)}"]
    for name, used in sheet(json.loads(COUNTED.read_text())):
        figures = " | ".join(f"{one:,.0f}" for one in astuple(used))
        rows.append(f"| {name} | {figures} | **{dollars(used):.4f}** |")
    rows += ["", *standing_table()]
    rows += ["", f"| price of | {' | '.join(columns)} |", f"| --- |{' --: |' * len(columns)}"]
    rows.append(f"| a million, $ | {' | '.join(f'{one * MILLION:,.3f}' for one in astuple(PRICES))} |")
    return "\n".join(rows)


def written(page: str) -> str:
    """The page with the tables of now."""
    return re.sub(
        r"(<!-- figures -->\n).*?(\n<!-- end -->)",
        lambda found: found[1] + tables() + found[2],
        page,
        flags=re.DOTALL,
    )


def main() -> None:
    """Print the sheet, or write it into its page."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--write", type=Path, help="the page whose figures are to be these")
    asked = arguments.parse_args()
    if asked.write:
        asked.write.write_text(written(asked.write.read_text()))
    print(tables())


if __name__ == "__main__":
    main()
