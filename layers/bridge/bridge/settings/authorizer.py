"""What the authorizer is told."""

from bridge.settings import Settings


class AuthorizerSettings(Settings):
    """`admin_token_secret` is the ARN of the secret that holds the first admin token."""

    installations_table: str
    admin_token_secret: str
