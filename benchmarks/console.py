"""The console in a real browser on the running stack: first paint, Live Events' delay, weight of what it loads.

`python -m benchmarks.console` records 10,000 deliveries straight in the table, opens every kind of page five times,
sends test events and watches for them in an open Live Events page, and adds its rows to `.local/bench.json`.
"""

import gzip
import json
import shutil
import sys
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import batched
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), *(str(ROOT / "layers" / name) for name in ("mapping", "bridge", "console"))]

import boto3
from playwright.sync_api import Page, sync_playwright

from benchmarks.full_log import RESULTS, keep
from bridge.stores.delivery_rows import feed
from bridge.stores.feed_hours import FeedHours
from bridge.stores.minutes import MinuteStore
from console.rendering import ASSETS, asset
from local.demo.stack import Stack
from local.settings import REGION, ROOT_KEY
from mapping.times import iso
from tests.stack.house import House

DELIVERIES, VISITS, TRIALS = 10_000, 5, 5
TARGET_PAINT_MS, TARGET_DELAY_S, TARGET_ASSETS_KB = 300, 3.0, 250
SCREENS = (
    "",
    "/integrations",
    "/integrations/library",
    "/integrations/library/braze",
    "/integrations/installed/{installation}",
    "/live-events",
    "/live-events/{delivery}",
    "/audiences",
    "/dead-letters",
    "/access",
)

FIRST_PAINT = """() => new Promise((tell) => new PerformanceObserver((list) => {
  const paint = list.getEntries().find((one) => one.name === "first-contentful-paint");
  if (paint) tell(paint.startTime);
}).observe({ type: "paint", buffered: true }))"""


def rows(integration_id: str, now: datetime) -> Iterator[dict[str, Any]]:
    """Deliveries over the last two hours, of up to 20 events each, as the workers leave them."""
    for number in range(DELIVERIES):
        at = iso(now - timedelta(seconds=7200 * number / DELIVERIES))
        delivery_id = f"dlv_{uuid.uuid4().hex[:24]}"
        events = [
            {"message_id": f"m{number}-{n}", "type": "track", "name": "Order Completed", "user": f"u{n}"}
            for n in range(number % 20 + 1)
        ]
        yield {
            "pk": {"S": delivery_id},
            "feed": {"S": feed(at, delivery_id)},
            "at": {"S": at},
            "integration_id": {"S": integration_id},
            "kind": {"S": "events"},
            "status": {"S": "delivered"},
            "vendor_status": {"N": "200"},
            "attempt": {"N": "1"},
            "latency_ms": {"N": str(20 + number % 60)},
            "version": {"N": "2"},
            "counts": {"M": {"delivered": {"N": str(len(events))}}},
            "events": {"S": json.dumps(events, separators=(",", ":"))},
            "expires_at": {"N": str(int(now.timestamp()) + 86400)},
        }


def record(stack: Stack, integration_id: str) -> str:
    """Write them to the table, as a worker would have; the id of one of them."""
    session = boto3.Session(ROOT_KEY, ROOT_KEY, region_name=REGION)
    client: Any = session.client("dynamodb", endpoint_url=stack.emulator_url)
    table = stack.outputs["DeliveriesTableName"]
    hours = FeedHours(client, table, timedelta(days=30))
    made = list(rows(integration_id, datetime.now(UTC)))
    for part in batched(made, 25, strict=False):
        for row in part:
            hours.mark(row["at"]["S"])
        client.batch_write_item(RequestItems={table: [{"PutRequest": {"Item": row}} for row in part]})
    counted = {
        "delivered": DELIVERIES * 10 // 120,
        "latency_ms": 50 * DELIVERIES // 120,
        "answers": DELIVERIES // 120,
    }
    for minute in range(120):
        MinuteStore(client, table).add(
            datetime.now(UTC) - timedelta(minutes=minute), {integration_id: counted}
        )
    return str(made[0]["pk"]["S"])


def painted(page: Page, path: str) -> float:
    """Milliseconds from the navigation to the first contentful paint."""
    page.goto(f"/console{path}")
    return float(page.evaluate(FIRST_PAINT))


def delays(page: Page, house: House, integration_id: str) -> list[float]:
    """Seconds from when a delivery was recorded as answered to when an open page shows it, event by event."""
    page.goto(f"/console/live-events?integration_id={integration_id}")
    found = []
    for _ in range(TRIALS):
        name = f"Trial {uuid.uuid4().hex[:8]}"
        house.send({"batch": [house.track(house.user(), event=name)]})
        answered = None
        while answered is None:
            listed = house.rows(integration_id, name=name.replace(" ", "%20"), status="delivered")
            answered = time.monotonic() if listed else None
        page.get_by_text(name).first.wait_for(timeout=20_000)
        found.append(time.monotonic() - answered)
    return found


def measure(stack: Stack, house: House) -> list[dict[str, Any]]:
    """All three, as bench.json has them."""
    integration_id = house.install("actioniq")
    places = {"installation": integration_id, "delivery": record(stack, integration_id)}
    with sync_playwright() as playwright:
        chromium = shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(base_url=stack.api_url)
        page.goto("/console")
        page.locator("#token").fill(stack.admin_token)
        page.locator("main button").click()
        page.wait_for_url("**/console")
        paints = {
            path: median(painted(page, path.format(**places)) for _ in range(VISITS)) for path in SCREENS
        }
        waited = delays(page, house, integration_id)
        browser.close()
    weight = sum(len(gzip.compress(asset(name))) for name in ASSETS) / 1024
    slowest = max(paints, key=lambda path: paints[path])
    return [
        _row(
            f"console: first paint, slowest screen (/console{slowest})",
            paints[slowest],
            "ms",
            TARGET_PAINT_MS,
        ),
        _row("console: first paint, median screen", median(paints.values()), "ms", TARGET_PAINT_MS),
        _row("console: delivery to Live Events, longest", max(waited), "s", TARGET_DELAY_S),
        _row("console: what it loads, gzipped", weight, "KB", TARGET_ASSETS_KB),
    ]


def _row(name: str, value: float, unit: str, target: float) -> dict[str, Any]:
    return {"name": name, "value": round(value, 1), "unit": unit, "target": target, "better": "lower"}


def main() -> int:
    """The exit code: 1 without a browser."""
    if shutil.which("chromium") is None:
        sys.stderr.write("no Chromium on this machine: the console is not measured\n")
        return 1
    stack = Stack.read()
    house = House(stack)
    house.open()
    try:
        measured = measure(stack, house)
    finally:
        house.close()
    keep(measured, RESULTS)
    for row in measured:
        sys.stdout.write(f"{row['name']:60} {row['value']:>10} {row['unit']} (target {row['target']})\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
