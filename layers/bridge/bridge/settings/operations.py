"""What the operations function is told."""

from bridge.settings import Settings


class OperationsSettings(Settings):
    """Live events, runs, dead letters, health."""

    installations_table: str
    deliveries_table: str
    runs_table: str
    state_bucket: str
    event_queue_url: str
    actioniq_queue_url: str
    braze_queue_url: str
    export_queue_url: str
    audience_queue_url: str
    event_dead_letter_queue_url: str
    actioniq_dead_letter_queue_url: str
    braze_dead_letter_queue_url: str
    export_dead_letter_queue_url: str
    audience_dead_letter_queue_url: str

    @property
    def queues(self) -> dict[str, tuple[str, str]]:
        """Each lane's queue and dead-letter queue."""
        return {
            "event": (self.event_queue_url, self.event_dead_letter_queue_url),
            "actioniq": (self.actioniq_queue_url, self.actioniq_dead_letter_queue_url),
            "braze": (self.braze_queue_url, self.braze_dead_letter_queue_url),
            "export": (self.export_queue_url, self.export_dead_letter_queue_url),
            "audience": (self.audience_queue_url, self.audience_dead_letter_queue_url),
        }
