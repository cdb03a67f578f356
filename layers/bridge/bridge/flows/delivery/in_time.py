"""In time, or not at all."""

from datetime import UTC, datetime

from mapping.outcome import ItemOutcome, rejected


def expired(send_before: str, now: datetime) -> ItemOutcome | None:
    """`rejected: expired` once `send_before` (ISO 8601) is reached; one that cannot be read is as good as past."""
    try:
        limit = datetime.fromisoformat(send_before)
    except ValueError:
        return rejected("expired", "send_before cannot be read")
    limit = limit if limit.tzinfo else limit.replace(tzinfo=UTC)
    return rejected("expired", f"send_before {send_before}") if now >= limit else None
