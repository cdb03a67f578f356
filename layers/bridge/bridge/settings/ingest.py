"""What the ingest function is told."""

from dataclasses import dataclass

from bridge.settings import LaneQueues, Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestSettings(Settings):
    """Routing and packing."""

    installations_table: str
    deliveries_table: str
    state_bucket: str
    lane_queues: LaneQueues
