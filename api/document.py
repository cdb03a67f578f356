"""The whole description, put together."""

from typing import Any

from api import admin, answers, catalog, events
from api.problems import problem_schemas, responses
from api.shapes import Schema, mapping, of_model, ref
from bridge.flows.admin.erase_admin import EraseRequest
from bridge.flows.admin.install import InstallRequest
from bridge.flows.admin.installations import ChangeRequest
from bridge.flows.admin.replay import ReplayRequest
from bridge.flows.admin.replays import ReplayOrder
from bridge.flows.admin.run_orders import ReconcileRequest
from bridge.flows.admin.sources_admin import SourceRequest
from bridge.flows.admin.tokens_admin import TokenRequest
from bridge.flows.admin.trying import TrialRequest
from mapping.catalog import CatalogEntry
from mapping.catalog import entries as catalog_entries

ABOUT = """\
Carries customer data from Datafly Signal to ActionIQ, and from Signal and ActionIQ to Braze.

**Roles.** viewer < editor < admin; an activator can only post activations.
The admin routes take a token that was made here or, where the stack names an issuer, a JWT of that identity provider
whose claim says viewer, editor or admin. Activations take a token that was made here, or a signature.

**Lists** give `data`, `next_cursor` and `has_more`, 50 entries a page and at most 100.

**Answers that are no success** are `application/problem+json` when they are ours. API Gateway answers by itself
where no function is reached (no or a wrong admin token, a body over its limit, too many requests, a function
that does not answer within 30 s): then the body is AWS's `{"message"}` as `application/json`.

**From a page** the event paths, the pixel, the settings and this document answer preflights and allow every origin.

**A trailing slash** does not matter on the paths of events and activations, and nothing is ever redirected.
"""

SECURITY: dict[str, Schema] = {
    "adminToken": {
        "type": "http",
        "scheme": "bearer",
        "description": "A token or a JWT; `x-required-role` says the least role an operation takes.",
    },
    "writeKeyBasic": {
        "type": "http",
        "scheme": "basic",
        "description": "A source's write key as the user, the password empty.",
    },
    "writeKeyBearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "A source's write key. It may also stand in the body as `writeKey`: looked for last.",
    },
    "writeKeyQuery": {
        "type": "apiKey",
        "in": "query",
        "name": "writeKey",
        "description": "A source's write key; `write_key` and `key` are other names for it.",
    },
    "signature": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Signature",
        "description": "`sha256=<hex>`: HMAC-SHA256 of `<X-Timestamp>.<raw body>` under the source's secret.",
    },
    "signatureTime": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Timestamp",
        "description": "Unix time in milliseconds, at most 5 minutes off.",
    },
}

SERVERS = [
    {"url": "http://localhost:8084", "description": "The local stack (`make up`)."},
    {
        "url": "https://{api}.execute-api.{region}.amazonaws.com",
        "description": "Your stack: its output `ApiUrl`.",
        "variables": {"api": {"default": "a1b2c3d4e5"}, "region": {"default": "eu-central-1"}},
    },
]


def document(version: str, entries: tuple[CatalogEntry, ...] | None = None) -> Schema:
    """OpenAPI 3.1; `entries` is the integration library, by default the one that is shipped."""
    library = catalog_entries() if entries is None else entries
    paths: dict[str, Any] = {}
    for operation in [*admin.operations(library), *events.operations()]:
        paths.setdefault(operation.path, {})[operation.method.lower()] = operation.written()
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Signal Bridge",
            "version": version,
            "summary": "Catalog, installations, events, activations, runs.",
            "description": ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": SERVERS,
        "tags": [{"name": name} for name in _tags(paths)],
        "paths": paths,
        "components": {
            "securitySchemes": SECURITY,
            "responses": _used(responses(), paths),
            "schemas": dict(sorted(_schemas(library).items())),
        },
    }


def _schemas(library: tuple[CatalogEntry, ...]) -> dict[str, Schema]:
    install, _ = of_model(InstallRequest)
    change, _ = of_model(ChangeRequest)
    shown = [catalog.config_name(entry, "ConfigShown") for entry in library]
    made = {"InstallRequest": {**install, "properties": {**install["properties"], "config": _any_config()}}}
    made["ChangeRequest"] = _change(change, library)
    for model in (
        SourceRequest,
        TokenRequest,
        ReplayRequest,
        ReplayOrder,
        EraseRequest,
        TrialRequest,
        ReconcileRequest,
    ):
        made[model.__name__], _ = of_model(model)
    for entry in library:
        made |= catalog.config_schemas(entry)
        made[catalog.config_name(entry, "InstallRequest")] = catalog.install_schema(entry, install)
    return made | problem_schemas() | answers.answer_schemas(shown) | events.schemas()


def _any_config() -> Schema:
    return mapping({}, "The fields of this catalog entry.")


def _change(change: Schema, library: tuple[CatalogEntry, ...]) -> Schema:
    kinds = [ref(catalog.config_name(entry, "ConfigChange")) for entry in library]
    config = {"anyOf": kinds, "description": "Merged field by field."}
    return {**change, "properties": {**change["properties"], "config": config}}


def _tags(paths: dict[str, Any]) -> list[str]:
    named = [operation["tags"][0] for methods in paths.values() for operation in methods.values()]
    return list(dict.fromkeys(named))


def _used(every: dict[str, Schema], paths: dict[str, Any]) -> dict[str, Schema]:
    """Only the refusals some operation names."""
    named = {
        answer["$ref"].rpartition("/")[2]
        for methods in paths.values()
        for operation in methods.values()
        for answer in operation["responses"].values()
        if "$ref" in answer
    }
    return {name: one for name, one in every.items() if name in named}
