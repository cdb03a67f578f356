"""`make pictures`: every screen of the console, light and dark, on a desktop and on a phone, for the docs.

Takes the stack to itself, like `make demo`.
"""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from local.demo.stack import Stack
from local.settings import ROOT
from tests.console.scenery import Scenery
from tests.console.screens import LOOKS, SCREENS, context_of
from tests.console.small_png import shrunk

FOLDER = ROOT / "docs" / "images" / "console"


def take(browser: Browser, scenery: Scenery, look: str, folder: Path) -> None:
    """Every screen in one look."""
    context = context_of(browser, scenery.stack.api_url, **LOOKS[look])
    page = context.new_page()
    page.goto("/console/sign-in")
    _keep(page, folder / f"sign-in-{look}.png")
    page.locator("#token").fill(scenery.stack.admin_token)
    page.locator("main button").click()
    page.wait_for_url("**/console")
    for name, address in SCREENS.items():
        page.goto(address.format(**vars(scenery)))
        page.wait_for_load_state("networkidle")
        _keep(page, folder / f"{name}-{look}.png")
    context.close()


def _keep(page: Page, path: Path) -> None:
    path.write_bytes(shrunk(page.screenshot()))


def main() -> int:
    """The exit code: 1 without a browser."""
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.stderr.write("no Chromium on this machine: no pictures are taken\n")
        return 1
    scenery = Scenery(Stack.read())
    scenery.build()
    FOLDER.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for look in LOOKS:
            take(browser, scenery, look, FOLDER)
        browser.close()
    scenery.settle()
    sizes = [path.stat().st_size for path in FOLDER.glob("*.png")]
    sys.stdout.write(
        f"{len(sizes)} pictures, {sum(sizes) / 1024:.0f} KB, the largest {max(sizes) / 1024:.0f} KB\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
