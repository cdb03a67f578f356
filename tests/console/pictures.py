"""`make pictures`: every screen of the console, light and dark, on a desktop and on a phone, for the docs.

Takes the stack to itself, like `make demo`.
"""

import shutil
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

from playwright.sync_api import Browser, sync_playwright

from local.demo.stack import Stack
from local.settings import ROOT
from tests.console.scenery import Scenery
from tests.console.screens import LOOKS, SCREENS, context_of
from tests.console.small_png import shrunk

FOLDER = ROOT / "docs" / "images" / "console"
PATIENCE_MS = 60_000
WHOLE = {"delivery", "run"}
"""Shown to their end: four stages, the charts."""


def take(browser: Browser, scenery: Scenery, look: str) -> Iterator[tuple[str, bytes]]:
    """Every screen in one look: a file's name and the picture as the browser gives it."""
    context = context_of(browser, scenery.stack.api_url, **LOOKS[look])
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.goto("/console/sign-in")
    yield f"sign-in-{look}.png", page.screenshot()
    page.locator("#token").fill(scenery.stack.admin_token)
    page.locator("main button").click()
    page.wait_for_url("**/console")
    for name, address in SCREENS.items():
        page.goto(address.format(**vars(scenery)))
        page.wait_for_load_state("networkidle")
        yield f"{name}-{look}.png", page.screenshot(full_page=name in WHOLE and "phone" not in look)
    context.close()


def main() -> int:
    """The exit code: 1 without a browser."""
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.stderr.write("no Chromium on this machine: no pictures are taken\n")
        return 1
    scenery = Scenery(Stack.read())
    scenery.build()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        taken = {name: png for look in LOOKS for name, png in take(browser, scenery, look)}
        browser.close()
    scenery.settle()
    keep(taken)
    return 0


def keep(taken: dict[str, bytes]) -> None:
    """Make them small, on every core, and let them take the place of those that were there."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.glob("*.png"):
        old.unlink()
    with ProcessPoolExecutor() as pool:
        small = dict(zip(taken, pool.map(shrunk, taken.values()), strict=True))
    for name, png in small.items():
        (FOLDER / name).write_bytes(png)
    whole, largest = (
        f"{size / 1024:.0f} KB" for size in (sum(map(len, small.values())), max(map(len, small.values())))
    )
    sys.stdout.write(f"{len(small)} pictures, {whole}, the largest {largest}\n")


if __name__ == "__main__":
    sys.exit(main())
