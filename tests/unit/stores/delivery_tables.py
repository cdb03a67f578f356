"""The deliveries table and the state bucket as the template makes them, in moto."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.unit.stores import admin_tables

TABLE = admin_tables.DELIVERIES
BUCKET = admin_tables.BUCKET


@contextmanager
def aws() -> Iterator[dict[str, Any]]:
    """`dynamodb` and `s3` clients over empty stores."""
    with admin_tables.aws() as client:
        dynamodb, s3 = client("dynamodb"), client("s3")
        admin_tables.deliveries_table(dynamodb)
        admin_tables.state_bucket(s3)
        yield {"dynamodb": dynamodb, "s3": s3}
