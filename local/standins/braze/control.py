"""The stand-in's own API under /_standin/: looking in, and setting switches; nothing of it is Braze's."""

from collections.abc import Callable, Mapping
from typing import Final

from pydantic import ValidationError

from local.standins.braze.effects import set_attributes
from local.standins.braze.workspace import PERMISSIONS, Campaign, Workspace
from local.standins.paging import Page, page_of
from local.standins.switches import unchanged
from local.standins.web import Json, Reply, Request, json_reply

type Route = Callable[[Workspace, Request], Reply]


def control(workspace: Workspace, request: Request) -> Reply:
    """Answer a control request; 400 with the reason for a bad one. Work that is due is done first."""
    workspace.applying.due()
    path = request.path.removeprefix("/_standin/")
    for prefix in ("profiles", "keys"):
        if path.startswith(f"{prefix}/"):
            path = f"{prefix}/*"
    route = ROUTES.get((request.method, path))
    if route is None:
        return json_reply(404, {"error": f"no control route {request.method} {request.path}"})
    try:
        return route(workspace, request)
    except (ValueError, KeyError, TypeError) as error:
        return json_reply(400, {"error": str(error)})


def _put_modes(workspace: Workspace, request: Request) -> Reply:
    changes = request.json_object()
    try:
        modes = workspace.modes.changed(changes)
    except ValidationError as error:
        return unchanged(error)
    workspace.set_modes(modes, new_faults=bool({"faults", "seed"} & set(changes)))
    return _get_modes(workspace, request)


def _get_modes(workspace: Workspace, _request: Request) -> Reply:
    return workspace.modes.shown()


def _get_counters(workspace: Workspace, _request: Request) -> Reply:
    return json_reply(200, workspace.counters())


def _post_settle(workspace: Workspace, _request: Request) -> Reply:
    workspace.applying.settle()
    return json_reply(200, {"waiting": 0})


def _get_profiles(workspace: Workspace, request: Request) -> Reply:
    everyone = workspace.profiles.everyone
    start = int(request.query.get("after", "0") or 0)
    page = page_of(everyone, Page(start, int(request.query.get("limit", "1000"))))
    after = start + len(page)
    following = str(after) if after < len(everyone) else None
    return json_reply(200, {"profiles": [one.view() for one in page], "next": following})


def _get_profile(workspace: Workspace, request: Request) -> Reply:
    wanted = request.path.removeprefix("/_standin/profiles/")
    profiles = workspace.profiles
    found = profiles.by_external_id.get(wanted) or profiles.by_braze_id.get(wanted)
    if found is None:
        return json_reply(404, {"error": f"no profile with external_id or braze_id {wanted}"})
    return json_reply(200, found.view())


def _post_profiles(workspace: Workspace, request: Request) -> Reply:
    """Seed profiles, with a braze_id of the test's choice, outside the data-point meter."""
    views = []
    for given in request.json_object()["profiles"]:
        ids = {name: given.get(name) for name in ("external_id", "braze_id")}
        fields = {name: value for name, value in given.items() if name not in {*ids, "custom_attributes"}}
        known = workspace.profiles.by_external_id.get(given.get("external_id"))
        profile = known or workspace.profiles.create(workspace.now(), **ids)
        spent = workspace.counts["data_points"]
        attributes = {**fields, **given.get("custom_attributes", {}), "braze_id": profile.braze_id}
        set_attributes(workspace, profile, attributes)
        workspace.counts["data_points"] = spent
        views.append(profile.view())
    return json_reply(201, {"profiles": views})


def _listing(name: str) -> Route:
    def show(workspace: Workspace, request: Request) -> Reply:
        everything: list[Json] = getattr(workspace, name)
        page = page_of(everything, Page.of(request))
        return json_reply(200, {name: page, "total": len(everything)})

    return show


def _post_campaigns(workspace: Workspace, request: Request) -> Reply:
    campaign = Campaign(**request.json_object())
    workspace.campaigns[campaign.id] = campaign
    return json_reply(201, {"id": campaign.id, "name": campaign.name, "paused": campaign.paused})


def _post_keys(workspace: Workspace, request: Request) -> Reply:
    body = request.json_object()
    permissions = frozenset(body.get("permissions", PERMISSIONS))
    workspace.keys[body["key"]] = permissions
    return json_reply(201, {"key": body["key"], "permissions": sorted(permissions)})


def _delete_key(workspace: Workspace, request: Request) -> Reply:
    del workspace.keys[request.path.removeprefix("/_standin/keys/")]
    return Reply(204)


ROUTES: Final[Mapping[tuple[str, str], Route]] = {
    ("PUT", "modes"): _put_modes,
    ("GET", "modes"): _get_modes,
    ("GET", "counters"): _get_counters,
    ("POST", "settle"): _post_settle,
    ("GET", "profiles"): _get_profiles,
    ("POST", "profiles"): _post_profiles,
    ("GET", "profiles/*"): _get_profile,
    ("GET", "events"): _listing("events"),
    ("GET", "purchases"): _listing("purchases"),
    ("GET", "triggers"): _listing("triggers"),
    ("POST", "campaigns"): _post_campaigns,
    ("POST", "keys"): _post_keys,
    ("DELETE", "keys/*"): _delete_key,
}
