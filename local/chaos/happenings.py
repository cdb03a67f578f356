"""What the people do, as Signal events, and by the documents alone who has to get which of it."""

from random import Random
from typing import Any

from local.chaos.people import Crowd, Person

Json = dict[str, Any]
_SHARES = {"track": 60, "identify": 12, "page": 12, "anonymous": 6, "deselected": 4, "group": 3, "bad": 3}
"""Per cent of the events, by what is particular about them."""


def happening(message: str, crowd: Crowd, dice: Random) -> Json:
    """One event under this message id; three in a hundred name nobody, and have to be refused."""
    who = crowd.anybody(dice)
    kind = dice.choices(list(_SHARES), list(_SHARES.values()))[0]
    event = {"messageId": message} | _what(kind, message, who, crowd, dice)
    return event if kind in ("anonymous", "bad") else event | {"userId": who.user}


def _what(kind: str, message: str, who: Person, crowd: Crowd, dice: Random) -> Json:
    note = f"{crowd.word('note')} of {message}"
    track = {"type": "track", "event": "Order Completed", "properties": {"message": message, "note": note}}
    match kind:
        case "identify":
            traits = {"email": who.email, "phone": who.phone, "firstName": who.first_name}
            return {"type": "identify", "traits": traits | {"lastName": who.last_name, "seen": message}}
        case "page":
            return {"type": "page", "name": note, "properties": {"title": note}}
        case "group":
            return {"type": "group", "groupId": crowd.word("note"), "traits": {"name": note}}
        case "anonymous":
            return track | {"anonymousId": f"{crowd.word('user')}-anonymous-{dice.randrange(crowd.size)}"}
        case "deselected":
            return track | {"integrations": {"Braze": False}}
    return track


def refused(event: Json) -> bool:
    """Whether the collector must not accept it."""
    return "userId" not in event and "anonymousId" not in event


def unwanted(catalog_key: str, event: Json) -> bool:
    """Whether an installation of this kind has to leave it out (docs/mapping.md)."""
    if catalog_key == "actioniq":
        return bool(event["type"] == "group")
    return (
        event["type"] in ("group", "page")
        or "userId" not in event
        or event.get("integrations", {}).get("Braze") is False
    )


def repeatable(event: Json) -> bool:
    """Whether it may go out twice without harm, and so is not claimed: what says how a person is."""
    return bool(event["type"] == "identify")


def countable(catalog_key: str, event: Json) -> bool:
    """Whether the vendor shows each single one: Braze keeps of a profile's updates what they came to."""
    return catalog_key == "actioniq" or event["type"] != "identify"
