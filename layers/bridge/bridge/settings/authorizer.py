"""What the authorizer is told."""

from dataclasses import dataclass

from bridge.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizerSettings(Settings):
    """`admin_token_secret` is the ARN of the secret that holds the first admin token; no issuer, no JWTs."""

    installations_table: str
    admin_token_secret: str
    jwt_issuer: str = ""
    jwt_audience: str = ""
    jwt_role_claim: str = "role"
