"""What the ingest function is told."""

from bridge.settings import Settings
from bridge.settings.lanes import LaneQueues


class IngestSettings(Settings):
    """Routing and packing."""

    installations_table: str
    deliveries_table: str
    state_bucket: str
    lane_queues: LaneQueues
