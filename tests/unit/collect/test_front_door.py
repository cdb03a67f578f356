"""Paths, methods, preflights, the pixel, the browser SDK's settings, and the one error body."""

import base64
import json

import pytest

from bridge.errors import Problem, Retryable
from bridge.flows.events.front_door import for_route
from bridge.flows.events.gateway import answer_problem
from bridge.flows.events.pixel import IMAGE
from bridge.flows.problems import unexpected
from tests.unit.collect.builders import (
    BROWSER_KEY,
    SERVER_KEY,
    Door,
    FakeSource,
    FakeSources,
    example,
    request,
    track,
)
from tests.unit.collect.conftest import Post


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/v1/nothing"),
        ("POST", "/v1/admin/sources/"),
        ("GET", "/v1/admin/integrations/"),
        ("GET", "/v1/pixel/batch"),
        ("GET", "/v1/pixel/nothing"),
        ("OPTIONS", "/v1/admin/sources"),
        ("GET", "/v1/projects/x"),
    ],
)
def test_everything_else_is_our_404(door: Door, method: str, path: str) -> None:
    reply = door(request(method, path))
    assert (reply.status, reply.json["code"]) == (404, "NOT_FOUND")
    assert reply.headers["Content-Type"] == "application/problem+json"


def test_the_example_of_an_unknown_path_is_404(door: Door) -> None:
    assert door(example("collect.unknown_path.json")).status == 404


@pytest.mark.parametrize("path", ["/v1/batch", "/v1/t", "/v1/events", "/v1/activations"])
def test_a_known_path_with_another_method_is_405_and_names_its_own(door: Door, path: str) -> None:
    reply = door(request("GET", path))
    assert (reply.status, reply.headers["Allow"]) == (405, "POST")


def test_the_api_describes_itself_to_anyone(door: Door) -> None:
    reply = door(request("GET", "/v1/openapi.json", key=None))
    assert (reply.status, reply.json) == (200, {"openapi": "3.1.0"})
    assert reply.headers["Access-Control-Allow-Origin"] == "*"
    assert door(request("POST", "/v1/openapi.json")).headers["Allow"] == "GET"


def test_a_named_stage_in_front_of_the_path_is_no_part_of_it(door: Door) -> None:
    event = request("POST", "/prod/v1/t", track())
    event["requestContext"]["stage"] = "prod"
    assert door(event).status == 200


def test_an_error_satisfies_problem_json_signals_envelope_and_the_sdks(post: Post) -> None:
    body = post("/v1/batch", "{").json
    assert body.keys() == {
        "type", "title", "status", "detail", "instance", "code", "message", "errors", "error"
    }  # fmt: skip
    assert body["error"] == {"code": body["code"], "message": body["message"]}
    assert (body["title"], body["status"], body["instance"]) == ("Bad Request", 400, "/v1/batch")


@pytest.mark.parametrize(
    "path", ["/v1/t", "/v1/b", "/v1/batch/", "/v1/pixel/track", "/v1/projects/x/settings"]
)
def test_a_preflight_lets_the_browser_sdk_through(door: Door, path: str) -> None:
    reply = door(request("OPTIONS", path, key=None))
    assert reply.status == 204
    assert reply.headers["Access-Control-Allow-Origin"] == "*"
    assert "POST" in reply.headers["Access-Control-Allow-Methods"]
    allowed = reply.headers["Access-Control-Allow-Headers"].split(", ")
    assert {"authorization", "content-type", "x-retry-count"} <= set(allowed)


def test_the_example_preflight_passes(door: Door) -> None:
    assert door(example("collect.preflight.json")).status == 204


def test_a_page_may_read_every_answer_of_its_paths_also_the_bad_ones(post: Post) -> None:
    replies = [post("/v1/t", track()), post("/v1/t", "{"), post("/v1/t", track(), key="dk_wrong")]
    assert [reply.status for reply in replies] == [200, 400, 401]
    assert all(reply.headers["Access-Control-Allow-Origin"] == "*" for reply in replies)


def test_other_origins_are_not_let_into_activations_and_signed_events(post: Post) -> None:
    for path in ("/v1/activations", "/v1/events"):
        assert "Access-Control-Allow-Origin" not in post(path, {}).headers


def test_the_settings_point_the_browser_sdk_back_at_this_host(door: Door) -> None:
    reply = door(example("collect.sdk_settings.json"))
    assert reply.json["integrations"]["Segment.io"] == {
        "apiKey": SERVER_KEY,
        "apiHost": "api.example.com/v1",
        "protocol": "https",
    }


@pytest.mark.parametrize(
    ("host", "protocol"),
    [
        ("localhost:8084", "http"),
        ("127.0.0.1", "http"),
        ("[::1]:8084", "http"),
        ("0a1b2c3d.execute-api.localhost:4566", "http"),
        ("localhost.example.com", "https"),
        ("notlocalhost", "https"),
    ],
)
def test_only_on_this_machine_do_the_settings_say_http(door: Door, host: str, protocol: str) -> None:
    path = f"/v1/projects/{BROWSER_KEY}/settings"
    destination = door(request("GET", path, key=None, headers={"host": host})).json["integrations"][
        "Segment.io"
    ]
    assert (destination["apiHost"], destination["protocol"]) == (f"{host}/v1", protocol)


@pytest.mark.parametrize(
    ("host", "told"),
    [
        ("0a1b2c3d.execute-api.localhost:4566", "localhost:8084/v1"),
        ("api.example.com", "api.example.com/v1"),
    ],
)
def test_only_on_this_machine_is_a_front_believed(door: Door, host: str, told: str) -> None:
    headers = {"host": host, "x_forwarded_host": "localhost:8084"}
    reply = door(request("GET", f"/v1/projects/{BROWSER_KEY}/settings", key=None, headers=headers))
    assert reply.json["integrations"]["Segment.io"]["apiHost"] == told


def test_settings_of_an_unknown_key_are_401(door: Door) -> None:
    assert door(request("GET", "/v1/projects/dk_nobody/settings", key=None)).status == 401


def test_the_pixel_takes_fields_from_its_query_and_answers_with_an_image(door: Door) -> None:
    reply = door(example("collect.pixel.json"))
    assert (reply.status, reply.headers["Content-Type"]) == (200, "image/gif")
    assert base64.b64decode(reply.raw["body"]) == IMAGE
    (event,) = door.queue.events
    assert (event["type"], event["event"], event["userId"]) == ("track", "Email Opened", "user-1")
    assert event["properties"] == {"campaign": "spring"}


@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_the_pixel_takes_a_whole_event_as_base64(door: Door, encode: object) -> None:
    assert callable(encode)
    data = encode(json.dumps(track(properties={"q": "ÿþ?>"})).encode()).decode().rstrip("=")
    query = f"writeKey={SERVER_KEY}&data={data.replace('+', '%2B')}"
    assert door(request("GET", "/v1/pixel/track", key=None, query=query)).status == 200
    assert door.queue.events[0]["properties"] == {"q": "ÿþ?>"}


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("event=E&userId=u", 401),
        (f"writeKey={SERVER_KEY}&event=E", 400),
        (f"writeKey={SERVER_KEY}&data=%25%25", 400),
        (f"writeKey={SERVER_KEY}&data=WzFd", 400),
    ],
)
def test_a_bad_pixel_gets_an_error_and_no_image(door: Door, query: str, status: int) -> None:
    assert door(request("GET", "/v1/pixel/track", key=None, query=query)).status == status
    assert all(not document["batch"] for document in door.queue.documents)


def test_an_answer_made_outside_the_door_can_still_be_read_by_a_page() -> None:
    answer = answer_problem(unexpected(), "/v1/t")
    assert for_route(answer, "/v1/t")["headers"]["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Origin" not in for_route(answer, "/v1/events")["headers"]


def test_503_when_keys_cannot_be_looked_up(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(_self: FakeSources, _key: str) -> FakeSource:
        raise Retryable("table_unavailable")

    monkeypatch.setattr(FakeSources, "by_write_key", away)
    assert door(request("POST", "/v1/t", track())).status == 503


@pytest.mark.parametrize(("status", "told"), [(429, True), (503, True), (400, False), (500, False)])
def test_whoever_is_to_come_again_is_told_when_in_whole_seconds(status: int, told: bool) -> None:
    answer = answer_problem(Problem(status, "CODE", "A sentence."), "/v1/batch")
    wait = answer.headers.get("Retry-After", "")
    assert wait.isdecimal() == told
    assert not told or 1 <= int(wait) <= 300
