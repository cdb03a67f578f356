"""The vendors' keys: one Secrets Manager entry per installation, `/<stack>/<catalog key>/<id>`."""

import json
from typing import TYPE_CHECKING

from aws_lambda_powertools.utilities.parameters import SecretsProvider
from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError, TransformParameterError
from botocore.exceptions import BotoCoreError, ClientError

from bridge.errors import Blocked, Retryable

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

RECOVERY_DAYS = 7
"""The shortest recovery window Secrets Manager offers: so long a deleted entry can be restored."""

_ABSENT = ("ResourceNotFoundException", "InvalidRequestException")


class SecretStore:
    """Reads are kept for `max_age` seconds; `fresh=True` asks again (once after a vendor's 401)."""

    def __init__(self, provider: SecretsProvider, stack: str, *, max_age: int = 300) -> None:
        self._provider = provider
        self._client: SecretsManagerClient = provider.client
        self._stack = stack
        self._max_age = max_age

    def name(self, catalog_key: str, owner_id: str) -> str:
        """A worker may read `/<stack>/<its vendor>/*` alone, so it never sees another vendor's keys."""
        return f"/{self._stack}/{catalog_key}/{owner_id}"

    def get(self, catalog_key: str, owner_id: str, *, fresh: bool = False) -> dict[str, str]:
        """Raises Blocked when there is no such entry, Retryable when it cannot be read now."""
        name = self.name(catalog_key, owner_id)
        try:
            found = self._provider.get(name, max_age=self._max_age, transform="json", force_fetch=fresh)
        except TransformParameterError:
            raise Blocked("secret_malformed", f"{name} is not a JSON object") from None
        except GetParameterError as error:
            if _code(error.__context__) in _ABSENT:
                raise Blocked("secret_missing", f"{name} does not exist") from None
            raise Retryable("secrets_unavailable", f"{name} could not be read") from None
        if not isinstance(found, dict):
            raise Blocked("secret_malformed", f"{name} is not a JSON object")
        return {str(field): str(value) for field, value in found.items()}

    def put(self, catalog_key: str, owner_id: str, values: dict[str, str]) -> None:
        """Write the whole entry, making it or taking it back from deletion where needed. Raises Retryable."""
        name = self.name(catalog_key, owner_id)
        try:
            self._put(name, json.dumps(values))
        except (ClientError, BotoCoreError):
            raise Retryable("secrets_unavailable", f"{name} could not be written") from None
        self._provider.clear_cache()  # type: ignore[no-untyped-call]

    def _put(self, name: str, text: str) -> None:
        try:
            found = self._client.describe_secret(SecretId=name)
        except ClientError as error:
            if _code(error) != "ResourceNotFoundException":
                raise
            self._client.create_secret(Name=name, SecretString=text)
        else:
            if "DeletedDate" in found:
                self._client.restore_secret(SecretId=name)
            self._client.put_secret_value(SecretId=name, SecretString=text)

    def delete(self, catalog_key: str, owner_id: str, *, recoverable: bool = True) -> None:
        """Give the entry up; `recoverable=False` is for one never used. Absent is fine. Raises Retryable."""
        name = self.name(catalog_key, owner_id)
        try:
            if recoverable:
                self._client.delete_secret(SecretId=name, RecoveryWindowInDays=RECOVERY_DAYS)
            else:
                self._client.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
        except (ClientError, BotoCoreError) as error:
            if _code(error) not in _ABSENT:
                raise Retryable("secrets_unavailable", f"{name} could not be deleted") from None
        self._provider.clear_cache()  # type: ignore[no-untyped-call]


class BootstrapToken:
    """The first admin token, which the stack makes at deploy: a secret of its own, named by its ARN."""

    def __init__(self, provider: SecretsProvider, arn: str, *, max_age: int = 60) -> None:
        self._provider = provider
        self._arn = arn
        self._max_age = max_age

    def value(self) -> str:
        """Raises Retryable when it cannot be read: nobody is let in or turned away on a guess."""
        try:
            return str(self._provider.get(self._arn, max_age=self._max_age))
        except GetParameterError:
            raise Retryable("secrets_unavailable", "the bootstrap token could not be read") from None


def _code(error: BaseException | None) -> str:
    return str(error.response["Error"]["Code"]) if isinstance(error, ClientError) else ""
