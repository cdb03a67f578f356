"""An account that moto plays: switched on once a module, emptied after every test that used it."""

from collections.abc import Iterator

import pytest
from moto import mock_aws


@pytest.fixture(scope="module", autouse=True)
def _account() -> Iterator[None]:
    with mock_aws():
        yield
