"""What counts as an outage, how long a worker stands still, and how it finds out that it is over."""

import pytest

from bridge.flows.runs.outage import FIRST_PAUSE, LONGEST_PAUSE, Outage
from bridge.flows.runs.pacing import Pacer, Pacers


def fails(outage: Outage, *, at: float, times: int, lasting: float = 0.0) -> list[float]:
    """The pauses that so many failures in a row brought about."""
    found = (outage.failed(at + n * 0.2, at + n * 0.2 + lasting) for n in range(times))
    return [pause for pause in found if pause is not None]


def test_faults_between_answers_are_no_outage() -> None:
    outage = Outage()
    for n in range(100):
        assert fails(outage, at=n * 10.0, times=9) == []
        outage.answered(n * 10.0 + 5.0, n * 10.0 + 5.1)


def test_ten_failures_at_once_are_no_outage_before_a_second_is_over() -> None:
    outage = Outage()
    assert [outage.failed(0.0, 0.1) for _ in range(50)] == [None] * 50
    assert outage.failed(0.9, 1.0) == FIRST_PAUSE


def test_ten_failures_and_a_second_without_an_answer_are_one() -> None:
    assert fails(Outage(), at=0.0, times=10) == [FIRST_PAUSE]


def test_requests_that_were_under_way_already_say_nothing_new() -> None:
    outage = Outage()
    assert fails(outage, at=0.0, times=10) == [FIRST_PAUSE]
    assert fails(outage, at=2.0, times=30) == []


def test_each_probe_that_fails_doubles_the_pause_up_to_ten_minutes() -> None:
    outage, now, pauses = Outage(), 100.0, fails(Outage(), at=0.0, times=0)
    fails(outage, at=0.0, times=10)
    for _ in range(8):
        pauses += fails(outage, at=now, times=1)
        now += 1_000.0
    assert pauses == [30.0, 60.0, 120.0, 240.0, 480.0, LONGEST_PAUSE, LONGEST_PAUSE, LONGEST_PAUSE]


def test_a_stack_that_retries_sooner_pauses_no_longer_than_that_either() -> None:
    outage = Outage(longest=12.0)
    assert fails(outage, at=0.0, times=10) + fails(outage, at=100.0, times=1) == [12.0, 12.0]
    assert Pacers(lambda: 0.0, longest_pause=12.0)("int_1", "audience").outage == Outage(longest=12.0)


def test_an_answer_to_a_probe_ends_it_and_a_late_one_from_before_does_not() -> None:
    outage = Outage()
    fails(outage, at=0.0, times=10)
    outage.answered(1.0, 3.0)
    assert outage.probing
    outage.answered(50.0, 50.1)
    assert not outage.probing


@pytest.mark.parametrize(("answered", "room"), [(True, 5), (False, 1)])
def test_after_the_pause_one_request_asks_whether_the_others_may_follow(answered: bool, room: int) -> None:
    now = [0.0]
    pacer = Pacer(lambda: now[0])
    for n in range(10):
        now[0] = n * 0.2
        pacer.heard(now[0], answered=False)
    now[0] = 30.0
    assert (pacer.room(5), pacer.room(5)) == (1, 0)
    now[0] = 30.1
    pacer.landed(0.1, refused=False)
    assert (pacer.heard(30.0, answered=answered) is None) == answered
    now[0] = 100.0
    assert pacer.room(5) == room
