"""A faultless bundle and both vendors in memory: just enough of each for the scenario to play against."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from local.demo.compare import Held
from local.demo.exports import File
from tests.unit.demo.builders import braze_event, manifest, record, rows

Json = dict[str, Any]


class Bundle:
    """Stands for the API, the account and the stand-ins at once; tests spoil it by overriding a method."""

    def __init__(self) -> None:
        """Empty."""
        self.sent: list[Json] = []
        self.people: dict[str, Json] = {}
        self.snapshots: dict[str, dict[str, Json]] = {}
        self.messages: list[Json] = []
        self.made: list[Json] = []
        self.letters: list[Json] = []
        self.approved: list[str] = []
        self.erased: list[str] = []
        self.answers: dict[str, Json] = {}
        self.points = 0

    def send(self, events: Sequence[Json], _write_key: str) -> Iterator[int]:
        """One batch."""
        self.sent += events
        for event in events:
            if event["type"] == "identify":
                traits = dict(event["traits"])
                standard = {"external_id": event["userId"], "email": traits.pop("email")}
                self.people[event["userId"]] = {**standard, "custom_attributes": traits}
        yield len(events)

    def upload(self, files: Sequence[File]) -> None:
        """Carry the export out at once; one that empties half an audience waits."""
        _, integration, kind, *split, export, _ = files[-1].key.split("/")
        assert len(rows(files)) == sum(part["rows"] for part in manifest(list(files))["parts"])
        plan: Json = {"waits_for": []}
        status = "done"
        if kind.startswith("campaign="):
            for row in rows(files):
                properties = {"lifetime_value": float(row["lifetime_value"])}
                self.message(kind.removeprefix("campaign="), row["external_id"], properties)
        else:
            plan |= self.sync(f"AIQ_{kind.split('=')[1]}_{split[0].split('=')[1]}", rows(files))
        if plan.get("left", 0) > plan.get("joined", 0):
            status, plan["waits_for"] = "waiting_approval", [{"code": "many_leave", "detail": "over 30 %"}]
        self.made.append(
            {
                "id": f"run_{len(self.made)}",
                "integration_id": integration,
                "export_id": export,
                "status": status,
                "plan": plan,
            }
        )

    def sync(self, membership: str, found: list[dict[str, str]]) -> Json:
        """Tell Braze what changed since the last export, and count it."""
        now = {row["external_id"]: self.typed(row) for row in found}
        before = self.snapshots.get(membership, {})
        plan = {"joined": 0, "changed": 0, "left": len(before.keys() - now.keys()), "data_points": 0}
        for who in before.keys() - now.keys():
            plan["data_points"] += self.tell(who, {membership: False})
        for who, state in now.items():
            old = before.get(who, {})
            change = {name: value for name, value in state.items() if old.get(name) != value}
            plan["joined" if who not in before else "changed"] += bool(change)
            plan["data_points"] += self.tell(who, change | ({} if old else {membership: True}))
        self.snapshots[membership] = now
        return plan

    def typed(self, row: dict[str, str]) -> Json:
        """As the manifest types the columns."""
        last = f"{row['last_order_date']}T00:00:00.000Z"
        value = float(row["lifetime_value"])
        return {"orders": int(row["orders"]), "lifetime_value": value, "last_order_date": last}

    def tell(self, who: str, attributes: Json) -> int:
        """Each attribute is a data point."""
        self.people[who]["custom_attributes"] |= attributes
        self.points += len(attributes)
        return len(attributes)

    def message(self, campaign_id: str, who: str, properties: Json) -> None:
        """One campaign message."""
        recipient = {"external_user_id": who}
        self.messages.append(
            {"campaign_id": campaign_id, "recipient": recipient, "trigger_properties": properties}
        )

    def activate(self, _token: str, activation: Json) -> Json:
        """The same activation again has the same answer and sends nothing."""
        name = activation["activation_id"]
        if name not in self.answers:
            for row in activation["rows"]:
                properties = {"lifetime_value": row["lifetime_value"]}
                self.message(activation["settings"]["campaign_id"], row["external_id"], properties)
            self.answers[name] = {"activation_id": name, "accepted": len(activation["rows"]), "rejected": []}
        return self.answers[name]

    def runs(self) -> list[Json]:
        """Newest last."""
        return self.made

    def run(self, run_id: str) -> Json:
        """By id."""
        return next(run for run in self.made if run["id"] == run_id)

    def report_page(self, run_id: str) -> str:
        """As good as any."""
        return f"<!doctype html><title>{run_id}</title>"

    def erase(self, user_id: str) -> Json:
        """Done at once."""
        self.erased.append(user_id)
        return {"id": "era_1"}

    def erasure(self, _job_id: str) -> Json:
        """As if it had been in a snapshot."""
        return {"status": "done", "erased": {"snapshots": 1}}

    def approve(self, run_id: str) -> None:
        """It was carried out already; only its status waited."""
        self.approved.append(run_id)
        self.run(run_id)["status"] = "done"

    @contextmanager
    def token(self, name: str, role: str) -> Iterator[str]:
        """Any."""
        yield f"{name} {role}"

    def create_campaign(self, campaign_id: str, name: str) -> None:
        """Every campaign is known here."""

    def live_events(self, _installations: frozenset[str]) -> list[Json]:
        """One delivery."""
        return [{"status": "delivered", "vendor_status": 200}]

    def dead_letters(self) -> list[Json]:
        """Whatever a test puts there."""
        return self.letters

    def depths(self, _queues: Sequence[str] = ()) -> dict[str, int]:
        """Nothing ever waits."""
        return {}

    def begin(self) -> None:
        """It is empty at the start."""

    def records(self) -> int:
        """At ActionIQ."""
        return len(self.held().records)

    def events(self) -> int:
        """At Braze."""
        return len(self.held().events)

    def triggers(self) -> int:
        """At Braze."""
        return len(self.messages)

    def profiles(self) -> int:
        """At Braze."""
        return len(self.people)

    def data_points(self) -> int:
        """Since the start."""
        return self.points

    def track_requests(self) -> int:
        """Not what is tested here."""
        return 0

    def waiting(self) -> int:
        """Everything is applied at once."""
        return 0

    def held(self) -> Held:
        """What both vendors hold."""
        tracks = [event for event in self.sent if event["type"] == "track"]
        return Held(
            records=[record(event) for event in self.sent],
            events=[braze_event(event) for event in tracks],
            profiles=list(self.people.values()),
            triggers=self.messages,
        )
