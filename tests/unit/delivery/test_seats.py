"""The workers of a lane that one installation may hold, so that its neighbours find some free."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from urllib3.exceptions import ReadTimeoutError

from bridge.flows.delivery.circuit import FAILURES_TO_OPEN
from bridge.flows.delivery.receive import Receiver
from bridge.flows.delivery.seats import HELD, REFUSED, Seats
from tests.unit.delivery.fakes import START, FakeClock, FakeSeats
from tests.unit.delivery.world import BRAZE, World, delivery, event

SOON = START + timedelta(minutes=2)


def workers(rows: FakeSeats, number: int, *, sharing: int = 2) -> list[Seats[tuple[str, int]]]:
    clock = FakeClock(START)
    return [Seats(rows, 4, lambda: sharing, clock) for _ in range(number)]


def test_an_installation_holds_half_of_the_workers_and_its_neighbour_the_others() -> None:
    four = workers(FakeSeats(), 4)
    assert [one.enter("int_slow") for one in four] == [True, True, False, False]
    assert [one.enter("int_quick") for one in four[2:]] == [True, True]


def test_an_installation_alone_in_its_lane_holds_all_of_them() -> None:
    rows = FakeSeats()
    assert all(one.enter("int_slow") for one in workers(rows, 4, sharing=1))
    assert rows.taken == {}


def test_a_lane_of_one_worker_serves_everybody() -> None:
    only = Seats(FakeSeats(), 1, lambda: 2, FakeClock(START))
    assert only.enter("int_1")


def test_the_deliveries_of_a_batch_share_a_seat_and_the_last_one_gives_it_back() -> None:
    rows = FakeSeats()
    [worker] = workers(rows, 1)
    assert [worker.enter("int_slow") for _ in range(3)] == [True] * 3
    assert len(rows.taken) == 1
    worker.leave("int_slow")
    worker.leave("int_slow")
    assert len(rows.taken) == 1
    worker.leave("int_slow")
    assert rows.taken == {}


def test_a_seat_of_a_worker_that_died_is_free_again_in_seconds() -> None:
    rows, clock = FakeSeats(), FakeClock(START)
    dead, alive = Seats(rows, 2, lambda: 2, clock), Seats(rows, 2, lambda: 2, clock)
    assert dead.enter("int_1")
    assert not alive.enter("int_1")
    clock.pass_(seconds=HELD.total_seconds())
    assert alive.enter("int_1")


def test_a_refusal_is_asked_for_once_for_the_whole_batch() -> None:
    rows, clock = FakeSeats(), FakeClock(START)
    holder, other = Seats(rows, 2, lambda: 2, clock), Seats(rows, 2, lambda: 2, clock)
    holder.enter("int_1")
    assert not other.enter("int_1")
    holder.leave("int_1")
    assert not other.enter("int_1")
    clock.pass_(seconds=REFUSED.total_seconds())
    assert other.enter("int_1")


def test_a_table_that_does_not_answer_holds_nobody_up() -> None:
    rows = FakeSeats(away=True)
    [worker] = workers(rows, 1)
    assert worker.enter("int_1")
    worker.leave("int_1")


def test_a_message_without_a_seat_waits_longer_each_time_and_nothing_is_written_down() -> None:
    world = World()
    world.sharing, world.workers = 2, 2
    world.seats.take(BRAZE, 1, now=START, until=SOON)
    message = delivery([event("m1")])
    results = [world.worker().receive(message.body(), "handle", 120_000, times) for times in (1, 3, 30)]
    assert [(one.reason, one.wait) for one in results] == [
        ("crowded", 3.0),
        ("crowded", 9.0),
        ("crowded", 900.0),
    ]
    assert world.queue.hidden == {"handle": 900.0}
    assert (world.deliveries.rows, world.bodies()) == ({}, [])


@pytest.mark.parametrize("delivered", [True, False])
def test_a_seat_is_given_back_however_the_delivery_ends(delivered: bool) -> None:
    world = World()
    world.sharing = 2
    if not delivered:
        world.deliveries.begin = lambda *_, **__: 1 / 0  # type: ignore[method-assign]
        with pytest.raises(ZeroDivisionError):
            world.receive(delivery([event("m1")]))
    else:
        world.receive(delivery([event("m1")]))
    assert world.seats.taken == {}


def test_while_one_vendor_keeps_workers_waiting_a_neighbour_s_delivery_finds_a_free_one() -> None:
    world = World()
    world.sharing, world.workers = 2, 2
    waiting, answer = Barrier(2, timeout=5), Barrier(2, timeout=5)

    def slow(_: object) -> tuple[int, object]:
        waiting.wait()
        answer.wait()
        return 201, {"message": "success"}

    world.vendor.answers = slow

    def held(worker: Receiver) -> None:
        worker.receive(delivery([event("m1")]).body(), "h1", 120_000)

    holding = Thread(target=held, args=[world.worker()])
    holding.start()
    waiting.wait()
    crowded = world.receive(delivery([event("m2")], delivery_id="dlv_" + "2" * 24))
    assert (crowded.status, crowded.reason) == ("waiting", "crowded")
    answer.wait()
    holding.join()
    assert len(world.bodies()) == 1


def test_a_vendor_that_never_answers_opens_the_circuit_like_one_that_is_not_there() -> None:
    world = World()
    world.vendor.answers = lambda _: ReadTimeoutError(None, "", "")  # type: ignore[arg-type]
    worker = world.worker()
    messages = [delivery([event(f"m{n}")], delivery_id=f"dlv_{n:024x}") for n in range(8)]
    results = [worker.receive(message.body(), "handle", 120_000) for message in messages]
    assert [one.status for one in results] == ["retrying"] * 5 + ["waiting"] * 3
    assert len(world.bodies()) == FAILURES_TO_OPEN
