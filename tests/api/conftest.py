"""The running local stack, asked for everything its description promises."""

from collections.abc import Iterator

import pytest

from local.demo.stack import DEFAULT_PATH, Stack
from tests.api.house import House

_houses: list[House] = []


@pytest.fixture(scope="session")
def house() -> Iterator[House]:
    if not DEFAULT_PATH.exists():
        pytest.fail("no stack is up: make up")
    made = House(Stack.read())
    _houses.append(made)
    try:
        made.furnish()
        yield made
    finally:
        made.clear()


def pytest_configure(config: pytest.Config) -> None:
    """Plugins are not loaded by themselves (pyproject.toml), and this one only here."""
    config.pluginmanager.import_plugin("schemathesis.pytest.plugin")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for house in _houses:
        terminalreporter.write_line(house.report())
