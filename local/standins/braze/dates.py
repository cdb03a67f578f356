"""The date formats Braze reads (facts 2.6); anything else stays a string."""

import re
from datetime import UTC, datetime, timedelta, timezone

LATEST_YEAR = 3000
MICROSECOND_DIGITS = 6
SHORTEST, LONGEST = len("1/1/2021"), 72

_ISO = re.compile(
    r"(?P<y>\d{4})-(?P<mo>\d{2})-(?P<d>\d{2})"
    r"(?:[T ](?P<h>\d{2}):(?P<mi>\d{2})(?::(?P<s>\d{2})(?:[.:,](?P<f>\d{1,9}))?)?"
    r"\s?(?P<z>[A-Za-z0-9+:/_-]{0,32}))?"
)
_AMERICAN = re.compile(r"(?P<mo>\d{1,2})/(?P<d>\d{1,2})/(?P<y>\d{4})")
_DAY_FIRST = re.compile(
    r"[A-Z][a-z]{2} (?P<mo>\d{2}) (?P<d>\d{2}) (?P<h>\d{2}):(?P<mi>\d{2}):(?P<s>\d{2})"
    r"\.?\s?(?P<z>\S*) (?P<y>\d{4})"
)
_OFFSET = re.compile(r"([+-])(\d{2}):?(\d{2})")


def read_time(text: str) -> datetime | None:
    """Return the instant in UTC, or None; no zone or a garbled one means UTC."""
    if not SHORTEST <= len(text) <= LONGEST:
        return None
    formats = (_ISO, _AMERICAN) if text[0].isdigit() else (_DAY_FIRST,)
    found = next((found for one in formats if (found := one.fullmatch(text))), None)
    if found is None:
        return None
    part = found.groupdict()
    fraction = (part.get("f") or "0")[:MICROSECOND_DIGITS].ljust(MICROSECOND_DIGITS, "0")
    try:
        local = datetime(
            int(part["y"]),
            int(part["mo"]),
            int(part["d"]),
            int(part.get("h") or 0),
            int(part.get("mi") or 0),
            int(part.get("s") or 0),
            int(fraction),
            tzinfo=_zone(part.get("z") or ""),
        )
        instant = local.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return instant if instant.year <= LATEST_YEAR else None


def show_time(instant: datetime) -> str:
    """Write an instant as ISO 8601 in UTC with milliseconds."""
    return instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _zone(text: str) -> timezone:
    found = _OFFSET.fullmatch(text)
    if found is None:
        return UTC
    sign, hours, minutes = found.groups()
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    return timezone(-offset if sign == "-" else offset)
