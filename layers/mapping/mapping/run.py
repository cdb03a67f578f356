"""What is remembered of a run between its steps, and of an audience between its runs."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from mapping.export import ColumnType, RunKind, RunPlan

type RunStatus = Literal[
    "planning",
    "waiting_lease",
    "planned",
    "waiting_approval",
    "syncing",
    "committing",
    "done",
    "cancelled",
    "blocked",
    "stale",
]
type RunOrigin = Literal["export", "rollback", "reconcile", "repair", "joiners"]
ENDED: frozenset[RunStatus] = frozenset({"done", "cancelled", "blocked", "stale"})
STARTING: frozenset[RunStatus] = frozenset({"planning", "waiting_lease"})
DECIDED: frozenset[RunStatus] = frozenset({"planned", "waiting_approval"})


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class Halt(_Frozen):
    """Why a run ends early: what Braze accepted so far is still committed."""

    status: Literal["cancelled", "blocked"]
    reason: str
    detail: str = ""
    by: str = ""


class PlanRef(_Frozen):
    """The plan that was fixed: where `plan.json` lies and the sha256 of its bytes."""

    key: str
    sha256: str


class Reconciling(_Frozen):
    """What a reconcile is to look at (`sample`: how many people, None for all), and whether it mends what it finds."""

    sample: int | None = None
    repair: bool = False


class Run(_Frozen):
    """One wished state on its way; times are ISO 8601 UTC. `plan` holds no parts, `plan_ref` names the file that does.

    What is wished comes from an export, from the snapshot that the run `based_on` committed (`rollback`), or is
    what the reconcile `based_on` found to differ (`repair`); `key` is where it lies. A run of kind `reconcile`
    wishes nothing: it reads at Braze what the snapshot of the run `based_on` says.
    """

    id: str
    kind: RunKind
    integration_id: str
    export_id: str
    key: str
    etag: str
    status: RunStatus
    created_at: str
    audience_id: str | None = None
    split_id: str | None = None
    campaign_id: str | None = None
    origin: RunOrigin = "export"
    based_on: str | None = None
    ordered_by: str = ""
    reconcile: Reconciling | None = None
    mode: Literal["full", "delta"] = "full"
    exported_at: str | None = None
    attempt: int = 0
    plan: RunPlan | None = None
    plan_ref: PlanRef | None = None
    parts: int = 0
    parts_done: int = 0
    commits: int = 0
    queued: bool = False
    approved: tuple[str, ...] = ()
    approved_by: str = ""
    halt: Halt | None = None
    waits_on: str = ""
    waiting_since: str = ""
    updated_at: str = ""
    ended_at: str | None = None
    report_key: str | None = None
    result: dict[str, object] = {}

    @property
    def audience(self) -> str:
        """The key of what is synced: installation, audience and split."""
        return f"{self.integration_id}#{self.audience_id}#{self.split_id}"

    @property
    def takes_audience(self) -> bool:
        """Whether no other run of the audience may be under way beside it."""
        return self.kind in ("audience", "reconcile")

    @property
    def owner(self) -> str:
        """Whose a column is: the splits of an audience share their columns."""
        return f"{self.integration_id}#{self.audience_id}"

    @property
    def series(self) -> str:
        """What a run is one of many of: an audience's runs, or readings, a campaign's, all exports of events."""
        if self.kind == "reconcile":
            return f"{self.audience}#reconcile"
        if self.audience_id:
            return self.audience
        return f"{self.integration_id}#{f'campaign#{self.campaign_id}' if self.campaign_id else 'events'}"

    @property
    def ended(self) -> bool:
        """Nothing more happens to it, unless a stale run is approved."""
        return self.status in ENDED or (
            self.status == "planned" and self.plan is not None and self.plan.dry_run
        )


class Column(_Frozen):
    """An attribute of a snapshot or export: `name` is Braze's, `field` the name inside our own files."""

    name: str
    type: ColumnType
    field: str


class ColumnRecord(_Frozen):
    """What an installation first committed for an attribute, and which audiences (`Run.owner`) send it."""

    name: str
    type: ColumnType
    owners: tuple[str, ...] = ()


class Snapshot(_Frozen):
    """The last committed state of an audience: `version` counts commits, `prefix` says where its files lie.

    `unknown` counts people of the audience whom Braze does not know: they lie in a file of their own.
    `on_leave` and `update_existing_only` are how its run told Braze, so that a rollback tells it the same way.
    `before` is the prefix of the version it took the place of.
    `hashing` names the hash function that spread the rows over the partitions; another one means that
    every file has to be read for each partition.
    """

    version: int
    run_id: str
    prefix: str
    partitions: int = Field(ge=0)
    hashing: str
    identifier: Literal["external_id", "braze_id"]
    columns: tuple[Column, ...] = ()
    members: int = 0
    rows: int = 0
    unknown: int = 0
    exported_at: str = ""
    committed_at: str = ""
    data_points: tuple[int, ...] = ()
    on_leave: Literal["false", "null"] = "false"
    update_existing_only: bool | None = None
    before: str = ""

    @property
    def described_at(self) -> str:
        """The object that holds this description, beside the files."""
        return f"{self.prefix}snapshot.json"


type Ended = Literal["sent", "halted", "gave_up"]


class PartResult(_Frozen):
    """What became of one part: line numbers count from 0, written as ranges ("0-74,80").

    `unanswered` lines went out in a request without an answer: at Braze they may be there twice, or unseen by us.
    """

    part: int
    rows: int
    accepted: str = ""
    rejected: dict[str, str] = {}
    held: str = ""
    unanswered: str = ""
    requests: int = 0
    failed: dict[str, int] = {}
    ended: Ended = "sent"
    reason: str = ""
    started_at: str = ""
    ended_at: str = ""
