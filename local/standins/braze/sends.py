"""POST /campaigns/trigger/send (facts 5.1)."""

import json
from hashlib import md5
from typing import Any

from local.standins.braze.dates import show_time
from local.standins.braze.effects import set_attributes
from local.standins.braze.gate import admit, read_body, spend, turn_away
from local.standins.braze.profiles import Profile
from local.standins.braze.rates import broadcast_windows, shared_windows
from local.standins.braze.workspace import Campaign, Workspace
from local.standins.web import Json, Reply, Request, json_reply

MOST_RECIPIENTS = 50
MOST_PROPERTY_BYTES = 50 * 1024
TOO_MANY = "The max number of external_ids and aliases per request was exceeded"
PAUSED = "The campaign is paused. Resume the campaign to ensure trigger requests will take effect."
IDENTIFIERS = ("external_user_id", "user_alias", "braze_id", "email")


def trigger_send(workspace: Workspace, request: Request) -> Reply:
    """Message recipients; success never says whom it reached."""
    admit(workspace, request, "campaigns.trigger.send")
    body = read_body(request)
    campaign = _campaign(workspace, body)
    recipients = _recipients(workspace, body)
    windows = (
        shared_windows(workspace.modes)
        if recipients
        else broadcast_windows(workspace.modes, str(campaign.id if campaign else None))
    )
    told = spend(workspace, windows)
    if campaign is None:
        raise turn_away(400, "Invalid Campaign ID")
    if campaign.paused:
        return json_reply(201, {"notice": PAUSED, "message": "success"}, told)
    workspace.applying.due()
    dispatch_id = _dispatch_id(workspace)
    if recipients:
        for recipient in recipients:
            _message(workspace, campaign, body, recipient, dispatch_id)
    else:
        for profile in workspace.profiles.everyone:
            _record(workspace, campaign, _shown(profile), body.get("trigger_properties") or {}, dispatch_id)
    return json_reply(201, {"dispatch_id": dispatch_id, "message": "success"}, told)


def _campaign(workspace: Workspace, body: Json) -> Campaign | None:
    campaign_id = body.get("campaign_id")
    return workspace.campaigns.get(campaign_id) if isinstance(campaign_id, str) else None


def _recipients(workspace: Workspace, body: Json) -> list[Json]:
    """Return the recipients, one per user, the last entry's properties; empty means broadcast."""
    recipients = body.get("recipients")
    broadcast = body.get("broadcast") is True
    _check_properties(body.get("trigger_properties"))
    if not recipients:
        if broadcast:
            return []
        raise turn_away(400, "No Recipients")
    if broadcast or not isinstance(recipients, list) or not all(isinstance(one, dict) for one in recipients):
        raise turn_away(400, "Bad Request")
    if len(recipients) > MOST_RECIPIENTS:
        raise turn_away(400, TOO_MANY)
    unique: dict[str, Json] = {}
    for one in recipients:
        name = _identifier(workspace, one)
        if name is not None:
            key = json.dumps([name, one[name]], sort_keys=True)
            unique.pop(key, None)
            unique[key] = one
    if not unique:
        raise turn_away(400, "No Recipients")
    return list(unique.values())


def _identifier(workspace: Workspace, recipient: Json) -> str | None:
    """Return the one identifier's name; a recipient without any is passed over (`external_id` is none)."""
    names = [name for name in IDENTIFIERS if recipient.get(name) is not None]
    _check_properties(recipient.get("trigger_properties"))
    if len(names) > 1 or ("braze_id" in names and not workspace.modes.braze_id_recipients):
        raise turn_away(400, "Bad Request")
    if "email" in names and not recipient.get("prioritization"):
        raise turn_away(400, "Bad Request")
    if names and not _good_identifier(names[0], recipient[names[0]]):
        raise turn_away(400, "Bad Request")
    return names[0] if names else None


def _good_identifier(name: str, value: object) -> bool:
    if name != "user_alias":
        return isinstance(value, str)
    return isinstance(value, dict) and all(
        isinstance(value.get(f"alias_{one}"), str) for one in ("name", "label")
    )


def _check_properties(properties: object) -> None:
    if properties is None:
        return
    if not isinstance(properties, dict) or len(json.dumps(properties).encode()) > MOST_PROPERTY_BYTES:
        raise turn_away(400, "Bad Request")


def _message(workspace: Workspace, campaign: Campaign, body: Json, recipient: Json, dispatch_id: str) -> None:
    profile = _find(workspace, recipient)
    if profile is None:
        workspace.counts["recipients_unknown"] += 1
        return
    attributes = recipient.get("attributes")
    if isinstance(attributes, dict):
        workspace.profiles.touch(profile)
        set_attributes(workspace, profile, {**attributes, "braze_id": profile.braze_id})
    named = {name: recipient[name] for name in IDENTIFIERS if recipient.get(name) is not None}
    properties = {**(body.get("trigger_properties") or {}), **(recipient.get("trigger_properties") or {})}
    _record(workspace, campaign, named, properties, dispatch_id)


def _find(workspace: Workspace, recipient: Json) -> Profile | None:
    profiles = workspace.profiles
    if (external_id := recipient.get("external_user_id")) is not None:
        make = recipient.get("send_to_existing_only") is False and isinstance(
            recipient.get("attributes"), dict
        )
        return profiles.resolve({"external_id": external_id}, workspace.now(), create=make)
    named: dict[str, Any] = {
        name: recipient[name] for name in IDENTIFIERS[1:] if recipient.get(name) is not None
    }
    return profiles.resolve(named, workspace.now(), create=False)


def _record(
    workspace: Workspace, campaign: Campaign, recipient: Json, properties: Json, dispatch: str
) -> None:
    workspace.counts["recipients"] += 1
    workspace.triggers.append(
        {
            "campaign_id": campaign.id,
            "recipient": recipient,
            "trigger_properties": properties,
            "dispatch_id": dispatch,
            "at": show_time(workspace.now()),
        }
    )


def _shown(profile: Profile) -> Json:
    if profile.external_id is not None:
        return {"external_user_id": profile.external_id}
    return {"braze_id": profile.braze_id}


def _dispatch_id(workspace: Workspace) -> str:
    workspace.counts["dispatches"] += 1
    return md5(f"dispatch {workspace.counts['dispatches']}".encode(), usedforsecurity=False).hexdigest()
