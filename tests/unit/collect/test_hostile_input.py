"""What no SDK would send and somebody will: every path, every place of a key, every odd header, body and number."""

import base64
import gzip
import json
from typing import Any

import pytest

from bridge.flows.events.front_door import EVENT_PATHS
from tests.unit.collect.builders import BROWSER_KEY, SERVER_KEY, TEST_KEY, Door, request, track
from tests.unit.collect.conftest import Post

EMPTY = b'{"batch":[]}'
SINGLE = {path: kind for path, kind in EVENT_PATHS.items() if kind}
BATCHES = [path for path, kind in EVENT_PATHS.items() if kind is None]


def basic(user: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:".encode()).decode()


def event_of(kind: str) -> dict[str, Any]:
    return {"userId": "u-1", "messageId": "m-1"} | ({"event": "Order Completed"} if kind == "track" else {})


# ------------------------------------------------------------------ paths


@pytest.mark.parametrize("slash", ["", "/", "//"])
@pytest.mark.parametrize(("path", "kind"), SINGLE.items())
def test_a_single_event_is_taken_with_and_without_a_trailing_slash(
    door: Door, post: Post, path: str, kind: str, slash: str
) -> None:
    assert post(path + slash, event_of(kind)).json == {"success": True, "accepted": 1, "errors": []}
    assert door.queue.events[0]["type"] == kind


@pytest.mark.parametrize("path", BATCHES)
def test_a_batch_is_taken_with_a_trailing_slash(post: Post, path: str) -> None:
    assert post(f"{path}/", {"batch": [track()]}).json["accepted"] == 1


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("path", [*EVENT_PATHS, "/v1/pixel/track", f"/v1/projects/{BROWSER_KEY}/settings"])
def test_every_path_of_the_sdks_answers_a_preflight(door: Door, path: str, slash: str) -> None:
    asked = {"origin": "https://shop.example", "access-control-request-headers": "authorization,content-type"}
    reply = door(request("OPTIONS", path + slash, key=None, headers=asked))
    assert (reply.status, reply.raw["body"]) == (204, "")
    assert reply.headers["Access-Control-Allow-Origin"] == "*"
    allowed = reply.headers["Access-Control-Allow-Headers"].split(", ")
    assert {"authorization", "content-type", "x-retry-count"} <= set(allowed)
    assert "POST" in reply.headers["Access-Control-Allow-Methods"]


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "HEAD", "TRACE", "BREW"])
@pytest.mark.parametrize("path", ["/v1/batch", "/v1/t"])
def test_any_other_method_is_a_405(door: Door, method: str, path: str) -> None:
    assert door(request(method, path, track())).status == 405
    assert door.queue.bodies == []


@pytest.mark.parametrize(
    "path",
    [
        "//v1/batch",
        "/v1//batch",
        "/v1/batch/..",
        "/v1/./batch",
        "/V1/BATCH",
        "/v1/batch;a",
        "/v1%2Fbatch",
        "",
        "/v1/é",
    ],
)
def test_a_path_that_is_almost_one_of_ours_is_a_404_and_never_a_redirect(door: Door, path: str) -> None:
    assert door(request("POST", path, {"batch": [track()]})).status == 404
    assert door.queue.bodies == []


# ------------------------------------------------------------------ keys


@pytest.mark.parametrize(
    ("header", "in_the_body", "source"),
    [
        (basic(SERVER_KEY), TEST_KEY, "src_server"),
        (f"Bearer {SERVER_KEY}", TEST_KEY, "src_server"),
        (f"bearer {SERVER_KEY}", TEST_KEY, "src_server"),
        ("Bearer an-oauth-token", SERVER_KEY, "src_server"),
        (None, SERVER_KEY, "src_server"),
        (basic(""), SERVER_KEY, "src_server"),
    ],
)
@pytest.mark.parametrize("path", ["/v1/batch", "/v1/t"])
def test_the_key_is_looked_for_in_basic_then_bearer_then_the_body(
    door: Door, path: str, header: str | None, in_the_body: str, source: str
) -> None:
    body = {"batch": [track()]} if path == "/v1/batch" else track()
    headers = {"authorization": header} if header else {}
    reply = door(request("POST", path, body | {"writeKey": in_the_body}, key=None, headers=headers))
    assert reply.status == 200
    assert door.queue.documents[0]["source_id"] == source


@pytest.mark.parametrize("header", [basic("dk_live_wrong"), "Bearer dk_live_wrong"])
def test_a_wrong_key_in_a_header_is_not_made_good_by_the_body(door: Door, header: str) -> None:
    body = {"batch": [track()], "writeKey": SERVER_KEY}
    reply = door(request("POST", "/v1/batch", body, key=None, headers={"authorization": header}))
    assert (reply.status, reply.json["code"], door.queue.bodies) == (401, "INVALID_WRITE_KEY", [])


def test_the_query_carries_a_key_for_the_pixel_alone(door: Door) -> None:
    query = f"writeKey={SERVER_KEY}&event=Opened&userId=u"
    assert door(request("POST", "/v1/batch", {"batch": [track()]}, key=None, query=query)).status == 401
    assert door(request("GET", "/v1/pixel/track", key=None, query=query)).status == 200
    assert door(request("GET", "/v1/pixel/track", query="event=Opened&userId=u")).status == 401


@pytest.mark.parametrize("key", [7, ["dk"], {"a": 1}, True, "", " ", "\x00", "é", "x" * 300])
def test_a_key_that_is_no_key_is_a_401(post: Post, key: Any) -> None:
    assert post("/v1/batch", {"batch": [track()], "writeKey": key}, key=None).status == 401


# ------------------------------------------------------------------ headers


@pytest.mark.parametrize(
    "authorization",
    [
        "Basic",
        "Basic ",
        "Basic =",
        "Basic é",
        "Basic \x00",
        "Basic ////",
        f"{basic(SERVER_KEY)}, {basic(SERVER_KEY)}",
        "Bearer",
        "Bearer dk_",
        f"Bearer {SERVER_KEY} {SERVER_KEY}",
        f"Digest username={SERVER_KEY}",
        SERVER_KEY,
        " ",
        "x" * 300,
    ],
)
def test_a_garbled_authorization_is_a_401(door: Door, authorization: str) -> None:
    headers = {"authorization": authorization}
    reply = door(request("POST", "/v1/batch", {"batch": [track()]}, key=None, headers=headers))
    assert (reply.status, reply.json["code"]) == (401, "INVALID_WRITE_KEY")


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "application/xml",
        "multipart/form-data; boundary=x",
        "text/plain;charset=UTF-8",
        "\x00",
        "é",
        ";;;",
    ],
)
@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate", "identity", "gzip, gzip", "zstd"])
@pytest.mark.parametrize("compressed", [True, False])
def test_no_header_decides_how_a_body_is_read(
    post: Post, content_type: str, encoding: str, compressed: bool
) -> None:
    body = json.dumps({"batch": [track()]}).encode()
    sent = gzip.compress(body) if compressed else body
    assert post("/v1/batch", sent, content_type=content_type, content_encoding=encoding).json["accepted"] == 1


# ------------------------------------------------------------------ bodies


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "MALFORMED_JSON"),
        (b"\x00", "MALFORMED_JSON"),
        (b"\x1f\x8b", "MALFORMED_GZIP"),
        (gzip.compress(b"", mtime=0), "MALFORMED_JSON"),
        (gzip.compress(gzip.compress(EMPTY, mtime=0), mtime=0), "MALFORMED_JSON"),
        (2 * gzip.compress(EMPTY, mtime=0), "MALFORMED_GZIP"),
        (gzip.compress(EMPTY, mtime=0) + b"rest", "MALFORMED_GZIP"),
        (b"null", "INVALID_BODY"),
        (b"[]", "INVALID_BODY"),
        (b"0", "INVALID_BODY"),
        (b"{}", "INVALID_BODY"),
        (b'{"batch":null}', "INVALID_BODY"),
        (b'{"batch":{}}', "INVALID_BODY"),
        (b'{"batch":[]}{"batch":[]}', "MALFORMED_JSON"),
        (b'{"batch":[NaN]}', "MALFORMED_JSON"),
        (b"{'batch':[]}", "MALFORMED_JSON"),
        (b'{"batch":[' * 500, "MALFORMED_JSON"),
    ],
)
def test_a_body_that_is_no_batch_is_a_400_that_says_why(
    door: Door, post: Post, body: bytes, code: str
) -> None:
    reply = post("/v1/batch", body)
    assert (reply.status, reply.json["code"], door.queue.bodies) == (400, code, [])


@pytest.mark.parametrize("raw", ["null", "[]", "7", '"text"', "true"])
def test_what_is_no_event_is_named_and_its_neighbours_are_taken(door: Door, post: Post, raw: str) -> None:
    good = json.dumps(track())
    reply = post("/v1/batch", f'{{"batch":[{good},{raw},{good}]}}')
    assert (reply.status, reply.json["accepted"]) == (200, 2)
    assert [(one["index"], one["code"]) for one in reply.json["errors"]] == [(1, "not_an_object")]


@pytest.mark.parametrize(
    "number", ["1e400", "-1e400", str(10**30), str(2**64), pytest.param("9" * 5_000, id="5,000 digits")]
)
def test_a_number_nobody_can_hold_is_refused_by_itself(post: Post, number: str) -> None:
    good, bad = json.dumps(track()), json.dumps(track(properties={"n": "?"})).replace('"?"', number)
    reply = post("/v1/batch", f'{{"batch":[{good},{bad}]}}')
    assert (reply.status, reply.json["accepted"]) == (200, 1)
    assert [(one["index"], one["code"]) for one in reply.json["errors"]] == [(1, "bad_number")]


@pytest.mark.parametrize("number", ["18446744073709551615", "-9223372036854775808", "1e308", "-0.0", "1E+2"])
def test_the_largest_numbers_arrive_as_they_were(door: Door, post: Post, number: str) -> None:
    body = json.dumps({"batch": [track(properties={"n": "?"})]}).replace('"?"', number)
    assert post("/v1/batch", body).json["accepted"] == 1
    assert door.queue.events[0]["properties"]["n"] == json.loads(number)


def test_of_a_name_that_comes_twice_the_last_counts(door: Door, post: Post) -> None:
    post("/v1/t", '{"type":"page","type":"track","event":"A","event":"B","userId":"x","userId":"u-1"}')
    [event] = door.queue.events
    assert (event["type"], event["event"], event["userId"]) == ("track", "B", "u-1")


@pytest.mark.parametrize("sent_at", [7, [], {}, True, "", "yesterday", None])
def test_an_odd_sent_at_spoils_nothing(post: Post, sent_at: Any) -> None:
    timed = track(timestamp="2026-03-02T10:00:00Z")
    assert post("/v1/batch", {"batch": [timed], "sentAt": sent_at}).json["accepted"] == 1


def test_a_byte_order_mark_or_another_unicode_is_read_all_the_same(post: Post) -> None:
    text = json.dumps({"batch": [track(event="Bücher 📚")]}, ensure_ascii=False)
    for encoding in ("utf-8-sig", "utf-16", "utf-32"):
        assert post("/v1/batch", text.encode(encoding)).json["accepted"] == 1


@pytest.mark.parametrize(
    "query",
    [
        "data=%00",
        "data=AAAA",
        "event=%ff&userId=u",
        "properties.=1&event=E&userId=u",
        "&&&==",
        "?",
    ],
)
def test_a_garbled_pixel_is_an_answer_and_no_failure(door: Door, query: str) -> None:
    reply = door(request("GET", "/v1/pixel/track", key=None, query=f"writeKey={BROWSER_KEY}&{query}"))
    assert reply.status in {200, 400}
