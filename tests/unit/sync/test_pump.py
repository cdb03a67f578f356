"""The pump: how long it waits itself, when it leaves the rest to the queue, what it tells its gate."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future
from functools import partial
from itertools import count
from typing import Any

import pytest

from bridge.errors import BridgeError, Retryable, Unknown
from bridge.flows.runs.framing import framed
from bridge.flows.runs.ledger import Ledger
from bridge.flows.runs.pump import LONGEST_BACKOFF, Pump, Stop, Unanswered
from mapping.braze_requests import MAX_BODY_BYTES
from mapping.packing import MESSAGE_BYTES
from tests.unit.plan.world import Inline, Killed
from tests.unit.sync.gates import OpenGate

LINES = [b"%d" % number for number in range(10)]


class Ticking:
    """A clock that moves by `step` whenever it is read."""

    def __init__(self, step: float = 0.1) -> None:
        self.ticks = count()
        self.step = step

    def __call__(self) -> float:
        return next(self.ticks) * self.step


class Scripted:
    """Raises what the script says, request by request, then accepts."""

    def __init__(self, *script: BridgeError | None) -> None:
        self.script = list(script)
        self.requests: list[Sequence[bytes]] = []

    def __call__(self, lines: Sequence[bytes]) -> Mapping[int, str]:
        self.requests.append(lines)
        failure = self.script.pop(0) if self.script else None
        if failure:
            raise failure
        return {}


class Late(Executor):
    """Keeps what it is given until it is told to run."""

    def __init__(self) -> None:
        self.kept: list[Callable[[], object]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.kept.append(partial(fn, *args, **kwargs))
        return Future()

    def run(self) -> None:
        while self.kept:
            self.kept.pop(0)()


def pump(sender: Scripted, gate: OpenGate, *pulses: Stop | None, step: float = 0.1, rows: int = 10) -> Pump:
    told = list(pulses)
    return Pump(
        lines=LINES,
        ledger=Ledger(rows),
        sender=sender,
        frame_lines=5,
        gate=gate,
        executor=Inline(),
        monotonic=Ticking(step),
        pulse=lambda: told.pop(0) if told else None,
    )


def limited(after: float | None) -> Retryable:
    return Retryable("rate_limited", after=after, pauses=after is not None)


def test_ten_rows_in_frames_of_five_are_two_requests() -> None:
    sender = Scripted()
    work = pump(sender, OpenGate())
    assert work.run() is None
    assert (len(sender.requests), work.ledger.accepted) == (2, set(range(10)))


@pytest.mark.parametrize(
    ("sizes", "chunks"),
    [
        ([10] * 7, [(0, 1, 2, 3, 4), (5, 6)]),
        ([1_200_000] * 4, [(0, 1), (2, 3)]),
        ([4_000_000, 10, 10], [(0,), (1, 2)]),
        ([10, 10, 10, 10, 10, 3_499_000, 10], [(0, 1, 2, 3, 4), (5, 6)]),
        ([], []),
    ],
)
def test_a_request_holds_no_more_lines_and_bytes_than_braze_takes(
    sizes: list[int], chunks: list[tuple[int, ...]]
) -> None:
    lines = [b"x" * size for size in sizes]
    assert list(framed(range(len(lines)), lines, 5)) == chunks


def test_a_planned_delivery_stays_far_below_what_braze_takes() -> None:
    """Escapes make six bytes of one character at the most, and the queue's message is escaped already."""
    assert MESSAGE_BYTES * 4 < MAX_BODY_BYTES


def test_a_pause_of_a_second_is_waited_for_here() -> None:
    gate, sender = OpenGate(), Scripted(limited(1.0))
    work = pump(sender, gate)
    assert work.run() is None
    assert gate.paused == [1.0]
    assert work.ledger.accepted == set(range(10))


def test_a_longer_pause_is_left_to_the_queue_and_is_no_failure() -> None:
    gate = OpenGate()
    work = pump(Scripted(limited(30.0)), gate)
    assert work.run() == Stop(after=30.0)
    assert (gate.paused, work.failures, work.ledger.failed) == ([], 0, {"rate_limited": 1})


@pytest.mark.parametrize(
    ("policy", "unanswered", "held", "requests"),
    [
        ("again", set(), set(), 3),
        ("listed", set(range(5)), set(), 3),
        ("held", set(range(5)), set(range(5)), 2),
    ],
)
def test_lines_that_may_have_arrived_go_again_or_are_listed_or_held(
    policy: Unanswered, unanswered: set[int], held: set[int], requests: int
) -> None:
    sender = Scripted(Unknown("no_answer"))
    work = pump(sender, OpenGate())
    work.unanswered = policy
    assert work.run() is None
    assert (work.ledger.unanswered, work.ledger.held, len(sender.requests)) == (unanswered, held, requests)


def test_short_pauses_that_bring_nothing_forward_are_left_to_the_queue_in_the_end() -> None:
    assert pump(Scripted(*[limited(1.0)] * 1_000), OpenGate(), step=0.1).run() == Stop(after=1.0)


def test_a_429_without_a_wait_delays_its_own_request_alone() -> None:
    gate, sender = OpenGate(), Scripted(limited(None))
    work = pump(sender, gate)
    assert work.run() is None
    assert (gate.paused, gate.landed_) == ([], [True, False, False])
    assert sender.requests[1] == LINES[5:]


def test_a_short_pause_of_the_installation_shuts_the_gate_and_a_long_one_ends_the_work() -> None:
    gate = OpenGate()
    assert pump(Scripted(), gate, Stop(after=1.5)).run() is None
    assert gate.paused == [1.5]
    sender = Scripted()
    assert pump(sender, gate, Stop(after=90.0)).run() == Stop(after=90.0)
    assert sender.requests == []


def test_a_short_pause_that_does_not_end_leaves_the_rest_to_the_queue() -> None:
    work = pump(Scripted(), OpenGate(shut=True))
    work.pulse = lambda: Stop(after=1.5 if work.monotonic() < 100 else 0.0)
    assert work.run() == Stop(after=1.5)


def test_a_gate_that_stays_shut_for_long_leaves_the_rest_to_the_queue() -> None:
    sender = Scripted()
    assert pump(sender, OpenGate(shut=True, waits=600.0)).run() == Stop(after=600.0)
    assert sender.requests == []


def test_five_tries_without_an_answer_leave_the_rows_to_a_later_attempt() -> None:
    work = pump(Scripted(*[Unknown("no_answer")] * 100), OpenGate())
    assert work.run() == Stop(after=LONGEST_BACKOFF)
    assert (work.failures, work.ledger.remaining()) == (10, list(range(10)))
    assert work.ledger.failed == {"no_answer": 10}


def test_rows_that_are_not_admitted_give_their_place_back() -> None:
    gate, sender = OpenGate(), Scripted()
    work = pump(sender, gate)
    work.admission = lambda lines: {line: "duplicate" for line in lines if line < 5}
    assert work.run() is None
    assert (gate.flying, sender.requests) == (0, [LINES[5:]])


def test_a_part_that_breaks_off_leaves_no_request_behind_at_the_gate() -> None:
    gate = OpenGate()
    work = pump(Scripted(), gate)

    def nobody_can_say(lines: Mapping[int, bytes]) -> Mapping[int, str]:
        raise Retryable("claims_busy")

    work.admission = nobody_can_say
    with pytest.raises(Retryable):
        work.run()
    assert gate.flying == 0


def test_an_answer_that_comes_after_the_part_broke_off_still_frees_its_place() -> None:
    gate, late = OpenGate(), Late()
    work = pump(Scripted(), gate)
    work.executor = late
    pulses = iter([None])

    def lost() -> Stop | None:
        try:
            return next(pulses)
        except StopIteration:
            raise Killed from None

    work.pulse, work.pulse_seconds = lost, 0.0
    with pytest.raises(Killed):
        work.run()
    assert gate.flying == 2
    late.run()
    assert gate.flying == 0


def test_a_part_that_breaks_off_hears_first_what_became_of_its_requests() -> None:
    gate, late = OpenGate(width=1), Late()
    work = pump(Scripted(), gate)
    asked = count()

    def busy_at_the_second_request(lines: Mapping[int, bytes]) -> Mapping[int, str]:
        if next(asked):
            raise Retryable("claims_busy")
        return {}

    work.admission, work.executor = busy_at_the_second_request, late
    work.pulse, work.pulse_seconds = late.run, 0.0
    with pytest.raises(Retryable):
        work.run()
    assert (work.ledger.accepted, work.ledger.sending, gate.flying) == (set(range(5)), set(), 0)
