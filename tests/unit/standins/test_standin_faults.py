"""Faults on order."""

from collections import Counter
from typing import Any

import pytest

from local.standins.web import Ending, encode


def post(braze: Any, user: str = "u") -> Any:
    return braze.call("POST", "/users/track", {"attributes": [{"external_id": user, "x": 1}]})


def applied(braze: Any) -> bool:
    return bool(braze.counters()["profiles"])


@pytest.mark.parametrize(
    ("fault", "status", "is_applied"),
    [
        ({"fault": "status", "status": 503}, 503, False),
        ({"fault": "status", "status": 504, "apply": True}, 504, True),
        ({"fault": "status", "status": 429, "headers": {"retry-after": "1"}}, 429, False),
        ({"fault": "queued"}, 202, True),
        ({"fault": "not_success"}, 201, False),
        ({"fault": "garbage"}, 201, True),
        ({"fault": "poison", "ids": ["u"]}, 400, False),
        ({"fault": "latency", "seconds": 1}, 201, True),
    ],
)
def test_a_fault_answers_and_applies_as_named(braze: Any, fault: Any, status: int, is_applied: bool) -> None:
    braze.modes(faults=[fault])
    assert post(braze).status == status
    assert applied(braze) is is_applied
    assert braze.counters()["requests"]["/users/track"] == {str(status): 1}


@pytest.mark.parametrize(
    ("kind", "ending", "is_applied"),
    [
        ("drop_before", Ending.CLOSE, False),
        ("drop_after", Ending.CLOSE, True),
        ("hang_before", Ending.HANG, False),
        ("hang_after", Ending.HANG, True),
    ],
)
def test_a_silent_fault_says_nothing(braze: Any, kind: str, ending: Ending, is_applied: bool) -> None:
    braze.modes(faults=[{"fault": kind}])
    answer = encode(post(braze))
    assert (answer.payload, answer.ending) == (b"", ending)
    assert applied(braze) is is_applied
    assert braze.counters()["requests"]["/users/track"] == {kind: 1}


def test_a_truncated_answer_promises_more_than_it_brings(braze: Any) -> None:
    braze.modes(faults=[{"fault": "truncated"}])
    head, _, body = encode(post(braze)).payload.partition(b"\r\n\r\n")
    promised = int(head.split(b"content-length: ")[1].split(b"\r\n")[0])
    assert 0 < len(body) < promised
    assert applied(braze)


def test_fail_the_next_two_and_then_recover(braze: Any) -> None:
    braze.modes(faults=[{"fault": "status", "next": 2}])
    assert [post(braze).status for _ in range(3)] == [500, 500, 201]


def test_a_fault_keeps_to_its_path(braze: Any) -> None:
    braze.modes(faults=[{"fault": "status", "path": "/campaigns/*"}])
    assert post(braze).status == 201
    assert braze.call("GET", "/campaigns/list").status == 500


def test_the_control_api_is_never_hit(braze: Any) -> None:
    braze.modes(faults=[{"fault": "drop_before"}])
    assert braze.call("GET", "/_standin/counters").status == 200


def test_a_poison_id_fails_the_whole_request_and_names_nothing(braze: Any) -> None:
    braze.modes(faults=[{"fault": "poison", "ids": ["bad"]}])
    reply = post(braze, "bad")
    assert (reply.status, reply.json()) == (400, {"message": "Bad Request"})
    assert post(braze, "bad-looking").status == 201


def test_a_rate_hits_its_share_and_the_same_seed_the_same_requests(braze: Any) -> None:
    runs = []
    for _ in range(2):
        braze.modes(faults=[{"fault": "status", "rate": 0.2}], seed=7)
        runs.append([post(braze).status for _ in range(500)])
    assert runs[0] == runs[1]
    assert 70 < Counter(runs[0])[500] < 130


def test_one_of_several_faults_strikes(braze: Any) -> None:
    mix = [{"fault": "status", "status": status} for status in (429, 500, 502)]
    braze.modes(faults=[{"fault": "one_of", "rate": 0.5, "of": mix}])
    assert {post(braze).status for _ in range(100)} == {201, 429, 500, 502}


def test_latencies_add_up_and_go_with_another_fault(braze: Any) -> None:
    slow = {"fault": "latency", "seconds": 0.5}
    braze.modes(faults=[slow, {"fault": "status"}, slow])
    reply = post(braze)
    assert (reply.status, reply.delay) == (500, 1.0)


def test_objects_can_be_refused_one_by_one(braze: Any) -> None:
    braze.modes(faults=[{"fault": "object_errors", "share": 0.5, "error": "not today"}])
    answer = braze.track(attributes=[{"external_id": f"u{n}"} for n in range(60)])
    assert answer["attributes_processed"] + len(answer["errors"]) == 60
    assert 10 < len(answer["errors"]) < 50
    assert braze.counters()["profiles"] == answer["attributes_processed"]


@pytest.mark.parametrize("fault", [{"fault": "poison"}, {"fault": "one_of"}, {"fault": "no such"}, {}])
def test_an_incomplete_fault_is_refused(braze: Any, fault: Any) -> None:
    assert braze.call("PUT", "/_standin/modes", {"faults": [fault]}).status == 400


def test_counting_mode_counts_keeps_nothing_and_honours_limits_and_faults(braze: Any) -> None:
    braze.modes(counting=True)
    users = [{"external_id": f"u{n}", "x": 1} for n in range(75)]
    event = {"external_id": "u", "name": "e", "time": "2020-01-01"}
    assert braze.track(attributes=users) == {"attributes_processed": 75, "message": "success"}
    assert braze.track(attributes=users[:2], events=[event])["events_processed"] == 1
    assert braze.track(events=[event] * 3)["events_processed"] == 3
    counters = braze.counters()
    assert (counters["attributes"], counters["events"], counters["profiles"]) == (77, 4, 0)
    braze.modes(rate_limit="burst", burst_requests=1)
    assert [post(braze).status for _ in range(2)] == [201, 429]
    braze.modes(faults=[{"fault": "status", "status": 502}])
    assert post(braze).status == 502
