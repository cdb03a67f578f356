"""Settings of audience_plan."""

from dataclasses import dataclass

from bridge.settings import CommaList, Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanSettings(Settings):
    """`audience_plan`'s environment; sizes as DuckDB writes them, times in seconds."""

    stack_name: str
    installations_table: str
    runs_table: str
    deliveries_table: str
    export_bucket: str
    state_bucket: str
    export_queue_url: str
    audience_queue_url: str
    export_dead_letter_queue_url: str
    run_settle_seconds: int = 60
    part_rows: int = 7_500
    run_retention_days: int = 90
    snapshot_retention_days: int = 30
    approval_hide_seconds: int = 300
    lease_hide_seconds: int = 15
    extra_allowed_hosts: CommaList = ()
    lease_seconds: int = 60
    aws_lambda_function_memory_size: int = 2_048
