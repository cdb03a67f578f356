"""Installations and their revisions: rows of one table, written in transactions.

`INSTALLATION/<id>` is the current one, `REVISION#<id>/000001` each state it has been in, `NAME/<name>` keeps the
name unique. Switching on and off is no revision, so `enabled` stands beside the document and not only in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from bridge.errors import Rejected
from mapping.installation import Installation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from mypy_boto3_dynamodb import DynamoDBClient

Item = dict[str, Any]

_LIVE = "attribute_exists(pk) AND attribute_not_exists(deleted_at)"


class InstallationStore:
    """Raises Rejected `name_taken`, `revision_conflict` or `not_found` when a condition does not hold."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def get(self, installation_id: str, *, deleted: bool = False) -> Installation | None:
        """The current state; a deleted one only when asked for."""
        key = _key("INSTALLATION", installation_id)
        item = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True).get("Item")
        found = _installation(item) if item else None
        return found if found is None or deleted or found.deleted_at is None else None

    def all(self) -> list[Installation]:
        """Every installation that is not deleted, oldest first."""
        found = [_installation(item) for item in self._rows("INSTALLATION", forward=True)]
        return sorted(
            (one for one in found if one.deleted_at is None), key=lambda one: (one.created_at, one.id)
        )

    def revisions(self, installation_id: str) -> list[Installation]:
        """Each state the installation has been in, newest first; deleted ones keep theirs."""
        return [_installation(item) for item in self._rows(f"REVISION#{installation_id}", forward=False)]

    def name_taken(self, name: str) -> bool:
        """A quick look before anything is written; the transaction decides."""
        key = _key("NAME", name.casefold())
        return "Item" in self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True)

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

    def _rows(self, pk: str, *, forward: bool) -> Iterator[Item]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": pk}},
            ScanIndexForward=forward,
            ConsistentRead=True,
        )
        for page in pages:
            yield from page["Items"]

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
            raise


class CachedInstallations:
    """The same reads, kept for `ttl_seconds`: a change is seen by every worker within that time."""

    def __init__(self, store: InstallationStore, ttl_seconds: float, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._ttl = ttl_seconds
        self._clock = clock
        self._all: tuple[float, list[Installation]] | None = None
        self._one: dict[str, tuple[float, Installation | None]] = {}

    def get(self, installation_id: str) -> Installation | None:
        """None for one that does not exist or is deleted."""
        now = self._clock().timestamp()
        kept = self._one.get(installation_id)
        if kept is None or now - kept[0] >= self._ttl:
            kept = self._one[installation_id] = (now, self._store.get(installation_id))
        return kept[1]

    def all(self) -> list[Installation]:
        """Every installation that is not deleted."""
        now = self._clock().timestamp()
        if self._all is None or now - self._all[0] >= self._ttl:
            self._all = (now, self._store.all())
        return self._all[1]


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
