"""Integrations: the library, the form an install or a change fills in, and what is installed."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from console.api import ApiError, together
from console.visits import Moved, Page, Reply, Shown, Visit, address

MASK = "***"
INTEGRATIONS, CATALOG = "/v1/admin/integrations", "/v1/admin/integration-catalog"
_REFUSED = {409, 422}


def pages() -> tuple[Page, ...]:
    """The library and the installed ones are the two tabs of one screen."""
    library, one = "/console/integrations/library", "/console/integrations/installed/<id>"
    return (
        Page("GET", "/console/integrations", "viewer", installed),
        Page("GET", library, "viewer", entries),
        Page("GET", f"{library}/<key>", "viewer", install_form),
        Page("POST", f"{library}/<key>", "editor", install),
        Page("GET", one, "viewer", installation),
        Page("GET", f"{one}/edit", "editor", edit_form),
        Page("POST", f"{one}/edit", "editor", change),
        Page("POST", f"{one}/test", "editor", test),
        Page("POST", f"{one}/enable", "editor", partial(_switch, to="enable")),
        Page("POST", f"{one}/disable", "editor", partial(_switch, to="disable")),
        Page("POST", f"{one}/delete", "admin", delete),
    )


def installed(visit: Visit) -> Reply:
    """What is installed, each with its health."""
    rows, told = together(lambda: visit.api.every(INTEGRATIONS), lambda: visit.api.get("/v1/admin/health"))
    health = {one["id"]: one for one in told["installations"]}
    return Shown("installed.html", {"rows": rows, "health": health}, "living")


def entries(visit: Visit) -> Reply:
    """The library, searched by name and filtered by category."""
    q, category = visit.query.get("q", ""), visit.query.get("category", "")
    everything, matching = together(
        lambda: visit.api.every(CATALOG),
        lambda: visit.api.every(CATALOG, q=q, category=category) if q or category else None,
    )
    found = everything if matching is None else matching
    categories = sorted({one["category"] for one in everything})
    content = {"entries": found, "categories": categories, "q": q, "category": category}
    return Shown("library.html", content, "living")


def install_form(visit: Visit) -> Reply:
    """The form, filled with the defaults."""
    entry = visit.api.get(f"{CATALOG}/{visit.params['key']}")
    config = {one["key"]: one["default"] for one in entry["config_fields"] if one["default"] is not None}
    variant = entry["variants"][0]["key"]
    return _form(entry, {"name": entry["name"], "variant": variant, "config": config})


def install(visit: Visit) -> Reply:
    """Create it; what the API refuses is shown at its field, with what was typed but for secrets."""
    key = visit.params["key"]
    entry = visit.api.get(f"{CATALOG}/{key}")
    document = {
        "name": visit.given("name"),
        "variant": visit.given("variant") or entry["variants"][0]["key"],
        "delivery_mode": entry["delivery_modes"][0],
        "config": _config(entry, visit),
    }
    try:
        made = visit.api.post(f"{CATALOG}/{key}/install", document)
    except ApiError as error:
        if error.status not in _REFUSED:
            raise
        return _form(entry, document, error)
    return Moved(address("integrations", "installed", made["id"]), "installed")


def installation(visit: Visit) -> Reply:
    """One installation: configuration, health, revisions."""
    return _installation(visit)


def test(visit: Visit) -> Reply:
    """Ask the vendor what the key may do: one line per permission."""
    report = visit.api.post(f"{_of(visit)}/test")
    if visit.partial:
        return Shown("checks.html", {"report": report}, "living")
    return _installation(visit, report)


def edit_form(visit: Visit) -> Reply:
    """The form of the install, filled with what is stored; a secret stays unless it is typed anew."""
    current, entry = _described(visit)
    return _form(entry, current, current=current)


def change(visit: Visit) -> Reply:
    """A new revision."""
    current, entry = _described(visit)
    cleared = {one["key"]: None for one in entry["config_fields"] if one["type"] != "secret"}
    document: dict[str, Any] = {"name": visit.given("name"), "config": cleared | _config(entry, visit)}
    if summary := visit.given("change_summary"):
        document["change_summary"] = summary
    try:
        visit.api.patch(_of(visit), document)
    except ApiError as error:
        if error.status not in _REFUSED:
            raise
        return _form(entry, current | document, error, current)
    return Moved(address("integrations", "installed", visit.params["id"]), "changed")


def delete(visit: Visit) -> Reply:
    """Its history stays, its secret can be restored for a while."""
    visit.api.delete(_of(visit))
    return Moved(address("integrations"), "deleted")


def _described(visit: Visit) -> tuple[dict[str, Any], dict[str, Any]]:
    """The installation and its entry of the library."""
    one = visit.api.get(_of(visit))
    return one, visit.api.get(f"{CATALOG}/{one['catalog_key']}")


def _switch(visit: Visit, *, to: str) -> Reply:
    visit.api.post(f"{_of(visit)}/{to}")
    return Moved(address("integrations", "installed", visit.params["id"]), f"{to}d")


def _installation(visit: Visit, report: Mapping[str, Any] | None = None) -> Reply:
    (one, entry), revisions, told = together(
        lambda: _described(visit),
        lambda: visit.api.get(f"{_of(visit)}/revisions", limit=20),
        lambda: visit.api.get("/v1/admin/health"),
    )
    health = next((row for row in told["installations"] if row["id"] == one["id"]), None)
    content = {"one": one, "entry": entry, "revisions": revisions["data"], "health": health, "report": report}
    return Shown("installation.html", content)


def _form(
    entry: Mapping[str, Any],
    given: Mapping[str, Any],
    error: ApiError | None = None,
    current: Mapping[str, Any] | None = None,
) -> Shown:
    secrets = {one["key"] for one in entry["config_fields"] if one["type"] == "secret"}
    values = {key: value for key, value in given["config"].items() if key not in secrets}
    faults = dict(error.fields) if error else {}
    shown = {f"/config/{one['key']}" for one in entry["config_fields"]} | {"/name", "/variant"}
    others = [text for pointer, text in faults.items() if pointer not in shown]
    fault = "" if error is None or (faults and not others) else "; ".join(others) or error.message
    content = {
        "entry": entry,
        "given": given,
        "values": values,
        "stored": {key for key in secrets if current and current["config"].get(key) == MASK},
        "faults": faults,
        "fault": fault,
        "current": current,
    }
    return Shown("form.html", content, status=error.status if error else 200)


def _config(entry: Mapping[str, Any], visit: Visit) -> dict[str, Any]:
    """The form as the API wants it: an empty field is left out, so that its default or stored value holds."""
    config: dict[str, Any] = {}
    for one in entry["config_fields"]:
        key, text = one["key"], visit.given(f"config.{one['key']}")
        if one["type"] == "boolean":
            config[key] = text == "true"
        elif one["type"] == "list":
            config[key] = [value for value in visit.form.get(f"config.{key}", []) if value]
        elif one["type"] == "integer" and text.lstrip("-").isdigit():
            config[key] = int(text)
        elif text:
            config[key] = text
    return config


def _of(visit: Visit) -> str:
    return f"{INTEGRATIONS}/{visit.params['id']}"
