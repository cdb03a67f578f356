"""The integration library: one TOML file an integration drives API, validation, form and docs."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict

from mapping.catalog.fields import ConfigField
from mapping.catalog.validation import InvalidConfig, validate_fields

__all__ = ["CatalogEntry", "InvalidConfig", "entries", "entry", "search", "validate_config"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Variant(_Frozen):
    """A preset: what `config` starts from before the installer's own values."""

    key: str
    name: str
    description: str
    default_config: dict[str, Any] = {}


class Permission(_Frozen):
    """What the vendor's key must be allowed to do, and what for."""

    name: str
    needed_for: str
    also_written: tuple[str, ...] = ()


class Trouble(_Frozen):
    """A symptom as the operator sees it, and what helps; `vendor_status` finds the hint for a delivery."""

    symptom: str
    cause: str
    resolution: str
    vendor_status: int | None = None


class CatalogEntry(_Frozen):
    """One integration of the library."""

    key: str
    name: str
    description: str
    category: str
    status: Literal["ga", "beta", "alpha", "planned"]
    website: str = ""
    documentation: str = ""
    host_suffixes: tuple[str, ...] = ()
    """Where its key may be sent beside the stack's ExtraAllowedHosts, such as `.braze.com`; none: only there."""
    delivery_modes: tuple[str, ...]
    config_fields: tuple[ConfigField, ...]
    variants: tuple[Variant, ...]
    permissions: tuple[Permission, ...] = ()
    troubleshooting: tuple[Trouble, ...] = ()

    @property
    def secret_fields(self) -> tuple[str, ...]:
        """Keys of the fields that never leave the secret store."""
        return tuple(field.key for field in self.config_fields if field.type == "secret")

    def variant(self, key: str) -> Variant | None:
        """The variant of that key, if the integration has it."""
        return next((variant for variant in self.variants if variant.key == key), None)

    def hint(self, vendor_status: int) -> str:
        """What to do about a status the vendor answered, or an empty string."""
        rows = (row for row in self.troubleshooting if row.vendor_status == vendor_status)
        return next((f"{row.cause}. {row.resolution}." for row in rows), "")


_FOR_ALL: Final = "_every.toml"
"""The fields that every integration has, after its own."""


@cache
def entries() -> tuple[CatalogEntry, ...]:
    """Every integration, by name."""
    documents = {
        file.name: tomllib.loads(file.read_text(encoding="utf-8"))
        for file in files(__name__).iterdir()
        if file.name.endswith(".toml")
    }
    common = documents.pop(_FOR_ALL)["config_fields"]
    found = [
        CatalogEntry.model_validate(one | {"config_fields": [*one["config_fields"], *common]})
        for one in documents.values()
    ]
    return tuple(sorted(found, key=lambda entry: entry.name.casefold()))


def entry(key: str) -> CatalogEntry | None:
    """The integration of that key."""
    return next((found for found in entries() if found.key == key), None)


def search(category: str | None = None, q: str | None = None) -> tuple[CatalogEntry, ...]:
    """Integrations of a category whose name, key or description holds `q`, both ignoring case."""
    wanted, text = (category or "").casefold(), (q or "").strip().casefold()
    return tuple(
        found
        for found in entries()
        if wanted in ("", found.category.casefold())
        and text in f"{found.name}\n{found.key}\n{found.description}".casefold()
    )


def validate_config(
    entry: CatalogEntry, config: object, *, partial: bool = False
) -> tuple[dict[str, Any], dict[str, str]]:
    """Plain values and secrets of a configuration, defaults filled in; raises `InvalidConfig`.

    `partial` is an update: absent fields stay absent, a secret sent back as its mask is absent too, and an
    emptied optional text stays empty, so that it overrides what was stored.
    """
    return validate_fields(entry.config_fields, config, partial=partial)
