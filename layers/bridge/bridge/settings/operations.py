"""What the operations function is told."""

from bridge.settings import Settings
from bridge.settings.lanes import LaneQueues


class OperationsSettings(Settings):
    """Live events, runs, dead letters, health."""

    installations_table: str
    deliveries_table: str
    runs_table: str
    state_bucket: str
    lane_queues: LaneQueues
