"""What the dead_letters function is told."""

from bridge.settings import Settings


class DeadLettersSettings(Settings):
    """Where letters are filed, which queue they come from, and where runs are told of theirs."""

    deliveries_table: str
    state_bucket: str
    event_dead_letter_queue_url: str
    actioniq_dead_letter_queue_url: str
    braze_dead_letter_queue_url: str
    export_dead_letter_queue_url: str
    audience_dead_letter_queue_url: str
    export_queue_url: str
    audience_queue_url: str

    @property
    def lanes(self) -> dict[str, str]:
        """The lane each dead-letter queue serves, by the queue's name."""
        urls = {
            "event": self.event_dead_letter_queue_url,
            "actioniq": self.actioniq_dead_letter_queue_url,
            "braze": self.braze_dead_letter_queue_url,
            "export": self.export_dead_letter_queue_url,
            "audience": self.audience_dead_letter_queue_url,
        }
        return {url.rpartition("/")[2]: lane for lane, url in urls.items()}
