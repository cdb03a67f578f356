"""The stand-in's own API under /_standin/: settings pages, the Activity Log, switches."""

from collections.abc import Callable, Mapping
from typing import Final

from pydantic import ValidationError

from local.standins.actioniq.accounts import Accounts, Destination
from local.standins.faults import Faults
from local.standins.paging import Page, page_of
from local.standins.switches import unchanged
from local.standins.web import Reply, Request, json_reply

type Route = Callable[[Accounts, Request], Reply]

PREFIX = "/_standin/"


def control(accounts: Accounts, request: Request) -> Reply:
    """Answer a control request; 400 with the reason for a bad one."""
    path = request.path.removeprefix(PREFIX)
    for prefix in ("destinations", "keys"):
        if path.startswith(f"{prefix}/"):
            path = f"{prefix}/*"
    route = ROUTES.get((request.method, path))
    if route is None:
        return json_reply(404, {"error": f"no control route {request.method} {request.path}"})
    try:
        return route(accounts, request)
    except KeyError as error:
        return json_reply(400, {"error": f"unknown or missing: {error.args[0]}"})
    except (ValueError, TypeError) as error:
        return json_reply(400, {"error": str(error)})


def _put_modes(accounts: Accounts, request: Request) -> Reply:
    changes = request.json_object()
    try:
        accounts.modes = accounts.modes.changed(changes)
    except ValidationError as error:
        return unchanged(error)
    if {"faults", "seed"} & set(changes):
        accounts.faults = Faults(accounts.modes.faults, accounts.modes.seed)
    return _get_modes(accounts, request)


def _get_modes(accounts: Accounts, _request: Request) -> Reply:
    return accounts.modes.shown()


def _get_counters(accounts: Accounts, _request: Request) -> Reply:
    return json_reply(200, accounts.counters())


def _post_accounts(accounts: Accounts, request: Request) -> Reply:
    return json_reply(201, accounts.add_account(request.json_object()["name"]))


def _post_destinations(accounts: Accounts, request: Request) -> Reply:
    body = request.json_object()
    return json_reply(201, accounts.add_destination(body["account_id"], body["name"]).view())


def _get_destinations(accounts: Accounts, _request: Request) -> Reply:
    return json_reply(200, {"destinations": [one.view() for one in accounts.destinations.values()]})


def _patch_destination(accounts: Accounts, request: Request) -> Reply:
    destination = accounts.destinations[request.path.removeprefix(f"{PREFIX}destinations/")]
    changes = request.json_object()
    unknown = set(changes) - {"active", "rate_limit"}
    rate = changes.get("rate_limit")
    good_rate = rate is None or (isinstance(rate, int | float) and not isinstance(rate, bool) and rate > 0)
    if unknown or not isinstance(changes.get("active", True), bool) or not good_rate:
        msg = "only active (boolean) and rate_limit (requests a second, or null) can be changed"
        raise ValueError(msg)
    for name, value in changes.items():
        setattr(destination, name, value)
    return json_reply(200, destination.view())


def _post_keys(accounts: Accounts, request: Request) -> Reply:
    body = request.json_object()
    return json_reply(201, accounts.new_key(body["account_id"], body["destination_ids"]))


def _get_keys(accounts: Accounts, _request: Request) -> Reply:
    return json_reply(200, {"keys": [accounts.key_view(key) for key in accounts.keys.values()]})


def _delete_key(accounts: Accounts, request: Request) -> Reply:
    key_id = request.path.removeprefix(f"{PREFIX}keys/")
    hashes = [hashed for hashed, key in accounts.keys.items() if key.id == key_id]
    if not hashes:
        raise KeyError(key_id)
    del accounts.keys[hashes[0]]
    return Reply(204)


def _get_activity(accounts: Accounts, request: Request) -> Reply:
    """Show the Activity Log, newest first."""
    newest_first = list(_named(accounts, request).activity)[::-1]
    return json_reply(200, {"activity": page_of(newest_first, Page.of(request)), "total": len(newest_first)})


def _get_records(accounts: Accounts, request: Request) -> Reply:
    destination = _named(accounts, request)
    kept = destination.hidden if request.query.get("hidden") == "true" else destination.records
    return json_reply(200, {"records": page_of(kept, Page.of(request)), "total": len(kept)})


def _get_profiles(accounts: Accounts, request: Request) -> Reply:
    people = list(_named(accounts, request).people.people.values())
    start = int(request.query.get("after", "0") or 0)
    page = page_of(people, Page(start, int(request.query.get("limit", "1000"))))
    after = start + len(page)
    following = str(after) if after < len(people) else None
    return json_reply(200, {"profiles": [one.view() for one in page], "next": following})


def _named(accounts: Accounts, request: Request) -> Destination:
    return accounts.destinations[request.query["destination_id"]]


ROUTES: Final[Mapping[tuple[str, str], Route]] = {
    ("PUT", "modes"): _put_modes,
    ("GET", "modes"): _get_modes,
    ("GET", "counters"): _get_counters,
    ("POST", "accounts"): _post_accounts,
    ("POST", "destinations"): _post_destinations,
    ("GET", "destinations"): _get_destinations,
    ("PATCH", "destinations/*"): _patch_destination,
    ("POST", "keys"): _post_keys,
    ("GET", "keys"): _get_keys,
    ("DELETE", "keys/*"): _delete_key,
    ("GET", "activity"): _get_activity,
    ("GET", "records"): _get_records,
    ("GET", "profiles"): _get_profiles,
}
