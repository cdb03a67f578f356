"""The integration library: what can be installed, straight from the catalog files."""

from typing import Any

from bridge.flows.admin.admin_api import Call, missing
from bridge.flows.admin.lists import Page, listed, sliced
from bridge.flows.events.gateway import Answer, answer_json
from mapping import catalog
from mapping.catalog import CatalogEntry


def entries(call: Call) -> Answer:
    """GET /v1/admin/integration-catalog?category=&q=: `q` is looked for in key, name and description."""
    found = catalog.search(call.query.get("category"), call.query.get("q"))
    part, cursor = sliced(found, Page.of(call.query), lambda entry: entry.key)
    return listed([_shown(entry) for entry in part], cursor)


def entry(call: Call) -> Answer:
    """GET /v1/admin/integration-catalog/{key}: what a form asks for, and what the key must be allowed."""
    return answer_json(200, _shown(entry_of(call.params["key"])))


def entry_of(key: str) -> CatalogEntry:
    """Raises Problem 404."""
    found = catalog.entry(key)
    if found is None:
        raise missing("integration in the catalog")
    return found


def _shown(entry: CatalogEntry) -> dict[str, Any]:
    return entry.model_dump(mode="json")
