"""Installations and their revisions: rows of one table, written in transactions.

`INSTALLATION/<id>` is the current one, `REVISION#<id>/000001` each state it has been in, `NAME/<name>` keeps the
name unique. Switching on and off is no revision, so `enabled` stands beside the document and not only in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from bridge.errors import Rejected, Retryable
from mapping.installation import Installation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from mypy_boto3_dynamodb import DynamoDBClient

Item = dict[str, Any]

_LIVE = "attribute_exists(pk) AND attribute_not_exists(deleted_at)"


class InstallationStore:
    """Raises Rejected `name_taken`, `revision_conflict` or `not_found` when a condition does not hold.

    Raises Retryable when the table does not answer, and for a write that it did not take for another reason.
    """

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def get(self, installation_id: str, *, deleted: bool = False) -> Installation | None:
        """The current state; a deleted one only when asked for."""
        item = self._read(_key("INSTALLATION", installation_id))
        found = _installation(item) if item else None
        return found if found is None or deleted or found.deleted_at is None else None

    def all(self) -> list[Installation]:
        """Every installation that is not deleted, oldest first, as of this moment.

        One consistent Query, a read unit per 4 KB: 20 installations of 1.5 KB are 8 units. Ingest asks at each
        invocation, so a million events sent one by one, 10 messages an invocation, cost 800,000 units (about
        0.10 USD), and in batches of 100 a hundredth of that.
        """
        return sorted(
            (one for one in self.every() if one.deleted_at is None), key=lambda one: (one.created_at, one.id)
        )

    def every(self) -> list[Installation]:
        """Deleted ones included, by id."""
        return [_installation(item) for item in self._rows("INSTALLATION", forward=True)]

    def revisions(self, installation_id: str) -> list[Installation]:
        """Each state the installation has been in, newest first; deleted ones keep theirs."""
        return [_installation(item) for item in self._rows(f"REVISION#{installation_id}", forward=False)]

    def name_taken(self, name: str) -> bool:
        """A quick look before anything is written; the transaction decides."""
        return self._read(_key("NAME", name.casefold())) is not None

    def create(self, installation: Installation) -> None:
        """The installation, its first revision and its name, all or none."""
        self._write(
            [
                self._put(_row(installation), absent=True),
                self._put(_revision_row(installation), absent=True),
                self._put(_name_row(installation), absent=True),
            ],
            ("revision_conflict", "revision_conflict", "name_taken"),
        )

    def save_revision(self, installation: Installation, *, previous: Installation) -> None:
        """Replace `previous` if it still is the current revision; a new name is taken, the old one freed."""
        update = {
            "TableName": self._table,
            "Key": _key("INSTALLATION", installation.id),
            "UpdateExpression": "SET document = :document, revision_number = :number, updated_at = :at",
            "ConditionExpression": f"{_LIVE} AND revision_number = :previous",
            "ExpressionAttributeValues": {
                ":document": {"S": installation.model_dump_json()},
                ":number": {"N": str(installation.revision.revision_number)},
                ":previous": {"N": str(previous.revision.revision_number)},
                ":at": {"S": installation.updated_at},
            },
        }
        writes = [{"Update": update}, self._put(_revision_row(installation), absent=True)]
        if installation.name.casefold() != previous.name.casefold():
            writes += [self._put(_name_row(installation), absent=True), self._free(previous)]
        self._write(writes, ("revision_conflict", "revision_conflict", "name_taken", "revision_conflict"))

    def set_enabled(self, installation_id: str, *, enabled: bool, at: str) -> None:
        """Switch on or off; no revision is made."""
        update = {
            "TableName": self._table,
            "Key": _key("INSTALLATION", installation_id),
            "UpdateExpression": "SET enabled = :enabled, updated_at = :at",
            "ConditionExpression": _LIVE,
            "ExpressionAttributeValues": {":enabled": {"BOOL": enabled}, ":at": {"S": at}},
        }
        self._write([{"Update": update}], ("not_found",))

    def delete(self, installation: Installation, *, at: str) -> None:
        """Mark as deleted and free the name; revisions and history stay."""
        update = {
            "TableName": self._table,
            "Key": _key("INSTALLATION", installation.id),
            "UpdateExpression": "SET deleted_at = :at, enabled = :enabled, updated_at = :at",
            "ConditionExpression": _LIVE,
            "ExpressionAttributeValues": {":enabled": {"BOOL": False}, ":at": {"S": at}},
        }
        self._write([{"Update": update}, self._free(installation)], ("not_found", "revision_conflict"))

    def _read(self, key: Item) -> Item | None:
        try:
            answer = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True)
        except (ClientError, BotoCoreError):
            raise _away("read") from None
        return answer.get("Item")

    def _rows(self, pk: str, *, forward: bool) -> Iterator[Item]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": pk}},
            ScanIndexForward=forward,
            ConsistentRead=True,
        )
        try:
            for page in pages:
                yield from page["Items"]
        except (ClientError, BotoCoreError):
            raise _away("read") from None

    def _put(self, item: Item, *, absent: bool) -> Item:
        condition = {"ConditionExpression": "attribute_not_exists(pk)"} if absent else {}
        return {"Put": {"TableName": self._table, "Item": item, **condition}}

    def _free(self, installation: Installation) -> Item:
        return {
            "Delete": {
                "TableName": self._table,
                "Key": _key("NAME", installation.name.casefold()),
                "ConditionExpression": "owner_id = :owner",
                "ExpressionAttributeValues": {":owner": {"S": installation.id}},
            }
        }

    def _write(self, writes: Sequence[Any], reasons: Sequence[str]) -> None:
        try:
            self._client.transact_write_items(TransactItems=writes)
        except ClientError as error:
            for refused, reason in zip(_refusals(error), reasons, strict=False):
                if refused == "ConditionalCheckFailed":
                    raise Rejected(reason) from None
                if refused == "TransactionConflict":
                    raise Rejected("revision_conflict") from None
            raise _away("written") from None
        except BotoCoreError:
            raise _away("written") from None


class CachedInstallations:
    """One installation at a time, kept for `ttl_seconds`: so late a worker learns of a change.

    One that is not there is asked for each time, so that a new installation is known at once.
    """

    def __init__(self, store: InstallationStore, ttl_seconds: float, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._ttl = ttl_seconds
        self._clock = clock
        self._kept: dict[str, tuple[float, Installation]] = {}

    def get(self, installation_id: str) -> Installation | None:
        """None for one that does not exist or is deleted."""
        now = self._clock().timestamp()
        kept = self._kept.get(installation_id)
        if kept is not None and now - kept[0] < self._ttl:
            return kept[1]
        found = self._store.get(installation_id)
        if found is None:
            self._kept.pop(installation_id, None)
        else:
            self._kept[installation_id] = (now, found)
        return found


def _away(done: str) -> Retryable:
    return Retryable("table_unavailable", f"the installations could not be {done} now")


def _key(pk: str, sk: str) -> Item:
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def _row(installation: Installation) -> Item:
    return {
        **_key("INSTALLATION", installation.id),
        "document": {"S": installation.model_dump_json()},
        "revision_number": {"N": str(installation.revision.revision_number)},
        "enabled": {"BOOL": installation.enabled},
        "updated_at": {"S": installation.updated_at},
    }


def _revision_row(installation: Installation) -> Item:
    key = _key(f"REVISION#{installation.id}", f"{installation.revision.revision_number:06d}")
    return {**key, "document": {"S": installation.model_dump_json()}}


def _name_row(installation: Installation) -> Item:
    return {**_key("NAME", installation.name.casefold()), "owner_id": {"S": installation.id}}


def _installation(item: Item) -> Installation:
    found = Installation.model_validate_json(item["document"]["S"])
    beside = {
        "enabled": item["enabled"]["BOOL"] if "enabled" in item else found.enabled,
        "updated_at": item["updated_at"]["S"] if "updated_at" in item else found.updated_at,
        "deleted_at": item["deleted_at"]["S"] if "deleted_at" in item else None,
    }
    return found.model_copy(update=beside)


def _refusals(error: ClientError) -> list[str]:
    reasons: Any = error.response.get("CancellationReasons", [])
    return [str(reason.get("Code")) for reason in reasons]
