"""Every switch of the stand-in: which kind of Braze account it plays, and what goes wrong."""

from typing import Literal

from pydantic import Field

from local.standins.switches import Switches

type ForcedType = Literal["boolean", "number", "string", "time", "array", "object"]


class Modes(Switches):
    """One account's nature; every default is what Braze documents for a new account, without rate limits."""

    counting: bool = False
    """Count objects without reading them; /users/track only."""

    objects_rule: Literal["combined75", "per_array75", "combined50"] = "combined75"
    permission_status: Literal[401, 403] = 403
    error_shape: Literal["object", "string"] = "object"
    bad_field: Literal["object", "field"] = "object"
    """What one bad field costs: the whole object, or itself alone."""

    nothing_valid: Literal[201, 400] = 201
    skipped_counts: bool = True
    """Whether an update-only object for an unknown user is counted as processed."""

    rate_limit: Literal["none", "burst", "hourly"] = "none"
    burst_requests: int = Field(default=3_000, gt=0)
    burst_seconds: float = Field(default=3.0, gt=0)
    hourly_requests: int = Field(default=250_000, gt=0)
    clock_scale: float = Field(default=1.0, gt=0)
    """How much faster than real time hours and minutes pass for the limits; bursts stay real."""

    header_dialect: Literal["epoch", "delta", "none"] = "epoch"
    retry_after: Literal["auto", "none", "retry-after", "x-ratelimit-retry-after"] = "auto"

    export_onboarding: Literal["before", "after"] = "after"
    """Before or after 22 August 2024: `fields_to_export` needed, and which rate."""

    export_status: Literal[200, 201] = 201
    export_cap: Literal["combined", "per_list"] = "combined"
    braze_id_recipients: bool = True

    apply_delay: float = Field(default=0.0, ge=0)
    """Seconds between an accepted request and its effect on profiles."""

    apply_order: Literal["arrival", "random", "reverse"] = "arrival"
    forced_types: dict[str, ForcedType] = Field(default_factory=dict)
    blocklist: frozenset[str] = frozenset()
    blocked_external_ids: frozenset[str] = frozenset()
