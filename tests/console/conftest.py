"""The deployed console in a real browser: Chromium without a window, driven by Playwright."""

import os
import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from local.demo.stack import DEFAULT_PATH, Stack
from local.settings import ROOT
from tests.console.screens import context_of
from tests.stack.house import House

CHROMIUM = shutil.which("chromium")
MISSING = (
    "no Chromium on this machine (Debian: apt-get install chromium): the console is not tried in a browser"
)
MUST = os.environ.get("CI") == "true"
AXE = ROOT / "tests" / "sdk" / "node_modules" / "axe-core" / "axe.min.js"
PATIENCE_MS = 30_000

SignIn = Callable[..., Page]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Left out as one, and said once."""
    if not (CHROMIUM or MUST):
        config.hook.pytest_deselected(items=list(items))
        items.clear()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not CHROMIUM:
        terminalreporter.write_line(f"SKIPPED tests/console: {MISSING}")


@pytest.fixture(scope="session")
def stack() -> Stack:
    if not DEFAULT_PATH.exists():
        pytest.fail("no stack is up: make up")
    return Stack.read()


@pytest.fixture(scope="session")
def house(stack: Stack) -> Iterator[House]:
    house = House(stack)
    house.open()
    yield house
    house.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not CHROMIUM:
        pytest.fail(MISSING)
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def sign_in(browser: Browser, stack: Stack) -> Iterator[SignIn]:
    """`sign_in(token, dark=…, phone=…, language=…)` gives the overview; an error in a page's log fails the test."""
    contexts, faults = [], []

    def open_page(
        token: str = "", *, dark: bool = False, phone: bool = False, language: str = "en-GB"
    ) -> Page:
        context = context_of(browser, stack.api_url, dark=dark, phone=phone, language=language)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto("/console")
        page.locator("#token").fill(token or stack.admin_token)
        page.locator("main button").click()
        page.wait_for_url("**/console")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not [fault for fault in faults if "422" not in fault], faults
