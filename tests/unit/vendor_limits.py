"""What the vendors would not take whole, told by the rules of the stand-ins: the judge of what the mapping makes."""

import json
from typing import Any, Literal

from local.standins.actioniq import ingest
from local.standins.braze import checks, sends
from local.standins.braze.effects import MOST_PROPERTIES
from local.standins.braze.modes import Modes
from local.standins.braze.standard import NOT_ATTRIBUTES, STANDARD, BadField, read_standard
from local.standins.braze.values import IGNORED, MOST_TEXT, settle
from local.standins.web import Json

MODES = Modes()
# Only Braze can tell whether these are what they should be: an address, a country, a zone, a language, a group's id.
BRAZE_TELLS = frozenset({"email", "country", "time_zone", "language", "subscription_groups"})
CONTROL = NOT_ATTRIBUTES


def braze_faults(array: Literal["attributes", "events"], sent: Json) -> list[str]:
    """Why Braze would refuse the object, or which part of it it would drop or cut without a word."""
    wrong = checks.identifier_error(sent, MODES)
    faults = [wrong] if wrong else []
    if array == "events":
        sent = (
            sent | {"time": sent["time"].replace(sent["time"][:4], "2999", 1)} if sent["time"] > "3" else sent
        )
        many = len(sent.get("properties") or {}) > MOST_PROPERTIES
        return [*faults, *checks.event_errors(sent), *(["too many properties"] if many else [])]
    return faults + [f"{name} {fault}" for name, value in sent.items() if (fault := _attribute(name, value))]


def _attribute(name: str, value: Any) -> str:
    if name.strip() in CONTROL or name in BRAZE_TELLS:
        return ""
    if name in STANDARD:
        try:
            return "is ignored" if read_standard(name, value) is IGNORED else ""
        except BadField as error:
            return str(error)
    if not name.strip() or len(name) > MOST_TEXT or name.startswith("$"):
        return "is no name"
    return "is dropped" if _settled(value) is IGNORED else ""


def _settled(value: Any) -> object:
    # An operator is judged on nothing: what it meets at Braze, nobody knows.
    return settle(None, value, kind=None, forced=False, merge=False)


def recipient_faults(sent: Json) -> list[str]:
    """Why Braze would refuse a request with this recipient."""
    names = [name for name in sends.IDENTIFIERS if sent.get(name) is not None]
    faults = [] if len(names) == 1 and sends._good_identifier(names[0], sent[names[0]]) else ["no identifier"]
    if len(str(sent.get("external_user_id", "")).encode()) > checks.MOST_ID_BYTES:
        faults.append("EXTERNAL_USER_ID_TOO_LARGE")
    properties = sent.get("trigger_properties")
    if properties is not None and len(json.dumps(properties).encode()) > sends.MOST_PROPERTY_BYTES:
        faults.append("trigger_properties are too large")
    return faults


def actioniq_fault(record: Json, destination_id: str) -> str:
    """Why ActionIQ's stand-in would reject the record."""
    return ingest.check(record, destination_id)[1] or ""
