"""Stages: written once a step, read by the key in the row."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from bridge.stores.stages import StageStore
from tests.unit.stores.delivery_tables import BUCKET, aws

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.fixture
def s3() -> Iterator[Any]:
    with aws() as clients:
        yield clients["s3"]


def test_stages_are_read_back_by_their_key(s3: Any) -> None:
    store = StageStore(s3, BUCKET)
    key = store.put("dlv_1", {"input": [{"a": 1}], "outcomes": []}, now=NOW)
    assert key == "stages/2026-11-21/dlv_1.json"
    assert store.get(key) == {"input": [{"a": 1}], "outcomes": []}


def test_stages_that_are_gone_or_never_were_are_none(s3: Any) -> None:
    assert StageStore(s3, BUCKET).get("stages/2026-11-21/dlv_2.json") is None


def test_no_other_object_of_the_bucket_can_be_read_as_stages(s3: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key="letters/ltr_1.json", Body=b"{}")
    assert StageStore(s3, BUCKET).get("letters/ltr_1.json") is None


def test_a_bucket_that_refuses_is_no_failure_of_the_delivery(s3: Any) -> None:
    assert StageStore(s3, "another-bucket").put("dlv_1", {}, now=NOW) is None
