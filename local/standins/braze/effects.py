"""What accepted objects do to profiles, and what they cost."""

from contextlib import suppress
from typing import Any

from local.standins.braze.dates import read_time, show_time
from local.standins.braze.meter import points, standard_points
from local.standins.braze.profiles import Profile, Tally
from local.standins.braze.standard import (
    NOT_ATTRIBUTES,
    SHARED_BY_EMAIL,
    STANDARD,
    BadField,
    read_standard,
)
from local.standins.braze.values import IGNORED, MOST_TEXT, REMOVED, kind_of, settle
from local.standins.braze.workspace import Workspace
from local.standins.web import Json

MOST_PROPERTIES = 256


def apply(workspace: Workspace, kind: str, sent: Json) -> None:
    """Apply one checked object of the array `kind`."""
    if sent.get("push_token_import"):
        return
    only_existing = sent.get("_update_existing_only")
    create = None if only_existing is None else not only_existing
    profile = workspace.profiles.resolve(sent, workspace.now(), create=create)
    if profile is None:
        workspace.counts["skipped"] += 1
        return
    workspace.profiles.touch(profile)
    workspace.counts[kind] += 1
    if kind == "attributes":
        set_attributes(workspace, profile, sent)
    elif kind == "events":
        _add_event(workspace, profile, sent)
    else:
        _add_purchase(workspace, profile, sent)


def set_attributes(workspace: Workspace, profile: Profile, sent: Json) -> None:
    """Set every attribute of one object on its profile."""
    merge = sent.get("_merge_objects") is True
    looked_up_by = None
    if not any(sent.get(key) is not None for key in ("external_id", "braze_id", "user_alias")):
        looked_up_by = "email" if sent.get("email") else "phone"
    for given, value in sent.items():
        name = given.strip()
        if name in NOT_ATTRIBUTES or name == looked_up_by:
            continue
        if name in STANDARD:
            with suppress(BadField):
                _set_standard(workspace, profile, name, value)
        elif name not in workspace.modes.blocklist:
            _set_custom(workspace, profile, name, value, merge=merge)


def _set_standard(workspace: Workspace, profile: Profile, name: str, value: object) -> None:
    fresh = read_standard(name, value)
    workspace.counts["data_points"] += standard_points(name)
    if fresh is IGNORED:
        return
    if name in {"email", "phone"}:
        workspace.profiles.reindex(profile, name, profile.standard.get(name), sent_text(fresh))
    everyone = workspace.profiles.sharing_email(profile) if name in SHARED_BY_EMAIL else [profile]
    for one in everyone:
        if fresh is None:
            one.standard.pop(name, None)
        else:
            one.standard[name] = fresh


def sent_text(value: object) -> str | None:
    """Narrow a checked email or phone."""
    return value if isinstance(value, str) else None


def _set_custom(workspace: Workspace, profile: Profile, name: str, value: Any, *, merge: bool) -> None:
    workspace.counts["data_points"] += points(value)
    if not name or len(name) > MOST_TEXT or name.startswith("$"):
        return
    forced = workspace.modes.forced_types.get(name)
    kind = forced or workspace.kinds.get(name)
    stored = settle(profile.custom.get(name), value, kind=kind, forced=forced is not None, merge=merge)
    if stored is REMOVED:
        profile.custom.pop(name, None)
    elif stored is not IGNORED:
        profile.custom[name] = stored
        workspace.kinds.setdefault(name, kind_of(stored))


def _add_event(workspace: Workspace, profile: Profile, sent: Json) -> None:
    workspace.counts["data_points"] += 1
    properties = dict(list((sent.get("properties") or {}).items())[:MOST_PROPERTIES])
    happened = _tally(workspace, profile.events, sent["name"], sent["time"], 1)
    event = {
        "external_id": profile.external_id,
        "braze_id": profile.braze_id,
        "name": sent["name"],
        "time": happened,
        "properties": properties,
    }
    workspace.events.append(event if "app_id" not in sent else {**event, "app_id": sent["app_id"]})


def _add_purchase(workspace: Workspace, profile: Profile, sent: Json) -> None:
    quantity = sent.get("quantity", 1)
    workspace.counts["data_points"] += quantity
    profile.revenue += sent["price"] * quantity
    happened = _tally(workspace, profile.purchases, sent["product_id"], sent["time"], quantity)
    kept: Json = {key: sent[key] for key in ("product_id", "currency", "price", "properties") if key in sent}
    named: Json = {"external_id": profile.external_id, "braze_id": profile.braze_id}
    workspace.purchases.append({**named, **kept, "quantity": quantity, "time": happened})


def _tally(workspace: Workspace, tallies: dict[str, Tally], name: str, time: str, count: int) -> str:
    now = workspace.now()
    happened = min(read_time(time) or now, now)
    tally = tallies.setdefault(name, Tally(happened, happened))
    tally.first, tally.last = min(tally.first, happened), max(tally.last, happened)
    tally.count += count
    return show_time(happened)
