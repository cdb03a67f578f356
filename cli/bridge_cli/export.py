"""Where an audience's export lies in the bucket, its manifest, and the id of the run that it starts."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from bridge_cli.errors import usage
from bridge_cli.members import Part

TYPES = ("string", "integer", "number", "boolean", "date", "time", "array", "object")
_ID = re.compile(r"[A-Za-z0-9-]{1,64}")


@dataclass(frozen=True, slots=True)
class Export:
    """One upload of an audience; times are aware."""

    integration_id: str
    audience: str
    split: str
    at: datetime
    identifier: str = "external_id"
    mode: str = "full"
    on_leave: str = "false"
    existing_only: bool = False
    time_zone: str = "UTC"
    attributes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raises CliError for an id that no attribute can be called by."""
        for what, value in {"--audience": self.audience, "--split": self.split}.items():
            if not _ID.fullmatch(value):
                raise usage(f"{what} is letters, digits and hyphens, 64 at most: {value!r} is not.")

    @property
    def prefix(self) -> str:
        """The export's own folder, named by its time."""
        export_id = f"{self.at.astimezone(UTC):%Y%m%dT%H%M%S%fZ}"
        return f"exports/{self.integration_id}/audience={self.audience}/split={self.split}/{export_id}/"

    @property
    def manifest_key(self) -> str:
        """The file that starts the run."""
        return f"{self.prefix}manifest.json"

    def manifest(self, parts: Sequence[Part], *, dry_run: bool) -> bytes:
        """The manifest's bytes; a dry run is planned and goes no further."""
        document: dict[str, Any] = {
            "mode": self.mode,
            "identifier": self.identifier,
            "exported_at": self.at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
            "parts": [self._part(one) for one in parts],
            "attributes": {name: dict(rule) for name, rule in self.attributes.items()},
            "on_leave": self.on_leave,
            "time_zone": self.time_zone,
            "dry_run": dry_run,
        }
        if self.existing_only:
            document["update_existing_only"] = True
        return json.dumps(document, indent=2).encode()

    def _part(self, one: Part) -> dict[str, Any]:
        told: dict[str, Any] = {"key": self.prefix + one.name, "sha256": one.sha256}
        return told if one.rows is None else told | {"rows": one.rows}


def run_id(manifest_key: str, etag: str) -> str:
    """One run for each version of a manifest, as docs/audience-runs.md has it."""
    digest = hashlib.sha256(f"{manifest_key}\n{etag.strip('"')}".encode()).hexdigest()
    return f"run_{digest[:24]}"


def rules(types: Sequence[str], names: Sequence[str]) -> dict[str, dict[str, str]]:
    """`column=type` and `column=name` pairs as the manifest has them; raises CliError."""
    made: dict[str, dict[str, str]] = {}
    for what, pairs in {"type": types, "name": names}.items():
        for pair in pairs:
            column, equals, value = pair.partition("=")
            if not equals or not column or not value:
                raise usage(f"{pair} is not column={what}.")
            if what == "type" and value not in TYPES:
                raise usage(f"There is no type {value}.", f"Types: {', '.join(TYPES)}")
            made.setdefault(column, {})[what] = value
    return made
