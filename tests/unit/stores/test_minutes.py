"""What was delivered, minute by minute."""

from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from bridge.errors import Retryable
from bridge.stores.minutes import MinuteStore
from tests.unit.stores.delivery_tables import TABLE, aws

AT = datetime(2026, 11, 22, 11, 59, 30, tzinfo=UTC)


@pytest.fixture
def dynamodb():
    with aws() as clients:
        yield clients["dynamodb"]


def test_counts_of_a_minute_are_added_up_by_installation(dynamodb):
    store = MinuteStore(dynamodb, TABLE)
    store.add(AT, {"int_1": {"delivered": 75, "answers": 1}, "int_2": {"delivered": 5}})
    store.add(AT + timedelta(seconds=29), {"int_1": {"delivered": 25, "failed": 1}})
    store.add(AT + timedelta(seconds=30), {"int_1": {"delivered": 7}})
    assert store.read(AT, 2) == [
        {"int_1": {"delivered": 100, "answers": 1, "failed": 1}, "int_2": {"delivered": 5}},
        {"int_1": {"delivered": 7}},
    ]


def test_minutes_without_deliveries_are_empty_and_three_hours_are_read_whole(dynamodb):
    store = MinuteStore(dynamodb, TABLE)
    store.add(AT, {"int_1": {"delivered": 1}})
    read = store.read(AT - timedelta(minutes=180), 181)
    assert (len(read), read[-1], any(read[:-1])) == (181, {"int_1": {"delivered": 1}}, False)


def test_nothing_is_written_where_nothing_was_counted():
    MinuteStore(None, TABLE).add(AT, {"int_1": {"delivered": 0}, "int_2": {}})


def test_a_minute_expires(dynamodb):
    MinuteStore(dynamodb, TABLE).add(AT, {"int_1": {"delivered": 1}})
    item = dynamodb.get_item(TableName=TABLE, Key={"pk": {"S": "MINUTE#2026-11-22T11:59"}})["Item"]
    assert int(item["expires_at"]["N"]) == int((AT + timedelta(days=2)).timestamp())


def test_a_table_that_is_away_is_said():
    class Away:
        def update_item(self, **_):
            raise ClientError({"Error": {"Code": "InternalServerError"}}, "UpdateItem")

    with pytest.raises(Retryable):
        MinuteStore(Away(), TABLE).add(AT, {"int_1": {"delivered": 1}})
