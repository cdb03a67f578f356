"""POST /v1/accounts/{account_id}/destinations/{destination_id}/records."""

import math
import re
from collections.abc import Callable
from datetime import UTC, datetime

from local.standins.actioniq.accounts import Accounts, Destination, digest
from local.standins.web import Json, Reply, Request, json_reply

RECORDS_PATH = re.compile(r"/v1/accounts/([^/]+)/destinations/([^/]+)/records")
RECORD_TYPES = ("page_view", "custom_event", "user_profile")
MOST_RECORDS = 500
MOST_BODY_BYTES = 1024 * 1024


class Turned(Exception):
    """A request is turned away; carries the reply."""

    def __init__(self, status: int, error: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(error)
        self.reply = json_reply(status, {"error": error}, headers)


def ingest(accounts: Accounts, request: Request, refuse: Callable[[], str | None]) -> Reply:
    """Take a batch of records, each accepted or rejected with a reason; raise Turned for the whole."""
    destination = _destination(accounts, request)
    _pace(accounts, destination)
    records = _records(request)
    rejected: list[Json] = []
    accepted: list[tuple[Json, datetime]] = []
    for index, record in enumerate(records):
        time, reason = check(record, destination.id)
        reason = reason or refuse()
        if reason or time is None or not isinstance(record, dict):
            rejected.append({"index": index, "reason": reason})
        else:
            accepted.append((record, time))
    for record, time in accepted:
        _keep(accounts, destination, record, time)
    accounts.counts["rejected"] += len(rejected)
    _log(accounts, destination, len(records), rejected)
    return json_reply(200, {"accepted": len(accepted), "rejected": rejected})


def check(record: object, destination_id: str) -> tuple[datetime | None, str | None]:
    """Return the record's time, or the reason it is rejected."""
    if not isinstance(record, dict):
        return None, "record must be an object"
    time = _time(record.get("timestamp"))
    record_id, identifiers = record.get("record_id"), record.get("identifiers")
    rules = (
        (
            record.get("record_type") in RECORD_TYPES,
            "record_type must be page_view, custom_event or user_profile",
        ),
        (isinstance(record_id, str) and record_id != "", "record_id is required"),
        (record.get("destination_id") == destination_id, "destination_id differs from the path"),
        (_names_somebody(identifiers), "identifiers need at least one non-empty string"),
        (isinstance(record.get("attributes", {}), dict), "attributes must be an object"),
        (time is not None, "timestamp must be ISO 8601"),
    )
    return time, next((reason for holds, reason in rules if not holds), None)


def _names_somebody(identifiers: object) -> bool:
    if not isinstance(identifiers, dict):
        return False
    return any(isinstance(value, str) and value for value in identifiers.values())


def _destination(accounts: Accounts, request: Request) -> Destination:
    found = RECORDS_PATH.fullmatch(request.path)
    if found is None or request.method != "POST":
        raise Turned(404, "Not Found")
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    key = accounts.keys.get(digest(value.strip())) if scheme.lower() == "bearer" else None
    if key is None:
        raise Turned(401, "Invalid or expired API key")
    account_id, destination_id = found.groups()
    destination = accounts.destinations.get(destination_id)
    if account_id != key.account_id or destination is None or destination.account_id != account_id:
        raise Turned(404, "Incorrect destination ID or account ID")
    if destination_id not in key.destination_ids:
        raise Turned(401, "The API key has no write access to this destination")
    return destination


def _pace(accounts: Accounts, destination: Destination) -> None:
    if destination.rate_limit is None:
        return
    seconds = max(1.0, 1.0 / destination.rate_limit)
    most = max(1, round(destination.rate_limit * seconds))
    now = accounts.clock()
    turn = int(now // seconds)
    used = destination.window[1] if destination.window[0] == turn else 0
    if used >= most:
        wait = math.ceil((turn + 1) * seconds - now) or 1
        told = {"retry-after": str(wait)} if accounts.modes.retry_after != "none" else {}
        raise Turned(429, "Rate limit exceeded for this destination", told)
    destination.window = (turn, used + 1)


def _records(request: Request) -> list[object]:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise Turned(415, "Content-Type must be application/json")
    if len(request.body) > MOST_BODY_BYTES:
        raise Turned(413, "The body is larger than 1 MiB")
    try:
        body = request.json()
    except ValueError:
        raise Turned(400, "The body is not valid JSON") from None
    records = body.get("records") if isinstance(body, dict) else None
    if not isinstance(records, list) or not records:
        raise Turned(400, "records must be a non-empty array")
    if len(records) > MOST_RECORDS:
        raise Turned(400, f"at most {MOST_RECORDS} records a request")
    return records


def _keep(accounts: Accounts, destination: Destination, record: Json, time: datetime) -> None:
    record.setdefault("attributes", {})
    accounts.counts["records"] += 1
    if record["record_id"] in destination.record_ids:
        accounts.counts["duplicates"] += 1
    destination.record_ids.add(record["record_id"])
    if not destination.active:
        accounts.counts["hidden"] += 1
        destination.hidden.append(record)
        return
    destination.records.append(record)
    destination.people.add(record, time.isoformat(timespec="microseconds"))


def _log(accounts: Accounts, destination: Destination, received: int, rejected: list[Json]) -> None:
    destination.activity.append(
        {
            "at": accounts.now().isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "destination_id": destination.id,
            "status": 200,
            "destination_status": "Active" if destination.active else "Inactive",
            "received": received,
            "accepted": received - len(rejected),
            "visible": received - len(rejected) if destination.active else 0,
            "rejected": rejected,
        }
    )


def _time(text: object) -> datetime | None:
    if not isinstance(text, str):
        return None
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)
