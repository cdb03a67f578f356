"""The proof: everything read back, from the bridge's records and from the vendors, and held against the load."""

from dataclasses import dataclass

from local.chaos import arrivals, ledger, membership, sends
from local.chaos.account import Account
from local.chaos.house import CONTROL, House
from local.chaos.ledger import Side
from local.chaos.outcome import Outcome
from local.chaos.records import entries, silent

_SLACK = 5.0


@dataclass(frozen=True, slots=True)
class Proof:
    """`since` is when the run began, in epoch seconds."""

    account: Account
    house: House
    since: float

    def take(self, outcome: Outcome) -> str:
        """Fill in the ledger's lines; what has no end yet, or nothing."""
        ours = {one.id for one in self.house.installed.values()} | {""}
        rows = [
            row
            for row in self.account.deliveries(self.since - _SLACK)
            if row.get("integration_id", {"S": ""})["S"] in ours
        ]
        found, quiet, load = list(entries(rows)), silent(rows), outcome.load
        letters = self._letters()
        sides = self._sides(letters)
        outcome.lines = ledger.ledger(load.accepted, sides, found, load.given_up)
        sent = arrivals.triggers(self.house.vendors["braze"], self.house.crowd.tag)
        ordered = outcome.journeys
        outcome.lines.append(sends.ledger(ordered.wanted, ordered.unsure, found, sent, letters))
        under_way = sum(line.pending for line in outcome.lines)
        return f"{under_way} without an end, {len(quiet)} deliveries untold" if under_way or quiet else ""

    def members(self, outcome: Outcome) -> None:
        """Fill in what Braze holds otherwise than the audiences' last exports say."""
        crowd = self.house.crowd
        people = frozenset(crowd.person(number).user for number in range(crowd.size))
        held = arrivals.profiles(self.house.vendors["braze"], people)
        outcome.members = [
            fault
            for one in outcome.audiences
            for fault in membership.differences(one.name, one.members, people, held)
        ]

    def struck(self, outcome: Outcome) -> None:
        """Fill in how the vendors failed, by their own count."""
        for name, site in self.house.vendors.items():
            for fault, count in site.call("GET", f"{CONTROL}/counters")["faults"].items():
                outcome.struck[f"{name}: {fault}"] = count

    def _letters(self) -> frozenset[str]:
        """The deliveries with an open letter."""
        found: set[str] = set()
        for one in self.house.installed.values():
            cursor: str | None = ""
            while cursor is not None:
                query = {"integration_id": one.id, "limit": "100"} | ({"cursor": cursor} if cursor else {})
                page = self.house.admin.call("GET", "/v1/admin/dead-letters", **query)
                found |= {letter["delivery_id"] for letter in page["data"]}
                cursor = page["next_cursor"]
        return frozenset(found)

    def _sides(self, letters: frozenset[str]) -> list[Side]:
        sides = []
        for one in self.house.installed.values():
            site = self.house.vendors[one.catalog_key]
            copies = (
                arrivals.records(site, one.destination)
                if one.destination
                else arrivals.events(site, self.house.crowd.tag)
            )
            sides.append(Side(one.id, one.name, one.catalog_key, one.off, copies, letters))
        return sides
