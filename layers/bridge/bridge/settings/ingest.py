"""What the ingest function is told."""

from bridge.settings import Settings


class IngestSettings(Settings):
    """Routing and packing."""

    installations_table: str
    deliveries_table: str
    state_bucket: str
    actioniq_queue_url: str
    braze_queue_url: str
    event_dead_letter_queue_url: str
