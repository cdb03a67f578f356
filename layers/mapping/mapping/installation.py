"""An installed integration and the typed views of its configuration."""

from typing import Any, Literal, Self
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict


class Revision(BaseModel):
    """One immutable state of an installation's configuration; numbers start at 1."""

    model_config = ConfigDict(frozen=True)

    id: str
    revision_number: int
    created_at: str
    created_by: str = ""
    change_summary: str = ""


class Installation(BaseModel):
    """What is installed; `config` never holds a secret, `secret_fields` names the stored ones.

    `sources` lists the sources that feed it; None is every source not marked as a test source.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    catalog_key: str
    name: str
    variant: str = "default"
    delivery_mode: str = "server_side"
    enabled: bool = True
    sources: tuple[str, ...] | None = None
    config: dict[str, Any]
    secret_fields: tuple[str, ...] = ()
    revision: Revision
    created_at: str
    updated_at: str
    deleted_at: str | None = None


class Settings(BaseModel):
    """What every integration's settings hold; each adds its own."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    claims: bool = True
    consent_categories: tuple[str, ...] = ()
    replay_when_mended: bool = False

    @classmethod
    def of(cls, installation: Installation) -> Self:
        """The settings an installation's current revision holds; absent ones take their defaults."""
        return cls.model_validate(installation.config)


class ActionIqSettings(Settings):
    """Where ActionIQ's records go; ActionIQ publishes no contract, so every part can be overridden."""

    account_id: str
    destination_id: str
    base_url: str | None = None
    path_template: str = "/v1/accounts/{account_id}/destinations/{destination_id}/records"
    auth_header: str = "Authorization: Bearer {api_key}"

    def url(self, default_base_url: str) -> str:
        """The full address, both ids percent-encoded."""
        path = self.path_template.replace("{account_id}", quote(self.account_id, safe=""))
        path = path.replace("{destination_id}", quote(self.destination_id, safe=""))
        return (self.base_url or default_base_url).rstrip("/") + path

    def header(self, api_key: str) -> tuple[str, str]:
        """Name and value of the header that carries the key."""
        name, _, value = self.auth_header.partition(":")
        return name.strip(), value.strip().replace("{api_key}", api_key)


class BrazeSettings(Settings):
    """How one Braze workspace is fed; the meaning of each is in the catalog entry."""

    rest_endpoint: str
    track_pages: bool = False
    consent_fields: Literal["deny", "allow"] = "deny"
    update_existing_only: bool = False
    merge_objects: bool = False
    profile_memory: bool = True
    send_to_existing_only: bool = True
    on_ambiguous_events: Literal["resend", "hold"] = "resend"
    on_ambiguous_triggers: Literal["resend", "hold"] = "hold"
    objects_rule: Literal["combined", "per_array"] = "combined"
    approve_recipients: int = 10_000
    track_requests_per_hour: int = 0
    read_back_joiners: Literal["all", "sample", "off"] = "all"
