"""What the dead_letters function is told."""

from dataclasses import dataclass

from bridge.settings import LaneQueues, Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLettersSettings(Settings):
    """Where letters are filed, which queue they come from and go back to, and where runs are told of theirs."""

    installations_table: str
    deliveries_table: str
    state_bucket: str
    lane_queues: LaneQueues
    letter_retention_days: int = 30
    replay_per_minute: int = 6000

    @property
    def lanes(self) -> dict[str, str]:
        """The lane each dead-letter queue serves, by the queue's name."""
        return {one.dead_letters.rpartition("/")[2]: lane for lane, one in self.lane_queues.items()}
