"""Admin tokens: shown once, kept as SHA-256, with a role, an expiry and the hour of their last use."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from bridge.errors import Retryable
from bridge.stores.sources import RecentLookups, digest_of
from mapping.times import iso

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    type Item = dict[str, AttributeValueTypeDef]

LAST_USE_EVERY = timedelta(hours=1)
SHOWN_CHARS = 7
"""Of a token in lists: `sb_` and the first four of its own."""


@dataclass(frozen=True, slots=True)
class Token:
    """`role` is one of flows.authorize.Role; times are ISO 8601 UTC, an empty `expires_at` is never."""

    id: str
    name: str
    role: str
    prefix: str = ""
    created_at: str = ""
    expires_at: str = ""
    last_used_at: str = ""
    digest: str = ""


BOOTSTRAP = Token(id="tok_bootstrap", name="bootstrap", role="admin")


class TokenStore:
    """Rows `TOKEN/<sha256>`; `bootstrap` gives the token the stack was deployed with."""

    def __init__(
        self,
        client: DynamoDBClient,
        table: str,
        clock: Callable[[], datetime],
        *,
        bootstrap: Callable[[], str] | None = None,
        ttl_seconds: float = 60,
    ) -> None:
        self._client = client
        self._table = table
        self._clock = clock
        self._bootstrap = bootstrap
        self._recent = RecentLookups[Token](clock, ttl_seconds)

    def by_token(self, token: str) -> Token | None:
        """Whose token this is, up to `ttl_seconds` old; None when nobody's or expired."""
        found = self._recent.get(digest_of(token), self._look_up)
        if found is None or (found.expires_at and found.expires_at <= iso(self._clock())):
            return None
        return found

    def list(self) -> tuple[Token, ...]:
        """Every token that was made here, oldest first, expired ones included."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": "TOKEN"}},
            ConsistentRead=True,
        )
        found = [_token(item) for page in pages for item in page["Items"]]
        return tuple(sorted(found, key=lambda token: (token.created_at, token.id)))

    def create(self, name: str, role: str, *, expires_at: datetime | None = None) -> tuple[Token, str]:
        """The token's record and the token itself, which cannot be read again."""
        secret = f"sb_{secrets.token_urlsafe(32)}"
        token = Token(
            id=f"tok_{secrets.token_hex(12)}",
            name=name,
            role=role,
            prefix=secret[:SHOWN_CHARS],
            created_at=iso(self._clock()),
            expires_at=iso(expires_at) if expires_at else "",
            digest=digest_of(secret),
        )
        self._client.put_item(TableName=self._table, Item=_item(token))
        self._recent.forget()
        return token, secret

    def delete(self, token_id: str) -> bool:
        """Whether there was one; it is refused within `ttl_seconds`."""
        found = next((token for token in self.list() if token.id == token_id), None)
        if found is None:
            return False
        self._client.delete_item(TableName=self._table, Key=_key(found.digest))
        self._recent.forget()
        return True

    def _look_up(self, digest: str) -> Token | None:
        try:
            answer = self._client.get_item(TableName=self._table, Key=_key(digest))
        except (ClientError, BotoCoreError):
            raise Retryable("table_unavailable", "the token could not be looked up") from None
        if "Item" in answer:
            token = _token(answer["Item"])
            self._note_use(token)
            return token
        expected = digest_of(self._bootstrap()) if self._bootstrap else ""
        return BOOTSTRAP if hmac.compare_digest(digest.encode(), expected.encode()) else None

    def _note_use(self, token: Token) -> None:
        """A courtesy to whoever tidies up: a failure to write it must not turn anyone away."""
        now = self._clock()
        if token.last_used_at > iso(now - LAST_USE_EVERY):
            return
        try:
            self._client.update_item(
                TableName=self._table,
                Key=_key(token.digest),
                UpdateExpression="SET last_used_at = :now",
                ConditionExpression="attribute_exists(pk)",
                ExpressionAttributeValues={":now": {"S": iso(now)}},
            )
        except (ClientError, BotoCoreError):
            return


def _key(digest: str) -> Item:
    return {"pk": {"S": "TOKEN"}, "sk": {"S": digest}}


def _item(token: Token) -> Item:
    named = {field: getattr(token, field) for field in Token.__slots__ if field != "digest"}
    return _key(token.digest) | {field: {"S": value} for field, value in named.items() if value}


def _token(item: Item) -> Token:
    named = {field: item[field]["S"] for field in Token.__slots__ if field in item}
    return Token(**named | {"digest": item["sk"]["S"]})
