"""POST /users/export/ids (facts 4)."""

from collections.abc import Iterable
from datetime import timedelta
from hashlib import sha256
from typing import Any, Final

from local.standins.braze.dates import show_time
from local.standins.braze.gate import admit, read_body, spend, turn_away
from local.standins.braze.profiles import Profile
from local.standins.braze.rates import export_windows
from local.standins.braze.values import plain
from local.standins.braze.workspace import Workspace
from local.standins.web import Json, Reply, Request, json_reply

MOST_IDS = 50
TOO_MANY = "The max number of ids per request was exceeded"
REMEMBERED = timedelta(days=90)
RANDOM_BUCKETS = 10_000
FROM_STANDARD: Final = (
    *("push_subscribe", "email_subscribe", "country", "dob", "email", "first_name", "gender"),
    *("home_city", "language", "last_name", "phone", "push_tokens", "time_zone"),
)


def export_ids(workspace: Workspace, request: Request) -> Reply:
    """Return the profiles asked for; ids that nobody has are listed, not refused."""
    admit(workspace, request, "users.export.ids")
    body = read_body(request)
    fields = body.get("fields_to_export")
    if not isinstance(fields, list) or not fields:
        if workspace.modes.export_onboarding == "after":
            raise turn_away(400, "fields_to_export is required")
        fields = None
    ids, aliases = body.get("external_ids") or [], body.get("user_aliases") or []
    _check_ids(workspace, body, ids, aliases)
    told = spend(workspace, export_windows(workspace.modes, fields))
    workspace.applying.due()
    found, missing = _find(workspace, body, ids, aliases)
    users = [_exported(workspace, profile, fields) for profile in found]
    answer = {"message": "success", "users": users, "invalid_user_ids": missing}
    return json_reply(workspace.modes.export_status, answer, told)


def _check_ids(workspace: Workspace, body: Json, ids: object, aliases: object) -> None:
    scalars = ("braze_id", "device_id", "email_address", "phone")
    if any(not isinstance(body.get(key, ""), str) for key in scalars):
        raise turn_away(400, "Bad Request")
    if not isinstance(ids, list) or not isinstance(aliases, list):
        raise turn_away(400, "Bad Request")
    combined = workspace.modes.export_cap == "combined"
    most = len(ids) + len(aliases) if combined else max(len(ids), len(aliases))
    if most > MOST_IDS:
        raise turn_away(400, TOO_MANY)


def _find(
    workspace: Workspace, body: Json, ids: list[Any], aliases: list[Any]
) -> tuple[Iterable[Profile], list[Any]]:
    profiles = workspace.profiles
    found: dict[str, Profile] = {}
    missing: list[Any] = []
    for one in ids:
        profile = profiles.by_external_id.get(str(one))
        if profile is not None:
            found[profile.braze_id] = profile
        if profile is None or not isinstance(one, str):
            missing.append(one)
    names = [(str(a.get("alias_label")), str(a.get("alias_name"))) for a in aliases if isinstance(a, dict)]
    others = [profiles.by_alias.get(name) for name in names]
    others.append(profiles.by_braze_id.get(body.get("braze_id", "")))
    others += profiles.by_email.get(body.get("email_address", "").lower(), [])
    others += profiles.by_phone.get(body.get("phone", "").lower(), [])
    found |= {profile.braze_id: profile for profile in others if profile is not None}
    return found.values(), missing


def _exported(workspace: Workspace, profile: Profile, fields: list[Any] | None) -> Json:
    since = workspace.now() - REMEMBERED
    place = profile.standard.get("current_location")
    aliases = [{"alias_name": name, "alias_label": label} for label, name in profile.aliases]
    everything: Json = {
        "external_id": profile.external_id,
        "braze_id": profile.braze_id,
        "created_at": show_time(profile.created_at),
        "random_bucket": int(sha256(profile.braze_id.encode()).hexdigest(), 16) % RANDOM_BUCKETS,
        "user_aliases": aliases,
        "custom_attributes": plain(profile.custom),
        "custom_events": profile.tallies(profile.events, since),
        "purchases": profile.tallies(profile.purchases, since),
        "total_revenue": profile.revenue,
        "last_coordinates": [place["longitude"], place["latitude"]] if place else None,
        **{name: profile.standard.get(name) for name in FROM_STANDARD},
    }
    return {
        name: value
        for name, value in everything.items()
        if value not in (None, [], {}, "") and (fields is None or name in fields)
    }
