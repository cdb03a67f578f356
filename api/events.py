"""The event API: SDKs, signed servers, pixels, the SDK's settings, and journeys' orders."""

from collections.abc import Iterator
from typing import Any

from api.operation import Answer, Operation, in_path, query
from api.problems import refusals
from api.shapes import Schema, anything, array, mapping, nullable, of_model, one_of, record, ref, text, whole
from bridge.flows.events.collect import MAX_EVENTS
from bridge.flows.events.decode import MAX_BODY_BYTES
from bridge.flows.events.frames import MAX_EVENT_BYTES
from bridge.flows.events.front_door import (
    ACTIVATIONS_PATH,
    DESCRIPTION_PATH,
    EVENT_PATHS,
    PIXEL_PREFIX,
    SETTINGS_PREFIX,
    SETTINGS_SUFFIX,
    SIGNED_PATH,
)
from bridge.flows.events.orders import AudienceSettings, CampaignSettings, EventSettings, Order
from mapping.event import MAX_MESSAGE_ID, TYPES

GATEWAY = (413, 429, 500, 503)
REFUSES = (400, 401, 403, 405, 413, 500, 503)

WRITE_KEY: tuple[dict[str, list[str]], ...] = ({"writeKeyBasic": []}, {"writeKeyBearer": []}, {})
SIGNED: dict[str, list[str]] = {"writeKeyBearer": [], "signature": [], "signatureTime": []}

TRACK = {
    "type": "track",
    "event": "Order Completed",
    "userId": "user-42",
    "messageId": "0f8fad5b-d9cb-469f-a165-70867728950e",
    "timestamp": "2026-11-20T12:34:56.789Z",
    "properties": {"order_id": "o-1001", "total": 59.9, "currency": "EUR"},
    "context": {"page": {"url": "https://shop.example/checkout"}},
}
PAGE = {"type": "page", "name": "Home", "anonymousId": "a-1", "properties": {"url": "https://shop.example/"}}
IDENTIFY = {"type": "identify", "userId": "user-42", "traits": {"email": "ada@example.com", "plan": "gold"}}
EXAMPLES = {
    "track": TRACK,
    "page": PAGE,
    "identify": IDENTIFY,
    "screen": {"type": "screen", "name": "Basket", "userId": "user-42"},
    "group": {
        "type": "group",
        "userId": "user-42",
        "groupId": "company-7",
        "traits": {"name": "Analytical Engines"},
    },
    "alias": {"type": "alias", "userId": "user-42", "previousId": "a-1"},
}
ORDER = {
    "activation_id": "journey-7-step-2-0001",
    "kind": "campaign",
    "integration_id": "int_3f9c0a4be1d27c58b6a0f1e2",
    "settings": {"campaign_id": "e5c6d2f0-4a3b-4b8e-9d51-0d8a6f3c2b11"},
    "rows": [{"external_id": "user-42", "first_name": "Ada"}],
}


def operations() -> Iterator[Operation]:
    """Every route that is not behind the admin authorizer."""
    for path, kind in EVENT_PATHS.items():
        yield _single(path, kind) if kind else _batch(path)
    yield _signed()
    yield _pixel()
    yield _settings()
    yield _activations()
    yield _description()


def schemas() -> dict[str, Schema]:
    """What the event API takes and gives."""
    order, others = of_model(Order)
    settings: dict[str, Schema] = {}
    for model in (CampaignSettings, EventSettings, AudienceSettings):
        made, more = of_model(model)
        settings |= {model.__name__: made} | more
    kinds = [ref(model.__name__) for model in (CampaignSettings, EventSettings, AudienceSettings)]
    order["properties"]["settings"] = {"anyOf": kinds, "description": "As its `kind` has them."}
    row = {
        "type": "object",
        "description": "One of `external_id` and `braze_id`; everything else is a column.",
    }
    order["properties"]["rows"] |= {
        "items": row,
        "description": "Judged one by one: a bad row is named, not fatal.",
    }
    return {
        **_events(),
        **_answers(),
        "Activation": order,
        **settings,
        **others,
    }


def _events() -> dict[str, Schema]:
    identifier: Schema = {"type": ["string", "integer", "null"], "description": "Blank is absent."}
    free: Schema = {"type": ["object", "null"]}
    time = nullable(text("ISO 8601; without a zone it is UTC.", format="date-time"))
    event: Schema = {
        "type": "object",
        "description": f"A canonical Signal event, at most {MAX_EVENT_BYTES} bytes. Unknown members are ignored. "
        "One of `userId`, `anonymousId` and `context.braze_id` is needed, and a track event needs `event`.",
        "properties": {
            "type": nullable(
                one_of(*sorted(TYPES), description="The path says it where the event does not.")
            ),
            "event": anything("The name of a track event: a string that is not blank."),
            "name": anything("The name of a page or screen."),
            "userId": identifier,
            "anonymousId": identifier,
            "groupId": identifier,
            "previousId": identifier,
            "properties": free,
            "traits": free,
            "context": {**free, "description": "`ip` is filled in for browsers, and where `direct` is true."},
            "integrations": free,
            "timestamp": time,
            "originalTimestamp": anything("The time of an event that has no `timestamp`, in the same form."),
            "sentAt": anything("The client's clock at sending, to correct `timestamp` with."),
            "messageId": {
                "type": ["string", "integer", "null"],
                "maxLength": MAX_MESSAGE_ID,
                "description": "Two events of one id are one event.",
            },
            "writeKey": anything("The write key, where no header carries it."),
        },
    }
    typed = {**event, "required": ["type"], "properties": {**event["properties"]}}
    typed["properties"]["type"] = one_of(*sorted(TYPES))
    batch: Schema = {
        "type": "object",
        "description": f"At most {MAX_EVENTS} events and {MAX_BODY_BYTES} bytes, before and after gunzip.",
        "required": ["batch"],
        "properties": {
            "batch": array(
                ref("TypedEvent"), "Judged one by one: a bad one is named, not fatal.", maxItems=MAX_EVENTS
            ),
            "context": anything("Laid under each event's own `context`."),
            "integrations": anything("Laid under each event's own `integrations`."),
            "sentAt": anything("For events that say none of their own."),
            "writeKey": anything("The write key, where no header carries it."),
        },
    }
    return {
        "Event": event,
        "TypedEvent": typed,
        "Batch": batch,
        "EventOrBatch": {"anyOf": [ref("Batch"), ref("TypedEvent")]},
    }


def _answers() -> dict[str, Schema]:
    accepted = {
        "success": {"const": True},
        "accepted": whole("How many events are queued.", minimum=0, maximum=MAX_EVENTS),
        "errors": array(ref("EventFault"), "Events of a batch that were refused."),
    }
    destination = record({"apiKey": text(), "apiHost": text(), "protocol": text()})
    sdk = {
        "integrations": record({"Segment.io": destination}),
        "plan": mapping(anything("Which events are on.")),
        "metrics": record({"sampleRate": whole()}),
    }
    row = record({"index": whole(minimum=0), "reason": text("A stable code.")})
    done = {
        "activation_id": text(),
        "accepted": whole("Rows that go on their way.", minimum=0),
        "rejected": array(row, "The others."),
    }
    return {
        "Accepted": record(accepted),
        "SdkSettings": record(sdk, "Where the browser SDK is to send, and with which key."),
        "ActivationResult": record(done),
        "Description": {**record({"openapi": text()}), "additionalProperties": True},
        "Image": {"type": "string", "description": "One transparent pixel."},
    }


def _single(path: str, kind: str) -> Operation:
    short = len(path) == len("/v1/t")
    return Operation(
        "POST",
        path,
        f"{kind}Short" if short else kind,
        f"One {kind} event" + (f", as {path.replace(path[-1], kind)}" if short else ""),
        "Events",
        {200: _accepted()},
        refusals(*REFUSES, gateway=GATEWAY),
        description="A body's own `type` wins over the path.",
        body="Event",
        examples={kind: EXAMPLES[kind]},
        security=WRITE_KEY,
    )


def _batch(path: str) -> Operation:
    return Operation(
        "POST",
        path,
        {"/v1/batch": "batch", "/v1/b": "batchShort", "/v1/import": "importEvents"}[path],
        "Many events" + ("" if path == "/v1/batch" else ", as /v1/batch"),
        "Events",
        {200: _accepted()},
        refusals(*REFUSES, gateway=GATEWAY),
        description="gzip is known by its first bytes, whatever the headers say.",
        body="Batch",
        examples={"two events": {"batch": [TRACK, IDENTIFY], "sentAt": "2026-11-20T12:34:57.000Z"}},
        security=WRITE_KEY,
    )


def _signed() -> Operation:
    return Operation(
        "POST",
        SIGNED_PATH,
        "signedEvents",
        "One event or a batch, signed by a server source",
        "Events",
        {200: _accepted()},
        refusals(*REFUSES, gateway=GATEWAY),
        description="`X-Signature` is `sha256=` and the hex HMAC-SHA256 of `<X-Timestamp>.<raw body>` "
        "under the source's secret; the time may be 5 minutes off. Any other event path takes a signature too.",
        body="EventOrBatch",
        examples={"track": TRACK},
        security=(SIGNED,),
    )


def _pixel() -> Operation:
    kinds = [path.removeprefix("/v1/") for path, kind in EVENT_PATHS.items() if kind]
    image = Answer("Queued.", "Image", "image/gif", {"Cache-Control": {"schema": {"const": "no-store"}}})
    named = [
        query(name, text()) for name in ("event", "name", "userId", "anonymousId", "groupId", "messageId")
    ]
    return Operation(
        "GET",
        PIXEL_PREFIX + "{type}",
        "pixel",
        "One event out of an image's address",
        "Events",
        {200: image},
        refusals(400, 401, 404, 405, 500, 503, gateway=(429, 500, 503)),
        description="`properties.<name>` and `traits.<name>` may follow in the query.",
        parameters=(
            {**in_path("type", ""), "schema": one_of(*kinds)},
            query("data", text(), description="The whole event as base64 JSON, instead of the others."),
            *named,
            query("timestamp", text(), description="ISO 8601."),
        ),
        security=({"writeKeyQuery": []},),
    )


def _settings() -> Operation:
    return Operation(
        "GET",
        f"{SETTINGS_PREFIX}{{writeKey}}{SETTINGS_SUFFIX}",
        "sdkSettings",
        "What the browser SDK asks for before it sends",
        "Events",
        {200: Answer("The SDK sends to the host it asked.", "SdkSettings")},
        refusals(401, 405, 500, 503, gateway=(429, 500, 503)),
        parameters=(in_path("writeKey", "The source's write key.", pattern="^[0-9A-Za-z_-]+$"),),
        security=({},),
    )


def _activations() -> Operation:
    return Operation(
        "POST",
        ACTIVATIONS_PATH,
        "activate",
        "A journey's order: trigger a campaign, send events, or change an audience",
        "Activations",
        {
            202: Answer(
                "On its way. The same order again: the same answer, nothing sent twice.",
                "ActivationResult",
            )
        },
        refusals(*REFUSES, 404, 409, 422, gateway=GATEWAY),
        description="Needs the role activator, editor or admin, or a signature; never a write key alone.",
        body="Activation",
        examples={"campaign": ORDER},
        security=({"adminToken": []}, SIGNED),
        extensions={"x-required-role": "activator"},
    )


def _description() -> Operation:
    return Operation(
        "GET",
        DESCRIPTION_PATH,
        "description",
        "This document",
        "About",
        {200: Answer("OpenAPI 3.1.", "Description")},
        refusals(405, 500, gateway=(429, 500, 503)),
        security=({},),
    )


def _accepted() -> Answer:
    return Answer("Exactly 200: some SDKs resend on any other 2xx.", "Accepted", example=_EXAMPLE)


_EXAMPLE: dict[str, Any] = {"success": True, "accepted": 1, "errors": []}
