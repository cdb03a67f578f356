"""What the collect function is told."""

from dataclasses import dataclass

from bridge.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectSettings(Settings):
    """With `admin_token_secret` (an ARN) the first admin token may order activations too."""

    stack_name: str
    installations_table: str
    event_queue_url: str
    braze_queue_url: str
    export_bucket: str
    admin_token_secret: str = ""
