"""The running local stack: tests here ask it, over HTTP and as its roles, and bring nothing up by themselves."""

import pytest

from local.demo.stack import DEFAULT_PATH, Stack
from local.emulator import Aws
from local.settings import LocalSettings


@pytest.fixture(scope="session")
def settings() -> LocalSettings:
    return LocalSettings.load()


@pytest.fixture(scope="session")
def stack() -> Stack:
    if not DEFAULT_PATH.exists():
        pytest.fail("no stack is up: make up")
    return Stack.read()


@pytest.fixture(scope="session")
def aws(settings: LocalSettings, stack: Stack) -> Aws:
    return Aws(settings)
