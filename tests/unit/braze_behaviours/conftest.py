"""The account of a test: served once for all of them, and as new for each."""

from collections.abc import Iterator

import pytest

from tests.unit.braze_behaviours.account import Account, Lane, served


@pytest.fixture(scope="session")
def _served() -> Iterator[Account]:
    with served() as account:
        yield account


@pytest.fixture
def braze(_served: Account) -> Account:
    _served.fresh()
    return _served


@pytest.fixture
def lane(braze: Account) -> Lane:
    return Lane(braze)
