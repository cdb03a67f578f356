"""What a run of chaos owns on the stack: sources, installations, keys, destinations, campaigns; gone afterwards."""

import secrets
from dataclasses import dataclass, field
from typing import Any

from local.chaos.asking import Site
from local.chaos.people import Crowd
from local.demo.stack import Stack

Json = dict[str, Any]
ACCOUNT = "your-account-id"
CONTROL = "/_standin"
CAMPAIGNS = ("welcome", "win-back")
_AT_ONCE = 500


@dataclass(slots=True)
class Installed:
    """One installation; `site` is where its vendor stands, `destination` where its records go."""

    id: str
    name: str
    catalog_key: str
    destination: str = ""
    key: str = field(default="", repr=False)
    key_id: str = ""
    off: list[tuple[float, float]] = field(default_factory=list)


@dataclass
class House:
    """Every key there ever was is kept in `secrets`, by what it is: none of them may stand in a log."""

    stack: Stack
    crowd: Crowd
    secrets: dict[str, str] = field(default_factory=dict, repr=False)
    sources: list[Json] = field(default_factory=list, repr=False)
    installed: dict[str, Installed] = field(default_factory=dict)
    token: Json = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:  # noqa: D105 (the ways in to all of it)
        self.admin = Site(self.stack.api_url, self.stack.admin_token)
        self.vendors = {
            "actioniq": Site(self.stack.actioniq_url, patience=20.0),
            "braze": Site(self.stack.braze_url, patience=20.0),
        }
        self.guess = f"sb_{secrets.token_urlsafe(32)}"
        self.secrets |= {"the admin's token": self.stack.admin_token, "a stranger's guess": self.guess}

    def open(self) -> None:
        """Make it all; the stand-ins behave until told otherwise."""
        for vendor in self.vendors.values():
            modes = vendor.call("GET", f"{CONTROL}/modes")
            vendor.call("PUT", f"{CONTROL}/modes", dict.fromkeys(modes))
        for number in (1, 2):
            body = {"name": f"chaos {self.crowd.tag} {number}", "kind": "server", "test": True}
            source = self.admin.call("POST", "/v1/admin/sources", body)
            self.sources.append(source)
            self.secrets[f"write key {number}"] = source["write_key"]
        body = {"name": f"chaos {self.crowd.tag}", "role": "activator"}
        self.token = self.admin.call("POST", "/v1/admin/tokens", body)
        self.secrets["the activator's token"] = self.token["token"]
        for name in ("ActionIQ", "ActionIQ, switched"):
            self._install_actioniq(name)
        self._install_braze()

    def close(self) -> None:
        """Take it away; what was recorded stays."""
        for one in self.installed.values():
            self.admin.call("DELETE", f"/v1/admin/integrations/{one.id}")
        for source in self.sources:
            self.admin.call("DELETE", f"/v1/admin/sources/{source['id']}")
        self.admin.call("DELETE", f"/v1/admin/tokens/{self.token['id']}")

    def new_key(self, one: Installed) -> tuple[str, str]:
        """A key the vendor takes from now on, and its id there."""
        site = self.vendors[one.catalog_key]
        if one.catalog_key == "actioniq":
            body = {"account_id": ACCOUNT, "destination_ids": [one.destination]}
            made = site.call("POST", f"{CONTROL}/keys", body)
            key, key_id = made["key"], made["id"]
        else:
            key = key_id = f"brz_{secrets.token_hex(16)}"
            site.call("POST", f"{CONTROL}/keys", {"key": key})
        self.secrets[f"{one.name}, key {len(self.secrets)}"] = key
        return key, key_id

    def _install_actioniq(self, name: str) -> None:
        body = {"account_id": ACCOUNT, "name": f"{name} {self.crowd.tag}"}
        made = self.vendors["actioniq"].call("POST", f"{CONTROL}/destinations", body)
        one = Installed("", name, "actioniq", destination=made["id"])
        one.key, one.key_id = self.new_key(one)
        self._install(one, {"api_key": one.key, "account_id": ACCOUNT, "destination_id": one.destination})

    def _install_braze(self) -> None:
        site = self.vendors["braze"]
        for campaign in CAMPAIGNS:
            body = {"id": f"{campaign}-{self.crowd.tag}", "name": campaign, "paused": False}
            site.call("POST", f"{CONTROL}/campaigns", body)
        people = [{"external_id": self.crowd.person(number).user} for number in range(self.crowd.size)]
        for start in range(0, len(people), _AT_ONCE):
            site.call("POST", f"{CONTROL}/profiles", {"profiles": people[start : start + _AT_ONCE]})
        one = Installed("", "Braze", "braze")
        one.key, one.key_id = self.new_key(one)
        self._install(one, {"rest_api_key": one.key, "rest_endpoint": self.stack.braze_url})

    def _install(self, one: Installed, config: Json) -> None:
        body = {
            "name": f"{one.name} {self.crowd.tag}",
            "config": config,
            "sources": [source["id"] for source in self.sources],
        }
        made = self.admin.call("POST", f"/v1/admin/integration-catalog/{one.catalog_key}/install", body)
        one.id = made["id"]
        self.installed[one.name] = one
