"""An installation's configuration, coming in and shown: checked field by field, secrets kept apart."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pydantic import BaseModel, ValidationError

from bridge.errors import Blocked
from bridge.flows.admin.admin_api import invalid
from bridge.flows.problems import at
from mapping.catalog import CatalogEntry, InvalidConfig, validate_config
from mapping.installation import Installation, Revision

MASK = "***"
"""What a secret looks like from outside; sent back, it means "as it was"."""
_KEPT = "kept"

CheckUrl = Callable[[str, str], object]
"""(catalog key, address); raises Blocked unless a key of that integration may be sent there."""


class Source(Protocol):
    """A source by its id."""

    @property
    def id(self) -> str: ...


class KnownSources(Protocol):
    """Knows which sources exist."""

    def list(self) -> Sequence[Source]: ...


@dataclass(frozen=True, slots=True)
class Configuration:
    """`secrets` holds only the values that were given now, not those kept from before."""

    plain: dict[str, Any]
    secrets: dict[str, str]


def parsed[M: BaseModel](model: type[M], document: Mapping[str, Any]) -> M:
    """Raises Problem 422 with one entry per field; a value is never repeated, it may be a secret."""
    try:
        return model.model_validate(document)
    except ValidationError as error:
        faults = error.errors(include_input=False, include_url=False, include_context=False)
        raise invalid([at(_pointer(fault["loc"]), fault["type"], fault["msg"]) for fault in faults]) from None


def checked(
    entry: CatalogEntry, config: Mapping[str, Any], kept: Collection[str], check_url: CheckUrl
) -> Configuration:
    """`kept` names the secrets that are stored already: omitted or masked they stay. Raises Problem 422."""
    staying = [name for name in kept if config.get(name) is None or config.get(name) == MASK]
    given = {**config, **dict.fromkeys(staying, _KEPT)}
    try:
        plain, secrets = validate_config(entry, given)
    except InvalidConfig as error:
        raise invalid(error.errors) from None
    require(_host_errors(entry, plain, check_url))
    return Configuration(plain, {name: value for name, value in secrets.items() if name not in staying})


def check_variant(entry: CatalogEntry, variant: str, delivery_mode: str) -> list[dict[str, str]]:
    """Only what the catalog entry offers."""
    errors = []
    if entry.variant(variant) is None:
        offered = [one.key for one in entry.variants]
        errors.append(at("/variant", "unknown_variant", f"variant must be one of: {', '.join(offered)}"))
    if delivery_mode not in entry.delivery_modes:
        modes = ", ".join(entry.delivery_modes)
        errors.append(
            at("/delivery_mode", "unsupported_delivery_mode", f"delivery_mode must be one of: {modes}")
        )
    return errors


def check_sources(wanted: Collection[str] | None, known: KnownSources) -> list[dict[str, str]]:
    """None feeds from every source that is not marked as a test source."""
    existing = {source.id for source in known.list()} if wanted else set()
    unknown = [source for source in wanted or () if source not in existing]
    return [at("/sources", "unknown_source", f"there is no source {source}") for source in unknown]


def shown(installation: Installation) -> dict[str, Any]:
    """As the API gives it: secrets are masked, and a deleted one says so."""
    document = {
        "id": installation.id,
        "catalog_key": installation.catalog_key,
        "name": installation.name,
        "variant": installation.variant,
        "delivery_mode": installation.delivery_mode,
        "enabled": installation.enabled,
        "sources": None if installation.sources is None else list(installation.sources),
        "config": masked_config(installation),
        "revision": shown_revision(installation.revision),
        "created_at": installation.created_at,
        "updated_at": installation.updated_at,
    }
    return document | ({"deleted_at": installation.deleted_at} if installation.deleted_at else {})


def shown_revision(revision: Revision) -> dict[str, Any]:
    """Without the configuration, which stands beside it."""
    return revision.model_dump(mode="json")


def masked_config(installation: Installation) -> dict[str, Any]:
    """The configuration with a mask where a secret is stored."""
    return {**installation.config, **dict.fromkeys(installation.secret_fields, MASK)}


def require(errors: list[dict[str, str]]) -> None:
    """Raises Problem 422 when there are any."""
    if errors:
        raise invalid(errors)


def _host_errors(entry: CatalogEntry, plain: Mapping[str, Any], check_url: CheckUrl) -> list[dict[str, str]]:
    errors = []
    for name in (one.key for one in entry.config_fields if one.format == "url"):
        try:
            if plain.get(name):
                check_url(entry.key, plain[name])
        except Blocked as blocked:
            errors.append(at(f"/config/{name}", blocked.reason, f"{name}: {blocked.detail}"))
    return errors


def _pointer(location: tuple[int | str, ...]) -> str:
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in location)
