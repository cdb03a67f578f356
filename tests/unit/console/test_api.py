"""Asking the HTTP API: the token goes along, nothing is followed, every refusal has a sentence."""

import json
from types import SimpleNamespace

import pytest
import urllib3

from console.api import LARGEST_ANSWER, Api, ApiError, together


class Pool:
    """Answers in order, and remembers what it was asked."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = []

    def request(self, method, url, **more):
        self.asked.append((method, url, more))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        status, body = answer
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Location": "https://elsewhere"} if status == 303 else {}
        return SimpleNamespace(
            status=status, headers=headers, read=lambda most: text[:most], release_conn=lambda: None
        )


def of(*answers):
    pool = Pool(*answers)
    return Api(pool, "https://api.example.com", "sb_mine"), pool


def test_the_token_goes_along_and_redirects_are_not_followed():
    api, pool = of((200, {"a": 1}))
    assert api.get("/v1/admin/health", q="a b", empty="", none=None) == {"a": 1}
    [(method, url, more)] = pool.asked
    assert (method, url) == ("GET", "https://api.example.com/v1/admin/health?q=a+b")
    assert more["headers"]["Authorization"] == "Bearer sb_mine"
    assert more["redirect"] is False


def test_a_list_is_read_to_its_end():
    api, pool = of(
        (200, {"data": [{"id": 1}], "next_cursor": "c"}), (200, {"data": [{"id": 2}], "next_cursor": None})
    )
    assert api.every("/v1/admin/sources") == [{"id": 1}, {"id": 2}]
    assert "cursor=c" in pool.asked[1][1]


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (
            422,
            {"detail": "name is taken", "errors": [{"pointer": "/name", "detail": "taken"}]},
            "name is taken",
        ),
        (403, {"message": "Forbidden"}, "Forbidden"),
        (502, b"<html>", "The API answered 502."),
        (307, {}, "The API answered 307."),
        (500, [], "The API answered 500."),
    ],
)
def test_a_refusal_is_a_sentence(status, body, message):
    api, _ = of((status, body))
    with pytest.raises(ApiError) as caught:
        api.post("/v1/admin/sources", {})
    assert (caught.value.status, caught.value.message) == (status, message)
    assert caught.value.fields == ({"/name": "taken"} if status == 422 else {})


def test_an_api_that_is_away_is_a_503():
    api, _ = of(urllib3.exceptions.NewConnectionError(SimpleNamespace(host="x"), "refused"))
    with pytest.raises(ApiError) as caught:
        api.get("/v1/admin/health")
    assert caught.value.status == 503


def test_an_endless_answer_is_not_read_to_its_end():
    api, _ = of((200, b"x" * (LARGEST_ANSWER + 2)))
    with pytest.raises(ApiError, match="too large"):
        api.get("/v1/admin/health")


def test_a_deletion_answers_nothing():
    api, pool = of((204, b""))
    api.delete("/v1/admin/tokens/tok_1")
    assert pool.asked[0][0] == "DELETE"


def test_questions_at_the_same_time_keep_their_order():
    assert together(lambda: 1, lambda: "two") == [1, "two"]


def test_a_document_is_given_as_it_is_or_its_link_is():
    api, pool = of((200, b"a,b"), (303, b""), (404, {"detail": "It has expired."}))
    given = api.document("/v1/admin/audience-runs/run_1/rejects", "text/csv")
    assert (given.text, pool.asked[0][2]["headers"]["Accept"]) == ("a,b", "text/csv")
    assert api.document("/x", "text/csv").link == "https://elsewhere"
    with pytest.raises(ApiError, match="expired"):
        api.document("/x", "text/csv")
