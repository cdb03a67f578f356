"""A journey's order as it comes in: checked as a whole before anything is looked up."""

import hashlib
import json
import re
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError

from bridge.errors import Problem
from bridge.flows import problems
from mapping.export import ColumnRule

MAX_ROWS = 1000

_ID = r"^[A-Za-z0-9-]{1,64}$"
_EXPORT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._=-]{0,127}")


def _read_moment(value: Any) -> Any:
    """A bare number would be taken for seconds since 1970, and 0 for a deadline long past."""
    try:
        return datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise PydanticCustomError("datetime_parsing", "a time is text: ISO 8601 with its zone") from None


Moment = Annotated[AwareDatetime, BeforeValidator(_read_moment)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, defer_build=True)


class _Settings(_Strict):
    @model_validator(mode="before")
    @classmethod
    def _is_whole_text(cls, given: Any) -> Any:
        """Half of a surrogate pair can neither be written to a file nor sent on."""
        try:
            json.dumps(given, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise PydanticCustomError("string_unicode", "a text holds half of a character") from None
        return given


class CampaignSettings(_Settings):
    """`send_before`: later than this nothing is sent any more; default one hour after the order.

    `send_to_existing_only: false` has Braze create who is unknown; the default is the installation's setting.
    """

    campaign_id: Annotated[str, Field(min_length=1, max_length=255)]
    send_before: Moment | None = None
    send_to_existing_only: StrictBool | None = None


class EventSettings(_Settings):
    """`event_name` holds for rows that name none of their own."""

    event_name: Annotated[str, Field(min_length=1, max_length=255)] | None = None
    send_before: Moment | None = None


class AudienceSettings(_Settings):
    """What a manifest says of a delta export; the split has no silent default."""

    audience_id: Annotated[str, Field(pattern=_ID)]
    split_id: Annotated[str, Field(pattern=_ID)]
    identifier: Literal["external_id", "braze_id"] = "external_id"
    attributes: dict[str, ColumnRule] = {}
    on_leave: Literal["false", "null"] = "false"
    update_existing_only: StrictBool | None = None
    time_zone: str = "UTC"
    send_before: Moment | None = None


class Order(_Strict):
    """The body of `POST /v1/activations`; rows are judged one by one, later."""

    activation_id: Annotated[str, Field(pattern=r"^[\x21-\x7e]{1,200}$")]
    kind: Literal["event", "campaign", "audience"]
    integration_id: Annotated[str, Field(min_length=1, max_length=64)]
    settings: dict[str, Any] = {}
    rows: Annotated[list[Any], Field(min_length=1, max_length=MAX_ROWS)]

    @property
    def digest(self) -> str:
        """The same for the same order, whatever the order of its keys."""
        text = json.dumps(self.model_dump(exclude={"activation_id"}), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def export_id(self) -> str:
        """The activation's id where it can stand in an object key, else a digest of it."""
        if _EXPORT_ID.fullmatch(self.activation_id):
            return self.activation_id
        return f"act_{hashlib.sha256(self.activation_id.encode()).hexdigest()[:24]}"


def read_order(document: Any) -> Order:
    """Raises Problem 400 for no object, 422 with one entry per field at fault."""
    if not isinstance(document, dict):
        raise Problem(400, "INVALID_BODY", "The body must be a JSON object.")
    return _checked(Order, document, "")


def settings_of[T: _Strict](model: type[T], order: Order) -> T:
    """The order's settings as its kind has them. Raises Problem 422."""
    return _checked(model, order.settings, "/settings")


def _checked[T: _Strict](model: type[T], value: dict[str, Any], where: str) -> T:
    try:
        return model.model_validate(value)
    except ValidationError as error:
        faults = error.errors(include_input=False, include_url=False, include_context=False)
        listed = [
            problems.at(where + "".join(f"/{part}" for part in fault["loc"]), fault["type"], fault["msg"])
            for fault in faults
        ]
        raise Problem(422, "INVALID_ACTIVATION", "The activation does not pass validation.", listed) from None
