"""Answers kept under an Idempotency-Key: the same call again gets the same answer, for 24 hours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from aws_lambda_powertools.utilities.idempotency.exceptions import (
    IdempotencyAlreadyInProgressError,
    IdempotencyValidationError,
)

from bridge.errors import Rejected

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mypy_boto3_dynamodb import DynamoDBClient

KEPT_SECONDS = 24 * 60 * 60
LONGEST_CALL_MS = 30_000
"""API Gateway gives up after 30 s: a call that is still open then has died, and its key is free again."""


class _Deadline:
    """As much of a Lambda context as Powertools asks for."""

    def get_remaining_time_in_millis(self) -> int:
        return LONGEST_CALL_MS


class OnceStore:
    """Rows `IDEMPOTENCY/<hash of the key>`; the body is kept as a hash only."""

    def __init__(self, client: DynamoDBClient, table: str, name: str) -> None:
        self._name = name
        self._rows = DynamoDBPersistenceLayer(
            table_name=table,
            key_attr="pk",
            sort_key_attr="sk",
            static_pk_value="IDEMPOTENCY",
            expiry_attr="expires_at",
            boto3_client=client,
        )

    def once(self, key: str, payload: Mapping[str, Any], act: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Raises Rejected when the key came with another body, or while its first call still runs."""
        config = IdempotencyConfig(
            event_key_jmespath="key",
            payload_validation_jmespath="payload",
            expires_after_seconds=KEPT_SECONDS,
            hash_function="sha256",
            lambda_context=_Deadline(),  # type: ignore[arg-type]
        )

        run = idempotent_function(
            lambda call: act(),  # noqa: ARG005 - Powertools reads the argument
            data_keyword_argument="call",
            persistence_store=self._rows,
            config=config,
            key_prefix=self._name,
        )
        try:
            answer: dict[str, Any] = run(call={"key": key, "payload": payload})
        except IdempotencyValidationError:
            raise Rejected(
                "idempotency_key_reused", "This Idempotency-Key was used with another body."
            ) from None
        except IdempotencyAlreadyInProgressError:
            raise Rejected(
                "idempotency_key_in_use", "The first call with this key is still running."
            ) from None
        return answer
