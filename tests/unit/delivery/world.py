"""A delivery worker with everything around it faked, and builders of what it is given."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from bridge.clients.actioniq import ActionIqClient
from bridge.clients.braze import BrazeClient
from bridge.clients.hosts import AllowedHosts
from bridge.clients.transport import Transport
from bridge.clients.webhook import Client
from bridge.flows.delivery.actioniq_lane import ActionIqLane
from bridge.flows.delivery.braze_lane import BrazeLane
from bridge.flows.delivery.circuit import Circuit
from bridge.flows.delivery.deliver import Deliverer
from bridge.flows.delivery.delivery_records import Recorder, Result
from bridge.flows.delivery.event_lane import EventLane
from bridge.flows.delivery.profile_memory import ProfileMemory
from bridge.flows.delivery.receive import Receiver
from bridge.flows.delivery.seats import Seats
from bridge.flows.delivery.vendor_keys import Credentials
from mapping.delivery import CampaignOrder, DeliveryMessage
from mapping.installation import Installation, Revision
from mapping.webhook import WebhookSettings, to_event
from tests.unit.delivery import fakes

if TYPE_CHECKING:
    from bridge.flows.delivery.lanes import Lane

ACTIONIQ = "int_000000000000000000ac"
BRAZE = "int_000000000000000000b2"
_AT = "2026-11-21T10:00:00.000Z"
WEBHOOK = "int_00000000000000000000ed"
HOOK = "https://hooks.example.com/signal"
Vendor = Literal["actioniq", "braze", "webhook"]
IDS: dict[Vendor, str] = {"actioniq": ACTIONIQ, "braze": BRAZE, "webhook": WEBHOOK}
CONFIGS: dict[Vendor, dict[str, Any]] = {
    "actioniq": {"account_id": "your-account-id", "destination_id": "dest-12345"},
    "braze": {"rest_endpoint": "https://rest.iad-01.braze.com"},
    "webhook": {"url": HOOK, "authentication": "bearer"},
}


def installation(vendor: Vendor, **config: Any) -> Installation:
    return Installation(
        id=IDS[vendor],
        catalog_key=vendor,
        name=vendor,
        config=CONFIGS[vendor] | config,
        revision=Revision(id="rev_1", revision_number=1, created_at=_AT),
        created_at=_AT,
        updated_at=_AT,
    )


def event(message_id: str, **fields: Any) -> dict[str, Any]:
    base = {"type": "track", "event": "Order Completed", "userId": "u1", "properties": {"total": 9.5}}
    stamps = {"timestamp": _AT, "originalTimestamp": _AT, "receivedAt": _AT, "messageId": message_id}
    return base | stamps | {"sourceId": "src_1", "sourceKind": "server"} | fields


def identify(message_id: str, **traits: Any) -> dict[str, Any]:
    found = event(message_id, type="identify", traits=traits or {"plan": "gold"})
    return {name: value for name, value in found.items() if name not in ("event", "properties")}


def delivery(items: list[dict[str, Any]], to: str = BRAZE, **fields: Any) -> DeliveryMessage:
    base = {
        "delivery_id": "dlv_" + "1" * 24,
        "integration_id": to,
        "kind": "events",
        "created_at": _AT,
        "items": items,
    }
    return DeliveryMessage.model_validate(base | fields)


def order(
    users: list[str], *, send_before: str = "2026-11-21T13:00:00.000Z", **fields: Any
) -> DeliveryMessage:
    """A trigger of campaign `cmp` for these users, on activation `act_1`."""
    campaign = CampaignOrder(campaign_id="cmp", order_id="act_1", send_before=send_before)
    return delivery([{"external_id": user} for user in users], kind="campaign", campaign=campaign, **fields)


def success(body: Any) -> tuple[int, Any]:
    """What either vendor answers when all is well."""
    if "records" in body:
        return 200, {"accepted": len(body["records"]), "rejected": []}
    if "campaign_id" in body:
        return 201, {"dispatch_id": "d" * 32, "message": "success"}
    return 201, {"message": "success", **{f"{name}_processed": len(array) for name, array in body.items()}}


class World:
    """One worker of one lane; `answers` is the vendor's side and may be replaced at any time."""

    def __init__(self, vendor: Vendor = "braze", **config: Any) -> None:
        self.clock = fakes.FakeClock(fakes.START)
        self.vendor = fakes.FakeVendor(success)
        self.installations = fakes.FakeInstallations()
        self.install(vendor, **config)
        keys = {"api_key": "aiq_key", "rest_api_key": "brz_key", "bearer_token": "hook_key"}
        self.secrets = fakes.FakeSecrets(keys)
        self.deliveries = fakes.FakeDeliveries()
        self.claims = fakes.FakeClaims()
        self.profiles = fakes.FakeProfiles()
        self.pauses = fakes.FakePauses()
        self.health = fakes.FakeHealth()
        self.stages = fakes.FakeStages()
        self.letters = fakes.FakeQueue()
        self.queue = fakes.FakeQueue()
        self.minutes = fakes.FakeMinutes()
        self.seats = fakes.FakeSeats()
        self.workers, self.sharing = 4, 1
        transport = Transport(AllowedHosts.of(["hooks.example.com"], vendor), pools=self.vendor)
        lanes: dict[Vendor, Lane] = {
            "actioniq": ActionIqLane(ActionIqClient(transport, self.clock), "https://api.actioniq.com"),
            "braze": BrazeLane(BrazeClient(transport, self.clock)),
            "webhook": EventLane("webhook", WebhookSettings, to_event, Client(transport, self.clock)),
        }
        self.lane = lanes[vendor]

    def install(self, vendor: Vendor, **config: Any) -> Installation:
        made = installation(vendor, **config)
        self.installations.known[made.id] = made
        return made

    def worker(self) -> Receiver:
        """A fresh worker over the same stores."""
        recorder = Recorder(self.deliveries, self.stages, self.letters, self.clock, lambda most: most)
        deliverer = Deliverer(
            lane=self.lane,
            installations=self.installations,
            credentials=Credentials(self.secrets),
            deliveries=self.deliveries,
            claims=self.claims,
            pauses=self.pauses,
            health=self.health,
            circuit=Circuit(),
            recorder=recorder,
            clock=self.clock,
            jitter=lambda most: most,
            memory=ProfileMemory(self.profiles),
        )
        seats = Seats(self.seats, self.workers, lambda: self.sharing, self.clock)
        return Receiver(deliverer, self.queue, self.letters, self.clock, seats)

    def receive(self, message: DeliveryMessage, *, remaining: timedelta = timedelta(seconds=120)) -> Result:
        """One receive of the message by a fresh worker."""
        return self.worker().receive(message.body(), "handle", int(remaining.total_seconds() * 1000))

    def row(self, message: DeliveryMessage) -> dict[str, Any]:
        return self.deliveries.shown(message.delivery_id)

    def bodies(self) -> list[Any]:
        """What went out."""
        return [body for _, _, body in self.vendor.requests]

    @property
    def now(self) -> datetime:
        return self.clock.now
