"""Which worker has a row: `worker`, until `worker_until` or until it lets go."""

from datetime import datetime
from typing import Any

FREE = "(attribute_not_exists(worker) OR worker = :me OR worker_until < :now)"
"""Whoever takes or extends a lease does so on this condition."""


def moment(at: datetime) -> Any:
    """Milliseconds since 1970, as a row holds them."""
    return {"N": str(int(at.timestamp() * 1000))}
