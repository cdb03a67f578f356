"""Exports as ActionIQ puts them into the bucket, and the plan of the run that carries one out."""

import re
from datetime import UTC, datetime
from hashlib import sha256
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

type RunKind = Literal["audience", "campaign", "events", "reconcile"]
type ColumnType = Literal["string", "integer", "number", "boolean", "date", "time", "array", "object"]

_ID = r"[A-Za-z0-9-]{1,64}"
_INTEGRATION = r"(?P<integration_id>[A-Za-z0-9_-]{1,64})"
_AUDIENCE = rf"audience=(?P<audience_id>{_ID})/split=(?P<split_id>{_ID})"
_EXPORT = r"(?P<export_id>[A-Za-z0-9][A-Za-z0-9._=-]{0,127})"
_FILE = r"(?P<file>[^/\x00-\x1f\ud800-\udfff]{1,255})"
_SHAPES = (
    ("exports", "audience", re.compile(rf"exports/{_INTEGRATION}/{_AUDIENCE}/{_EXPORT}/{_FILE}")),
    (
        "exports",
        "campaign",
        re.compile(rf"exports/{_INTEGRATION}/campaign=(?P<campaign_id>{_ID})/{_EXPORT}/{_FILE}"),
    ),
    ("exports", "events", re.compile(rf"exports/{_INTEGRATION}/events/{_EXPORT}/{_FILE}")),
    ("drop", "audience", re.compile(rf"drop/{_INTEGRATION}/{_AUDIENCE}/{_FILE}")),
)
_FORMAT = re.compile(r"\.(?P<format>csv|jsonl|parquet)(?:\.(?P<compression>gz|zst))?$")


class InvalidExport(ValueError):
    """A key or manifest that cannot start a run; `code` is stable, `detail` is a sentence."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


def _in_utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


type Moment = Annotated[datetime, AfterValidator(_in_utc)]  # a time without a zone is UTC


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ExportKey(_Frozen):
    """What an object key says: whose export it belongs to, of what kind, and which file of it this is."""

    key: str
    origin: Literal["exports", "drop"]
    kind: RunKind
    integration_id: str
    audience_id: str | None = None
    split_id: str | None = None
    campaign_id: str | None = None
    export_id: str
    file: str

    @classmethod
    def parse(cls, key: str) -> Self:
        """A decoded object key (S3 notifications percent-encode theirs); raises `InvalidExport`."""
        for origin, kind, shape in _SHAPES:
            if found := shape.fullmatch(key):
                names = found.groupdict() | {"key": key, "origin": origin, "kind": kind}
                return cls.model_validate({"export_id": found["file"]} | names)
        raise InvalidExport("bad_key", "the key is not one of the documented export paths")

    @property
    def starts_run(self) -> bool:
        """A manifest starts a run; so does any file that was dropped without one."""
        return self.origin == "drop" or self.file == "manifest.json"

    @property
    def prefix(self) -> str:
        """The export's own folder, with its closing slash."""
        return self.key[: -len(self.file)]


class ExportPart(_Frozen):
    """One file of an export; `key` is the full object key, `sha256` is of the stored bytes."""

    key: str = Field(min_length=1, max_length=1024)
    rows: Annotated[int, Field(ge=0)] | None = None
    sha256: Annotated[str, Field(pattern=r"^[0-9a-fA-F]{64}$")] | None = None


class ColumnRule(_Frozen):
    """What a column is called at Braze and what its values are, where the file's own word is not enough."""

    name: Annotated[str, Field(min_length=1)] | None = None
    type: ColumnType | None = None


class Manifest(_Frozen):
    """The last file of an export: only `parts` is required, and an unknown field is an error, not a guess."""

    parts: tuple[ExportPart, ...]
    mode: Literal["full", "delta"] = "full"
    identifier: Literal["external_id", "braze_id"] = "external_id"
    exported_at: Moment | None = None
    attributes: dict[str, ColumnRule] = {}
    on_leave: Literal["false", "null"] = "false"
    update_existing_only: bool | None = None
    send_to_existing_only: bool | None = None
    time_zone: str = "UTC"
    dry_run: bool = False
    send_before: Moment | None = None

    @model_validator(mode="after")
    def _parts_are_distinct(self) -> Self:
        if len({part.key for part in self.parts}) != len(self.parts):
            raise ValueError("a part is listed twice")
        return self

    def check(self, manifest: ExportKey) -> None:
        """Every part lies beside its manifest and can be read; raises `InvalidExport`."""
        for part in self.parts:
            name = part.key.removeprefix(manifest.prefix)
            if name == part.key or not name or "/" in name:
                raise InvalidExport("foreign_part", "a part lies outside its export's own folder")
            file_format(part.key)


def file_format(key: str) -> tuple[str, str | None]:
    """Format (csv, jsonl, parquet) and compression (gz, zst) a file name declares; raises `InvalidExport`."""
    found = _FORMAT.search(key)
    if found is None or (found["format"] == "parquet" and found["compression"]):
        raise InvalidExport("bad_format", "a part is .csv, .jsonl (each maybe .gz or .zst) or .parquet")
    return found["format"], found["compression"]


class PartRef(_Frozen):
    """One planned part in wire form: JSON Lines, one Braze object a line; numbers start at 1."""

    number: int = Field(ge=1)
    key: str
    rows: int = Field(ge=0)
    sha256: str


class Wait(_Frozen):
    """Why a run waits for a person: a stable code, a sentence, and how many rows it concerns."""

    code: str
    detail: str
    count: int = 0


class RunPlan(_Frozen):
    """`plan.json`: fixed once by a conditional write; from then on nothing is planned again."""

    run_id: str
    integration_id: str
    kind: RunKind
    export_id: str
    attempt: int = Field(ge=1)
    audience_id: str | None = None
    split_id: str | None = None
    campaign_id: str | None = None
    identifier: Literal["external_id", "braze_id"] = "external_id"
    mode: Literal["full", "delta"] = "full"
    exported_at: str
    send_before: str | None = None
    dry_run: bool = False
    parts: tuple[PartRef, ...] = ()
    members: int = 0
    joined: int = 0
    left: int = 0
    changed: int = 0
    unchanged: int = 0
    rejected: int = 0
    data_points: int = 0
    requests: int = 0
    attributes: dict[str, int] = {}
    waits_for: tuple[Wait, ...] = ()
    warnings: tuple[str, ...] = ()
    old_version: str | None = None
    details: dict[str, Any] = {}


def run_id(key: str, etag: str) -> str:
    """One run per export path and manifest version, however often its notification arrives."""
    return "run_" + sha256(f"{key}\n{etag.strip('"')}".encode()).hexdigest()[:24]
