"""How fast a worker sends: by latency, by what the headers tell, by what is refused."""

import pytest

from bridge.flows.runs.pacing import LEAST, MOST, Pacer, Pacers
from bridge.flows.runs.windows import GUARD, UNHEARD
from tests.unit.sync.account import Account, Rate, play

CASES = [(1, 0.01), (1, 0.2), (2, 0.05), (4, 0.01), (4, 0.2)]


def settled(latency: float) -> Pacer:
    """A pacer after some answers that took so long."""
    now = [0.0]
    pacer = Pacer(lambda: now[0], speed=1000.0)
    pacer.told(pacer.sending(), None)
    for _ in range(100):
        now[0] += 0.1
        assert pacer.room(1) == 1
        pacer.landed(latency, refused=False)
    now[0] += 1.0
    return pacer


def in_flight(pacer: Pacer) -> int:
    # Tokens fill with time, which stands still here: they are not what is asked about.
    pacer._tokens = 1e6
    pacer._filled_at = pacer.monotonic()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bridge.flows.runs.pacing.BURST_SECONDS", 1e6)
        return pacer.room(10_000)


@pytest.mark.parametrize(("latency", "least", "most"), [(0.001, LEAST, 10), (0.05, 60, 70), (0.2, 240, 256)])
def test_requests_in_flight_follow_the_latency(latency: float, least: int, most: int) -> None:
    assert least <= in_flight(settled(latency)) <= most


def test_a_slow_vendor_gets_no_more_than_256_requests_at_a_time() -> None:
    assert in_flight(settled(5.0)) == MOST


@pytest.mark.parametrize(("workers", "latency"), CASES)
def test_a_burst_limit_is_used_and_not_overrun(workers: int, latency: float) -> None:
    account = Account([(3_000, 3.0)])
    play(account, workers=workers, latency=latency, seconds=15)
    assert account.refused == 0
    assert account.share_used(1, 4) >= 0.95


@pytest.mark.parametrize(("workers", "latency"), CASES)
def test_an_hourly_limit_is_used_and_the_burst_behind_it_not_overrun(workers: int, latency: float) -> None:
    account = Account([(6_000, 10.0), (3_000, 3.0)])
    play(account, workers=workers, latency=latency, seconds=30)
    assert account.refused <= 0.001 * sum(account.used.values())
    assert account.share_used(1, 2) >= 0.95


def test_a_small_contract_is_used_and_not_overrun() -> None:
    account = Account([(300, 3.0)])
    play(account, workers=2, latency=0.05, seconds=15)
    assert account.refused == 0
    assert account.share_used(1, 4) >= 0.94


def test_something_of_every_window_is_left_for_the_real_time_lane() -> None:
    account = Account([(3_000, 3.0)])
    play(account, workers=4, latency=0.05, seconds=12)
    assert max(account.used.values()) <= 3_000 * 0.985


def test_a_worker_that_comes_later_gets_room_without_a_429() -> None:
    account = Account([(3_000, 3.0)])
    play(account, workers=2, latency=0.05, seconds=15, starts=lambda worker: worker * 4.0)
    assert account.refused == 0
    assert account.share_used(2, 4) >= 0.95


def test_an_account_that_tells_nothing_and_refuses_much_is_slowed_down_for() -> None:
    account = Account([(900, 3.0)], tells=False)
    [pacer] = play(account, workers=1, latency=0.05, seconds=60)
    assert pacer._limit < 700
    assert account.share_used(10, 18) >= 0.7


def test_a_single_429_slows_nobody_else() -> None:
    now = [0.0]
    pacer = Pacer(lambda: now[0])
    for at in range(100):
        now[0] += 0.1
        assert pacer.room(1) == 1
        pacer.landed(0.05, refused=at % 50 == 0)
    assert pacer._limit == pacer.speed


def test_nothing_goes_out_during_a_pause_and_only_its_first_notice_is_news() -> None:
    now = [0.0]
    pacer = Pacer(lambda: now[0])
    assert pacer.pause(30.0)
    assert not pacer.pause(30.0)
    now[0] = 29.0
    assert (pacer.room(10), pacer.wait()) == (0, 1.0)
    now[0] = 30.1
    assert pacer.room(10) > 0


def test_a_spent_window_says_how_long_to_wait() -> None:
    now = [100.0]
    pacer = Pacer(lambda: now[0])
    pacer.told(pacer.sending(), Rate(1_000, 15, 600.0))
    now[0] += 1.0
    assert pacer.room(10) == 0
    assert 598.0 < pacer.wait() < 600.0
    now[0] += 600.0
    assert pacer.room(10) > 0


def test_what_comes_late_from_the_window_before_is_passed_over() -> None:
    now = [0.0]
    pacer = Pacer(lambda: now[0])
    early, late = pacer.sending(), pacer.sending()
    pacer.told(early, Rate(100, 50, 3.0))
    now[0] = 3.2
    assert pacer.room(1) == 1
    pacer.told(late, Rate(100, 0, 1.0))
    assert pacer.window.left(3, now[0]) > 0


def test_a_limit_smaller_than_the_crowd_that_may_be_there_is_still_asked_in_every_window() -> None:
    account = Account([(4, 2.0)])
    play(account, workers=1, latency=0.05, seconds=60)
    assert [turn for turn in range(28) if not account.used.get((0, turn))] == []


def rolled() -> tuple[Pacer, list[float]]:
    """Once told of a window of four that is over now, and four workers may spend from the next one."""
    now = [0.0]
    pacer = Pacer(lambda: now[0])
    assert pacer.room(1) == 1
    pacer.told(pacer.sending(), Rate(4, 3, 2.0))
    now[0] = 2.5
    return pacer, now


def test_where_no_answer_tells_of_the_new_window_there_is_another_one_soon() -> None:
    pacer, now = rolled()
    assert (pacer.room(9), pacer.room(9)) == (1, 0)
    assert 4.0 < pacer.wait() <= UNHEARD
    now[0] += pacer.wait()
    assert pacer.room(9) == 1


def test_where_answers_tell_of_no_window_any_more_none_is_kept() -> None:
    pacer, now = rolled()
    assert pacer.room(9) == 1
    pacer.told(pacer.sending(), None)
    now[0] += 1.0
    assert pacer.room(9) > 4


def test_what_was_let_through_and_not_sent_is_given_back() -> None:
    pacer = settled(0.001)
    taken = in_flight(pacer)
    pacer.give_back(taken)
    assert in_flight(pacer) == taken


def test_track_and_sends_are_paced_apart_and_installations_too() -> None:
    pacers = Pacers(lambda: 0.0)
    assert pacers("int_1", "audience") is pacers("int_1", "events")
    assert pacers("int_1", "audience") is not pacers("int_1", "campaign")
    assert pacers("int_1", "audience") is not pacers("int_2", "audience")


def test_a_wait_in_whole_seconds_ends_with_the_window_it_is_about() -> None:
    now = [10.0]
    pacer = Pacer(lambda: now[0])
    pacer.told(pacer.sending(), Rate(3_000, 500, 2.0))
    now[0] = 11.5
    pacer.pause(1.0)
    assert 0.5 <= pacer.wait() <= 0.6
    pacer.pause(30.0)
    assert pacer.wait() == 30.0


def test_whole_seconds_count_from_half_way_and_an_epoch_from_the_answer() -> None:
    for resets_in, ends_at in ((3.0, 3.1), (2.8, 3.0)):
        now = [0.0]
        pacer = Pacer(now.copy().pop)
        window, ticket = pacer.window, pacer.sending()
        window.told(ticket.number, Rate(3_000, 2_999, resets_in), 1, 0.2, sent=ticket.at)
        assert window.seconds_left(0.0) == pytest.approx(ends_at + GUARD)


@pytest.mark.parametrize("back", [0.05, 0.3])
def test_a_burst_told_in_whole_seconds_is_used_also_when_answers_take_their_time(back: float) -> None:
    account = Account([(3_000, 3.0)])
    play(account, workers=2, latency=0.05, seconds=15, back=back)
    assert account.refused == 0
    assert account.share_used(1, 4) >= 0.95


def test_reading_has_a_lane_of_its_own_at_forty_calls_a_second() -> None:
    now = 0.0
    pacers = Pacers(lambda: now, 256)
    reading = pacers("int_1", "reconcile")
    assert reading is pacers("int_1", "reconcile")
    assert reading is not pacers("int_1", "audience")
    assert reading is not pacers("int_2", "reconcile")
    let = 0
    while now < 10.0:
        now += 0.01
        let += (some := reading.room(100))
        for _ in range(some):
            reading.landed(0.05, refused=False)
    assert 350 <= let <= 400


@pytest.mark.parametrize("window", [(40, 1.0), (250, 60.0), (2_500, 60.0)])
def test_a_lone_reader_uses_the_limit_the_headers_tell_and_meets_no_429(window: tuple[int, float]) -> None:
    now = 0.1
    account = Account([window])
    reading = Pacers(lambda: now, 256)("int_1", "reconcile")
    while now < 2 * window[1]:
        now += 0.01
        for _ in range(reading.room(100)):
            ticket = reading.sending()
            taken, rate, wait = account.take(now)
            reading.landed(0.01, refused=not taken)
            if taken:
                reading.told(ticket, rate)
            else:
                reading.pause(wait)
    assert account.refused == 0
    assert account.share_used(0, 1) >= 0.85
