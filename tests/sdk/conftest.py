"""Every SDK plays its scenes once, all of them side by side; the tests share what came of it."""

import os
import shutil
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from local.demo.stack import DEFAULT_PATH, Stack
from tests.sdk.performance import Performance, performed
from tests.sdk.sdks import SDKS, TOOLS, Sdk
from tests.sdk.world import world

CHROMIUM = shutil.which("chromium")
MISSING = "no Chromium on this machine (Debian: apt-get install chromium): the browser SDK is not tried"
MUST = os.environ.get("CI") == "true"


def of_browser(item: pytest.Item) -> bool:
    sdk = item.callspec.params.get("sdk") if hasattr(item, "callspec") else None
    return isinstance(sdk, Sdk) and sdk.browser


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Left out as one: twenty skipped tests would say the same thing twenty times."""
    out = [item for item in items if of_browser(item)] if not (CHROMIUM or MUST) else []
    if out:
        config.hook.pytest_deselected(items=out)
        items[:] = [item for item in items if not of_browser(item)]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not CHROMIUM:
        terminalreporter.write_line(f"SKIPPED tests/sdk: {MISSING}")


@pytest.fixture(scope="session")
def stack() -> Stack:
    if not DEFAULT_PATH.exists():
        pytest.fail("no stack is up: make up")
    return Stack.read()


@pytest.fixture(scope="session")
def performances(stack: Stack, request: pytest.FixtureRequest) -> Iterator[dict[str, Future[Performance]]]:
    """Only those some test asks for."""
    if not (TOOLS / "node").exists():
        pytest.fail("no SDK is installed: make sdk")
    asked = {item.callspec.params.get("sdk") for item in request.session.items if hasattr(item, "callspec")}
    wanted = [sdk for sdk in SDKS if sdk in asked and (CHROMIUM or not sdk.browser)]

    with ExitStack() as worlds, ThreadPoolExecutor(len(SDKS)) as stage:

        def play(sdk: Sdk) -> Performance:
            return performed(sdk, worlds.enter_context(world(stack, sdk)), CHROMIUM)

        yield {sdk.name: stage.submit(play, sdk) for sdk in wanted}


@pytest.fixture
def played(sdk: Sdk, performances: dict[str, Future[Performance]]) -> Performance:
    if sdk.browser and not CHROMIUM:
        pytest.fail(MISSING)
    return performances[sdk.name].result()
