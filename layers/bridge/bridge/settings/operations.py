"""What the operations function is told."""

from dataclasses import dataclass

from bridge.settings import LaneQueues, Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationsSettings(Settings):
    """Live events, runs, dead letters, health."""

    installations_table: str
    deliveries_table: str
    runs_table: str
    state_bucket: str
    lane_queues: LaneQueues
    run_retention_days: int = 90
    letter_retention_days: int = 30
