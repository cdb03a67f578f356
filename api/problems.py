"""Answers that are no success: our own body, and the one the gateway makes without asking us."""

from http import HTTPStatus

from api.shapes import Schema, anything, array, record, text, whole

PROBLEM_TYPE = "application/problem+json"

MEANINGS = {
    400: "The body, or what the query says, cannot be read or is not what is asked for.",
    401: "Nobody is let in with this key, token or signature.",
    403: "The caller is known and may not do this.",
    404: "There is no such thing.",
    405: "The path takes another method; `Allow` names it.",
    409: "It clashes with what is there.",
    413: "The body is too long.",
    422: "Well formed, but not valid: `errors` has one entry per field at fault.",
    429: "Too many requests: wait as long as `Retry-After` says where it is given, else back off.",
    500: "Something failed on our side; the log has the request id.",
    503: "Try again shortly; nothing was taken, or not everything.",
}

GATEWAY_MESSAGES = {
    401: "Unauthorized",
    403: "Forbidden",
    413: "Request Entity Too Large",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
}
"""What API Gateway says by itself: before a function is asked, or when none answers in time."""


def problem_schemas() -> dict[str, Schema]:
    """`Problem`, `FieldFault`, `EventFault` and `GatewayMessage`."""
    field = record(
        {"pointer": text("JSON pointer into what was sent."), "code": text(), "detail": text()},
        "A field at fault.",
    )
    event = record(
        {"index": whole("Position in the request.", minimum=0), "code": text(), "message": text()},
        "An event that was not taken.",
    )
    problem = record(
        {
            "type": text("Always `about:blank`."),
            "title": text("The status in words."),
            "status": whole(minimum=400, maximum=599),
            "detail": text("A sentence for a person."),
            "instance": text("The path that was asked for."),
            "code": text("Stable, for programs.", pattern="^[A-Z][A-Z0-9_]*$"),
            "message": text("The same as `detail`, where SDKs look for it."),
            "errors": array({"anyOf": [{"$ref": _at("FieldFault")}, {"$ref": _at("EventFault")}]}),
            "error": record({"code": text(), "message": text()}, "The same in Signal's envelope."),
            "success": {"const": False, "description": "Event API, 503."},
            "accepted": whole("Event API, 503: how many events were queued all the same.", minimum=0),
            "test": {"$ref": _at("CheckReport"), "description": "A tested install that was not saved."},
        },
        "One body for three readers: RFC 9457, Signal's envelope, and the event SDKs.",
        optional=("success", "accepted", "test"),
    )
    gateway = record({"message": anything("")}, "Made by API Gateway itself; it cannot be changed there.")
    gateway["properties"]["message"] = {"type": ["string", "null"]}
    return {"Problem": problem, "FieldFault": field, "EventFault": event, "GatewayMessage": gateway}


def refusals(*statuses: int, gateway: tuple[int, ...] = ()) -> dict[str, Schema]:
    """The answers an operation may refuse with: `statuses` are ours, `gateway` the gateway's."""
    every = sorted({*statuses, *gateway})
    return {str(status): {"$ref": _response(status, statuses, gateway)} for status in every}


def responses() -> dict[str, Schema]:
    """Every refusal there is, under the name `refusals` gives it: ours, the gateway's, or either."""
    made: dict[str, Schema] = {}
    for status in MEANINGS:
        made[_name(status, "")] = _answer(status, ours=True, gateways=False)
        if status in GATEWAY_MESSAGES:
            made[_name(status, "OrGateway")] = _answer(status, ours=True, gateways=True)
            made[_name(status, "ByGateway")] = _answer(status, ours=False, gateways=True)
    return made


def _answer(status: int, *, ours: bool, gateways: bool) -> Schema:
    content: Schema = {}
    if ours:
        content[PROBLEM_TYPE] = {"schema": {"$ref": _at("Problem")}}
    if gateways:
        content["application/json"] = {
            "schema": {"$ref": _at("GatewayMessage")},
            "example": {"message": GATEWAY_MESSAGES[status]},
        }
    made: Schema = {"description": MEANINGS[status], "content": content}
    if ours and status in {429, 503}:
        wait = {
            "description": "Whole seconds; not set by the gateway.",
            "schema": whole(minimum=1, maximum=300),
        }
        made["headers"] = {"Retry-After": wait}
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        made["headers"] = {"Allow": {"description": "The methods the path takes.", "schema": text()}}
    return made


def _response(status: int, ours: tuple[int, ...], gateway: tuple[int, ...]) -> str:
    suffix = "" if status not in gateway else "OrGateway" if status in ours else "ByGateway"
    return f"#/components/responses/{_name(status, suffix)}"


def _name(status: int, suffix: str) -> str:
    return HTTPStatus(status).name.title().replace("_", "") + suffix


def _at(name: str) -> str:
    return f"#/components/schemas/{name}"
