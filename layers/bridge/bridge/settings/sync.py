"""Settings of audience_sync."""

from dataclasses import dataclass

from bridge.settings import CommaList, Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncSettings(Settings):
    """`audience_sync`'s environment; `requests_in_flight` is the most of a worker, a dead one costs `lease_seconds`.

    `longest_retry_seconds` is the most between two attempts at a part; less makes five attempts end sooner.
    """

    stack_name: str
    installations_table: str
    deliveries_table: str
    runs_table: str
    state_bucket: str
    audience_queue_url: str
    export_queue_url: str
    audience_dead_letter_queue_url: str
    braze_dead_letter_queue_url: str
    extra_allowed_hosts: CommaList = ()
    claim_days: int = 7
    run_retention_days: int = 90
    requests_in_flight: int = 256
    lease_seconds: int = 60
    longest_retry_seconds: int = 14_400
