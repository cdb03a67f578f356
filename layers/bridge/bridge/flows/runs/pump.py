"""Keeps a bounded number of requests in flight until every line of a part has an outcome."""

import heapq
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Literal, Protocol

from bridge.errors import Blocked, BridgeError, Rejected, Retryable, TooLarge, Unknown
from bridge.flows.runs.framing import Frame, framed
from bridge.flows.runs.ledger import Ledger
from mapping.run import Halt

TRIES = 5
FIRST_BACKOFF, LONGEST_BACKOFF = 0.1, 8.0
PATIENCE = 2.0
"""Seconds that are waited for here; beyond that the message waits in the queue."""
FRUITLESS = 5.0
"""Seconds without a line accepted after which no pause is waited for here, however short."""


class Sender(Protocol):
    """One request to Braze."""

    def __call__(self, lines: Sequence[bytes]) -> Mapping[int, str]:
        """Reason per rejected position, the others were accepted; raises what `bridge.errors` names."""


class Gate(Protocol):
    """Says how many requests may go out, and hears what became of them."""

    def room(self, wanted: int) -> int: ...
    def wait(self) -> float:
        """Seconds until asking again makes sense."""

    def give_back(self, unused: int) -> None: ...
    def landed(self, seconds: float, *, refused: bool) -> None: ...
    def pause(self, seconds: float) -> bool: ...


class Admission(Protocol):
    """Asked before lines go out that must not go out twice."""

    def __call__(self, lines: Mapping[int, bytes]) -> Mapping[int, str]:
        """Reason per line that must not be sent."""


type Unanswered = Literal["again", "listed", "held"]


@dataclass(frozen=True, slots=True)
class Stop:
    """Why sending ended before every line had an outcome."""

    halt: Halt | None = None
    after: float = 0.0


type Outcome = tuple[Frame, Mapping[int, str] | BridgeError]


@dataclass(slots=True, kw_only=True)
class Pump:
    """`pulse` is called about once a second: it checkpoints, and says why to stop, if so.

    `unanswered` says what becomes of lines that may have arrived: they go out again, go out again and are listed,
    or are held.
    """

    lines: Sequence[bytes]
    ledger: Ledger
    sender: Sender
    frame_lines: int
    gate: Gate
    executor: Executor
    monotonic: Callable[[], float]
    pulse: Callable[[], Stop | None]
    admission: Admission | None = None
    unanswered: Unanswered = "again"
    pulse_seconds: float = 1.0
    failures: int = 0
    _ready: deque[Frame] = field(default_factory=deque)
    _later: list[tuple[float, int, Frame]] = field(default_factory=list)
    _answers: SimpleQueue[Outcome] = field(default_factory=SimpleQueue)
    _flying: int = 0
    _serial: int = 0
    _stop: Stop | None = None
    _left: bool = False
    _accepted_at: float = 0.0

    def run(self) -> Stop | None:
        """Send what the ledger still lacks; None when nothing is left to do.

        What the pulse or the admission raises is raised when every request that is out has been heard of: whom
        Braze has answered for must not be held, nor sent to again.
        """
        self._ready.extend(map(Frame, framed(self.ledger.remaining(), self.lines, self.frame_lines)))
        try:
            return self._sent()
        except Exception:
            while self._flying:
                self._collect(max(0.01, self.pulse_seconds))
            raise

    def _sent(self) -> Stop | None:
        self._accepted_at = self.monotonic()
        self._beat()
        next_pulse = self.monotonic() + self.pulse_seconds
        while self._flying or (self._stop is None and (self._ready or self._later)):
            if self._stop is None:
                self._submit()
            self._collect(max(0.01, min(next_pulse, self._due()) - self.monotonic()))
            if self.monotonic() >= next_pulse:
                self._beat()
                next_pulse = self.monotonic() + self.pulse_seconds
        if self._stop is None and self._left:
            return Stop(after=LONGEST_BACKOFF)
        return self._stop

    def _beat(self) -> None:
        stop = self.pulse()
        if stop and stop.halt is None and 0 < stop.after <= PATIENCE and not self._fruitless():
            self.gate.pause(stop.after)
        else:
            self._stop = stop or self._stop

    def _submit(self) -> None:
        now = self.monotonic()
        while self._later and self._later[0][0] <= now:
            self._ready.append(heapq.heappop(self._later)[2])
        room = self.gate.room(len(self._ready)) if self._ready else 0
        frames = [self._ready.popleft() for _ in range(room)]
        if frames and self.admission:
            going: list[Frame] = []
            try:
                going = self._admitted(frames, self.admission)
            finally:
                self.gate.give_back(room - len(going))
            frames = going
        for frame in frames:
            self.executor.submit(self._send, frame)
            self._flying += 1
        if self._ready and not room and (wait := self.gate.wait()) > PATIENCE:
            self._stop = self._stop or Stop(after=wait)

    def _admitted(self, frames: Sequence[Frame], admission: Admission) -> list[Frame]:
        # What may go out once only is written down before it goes out.
        wanted = {line: self.lines[line] for frame in frames for line in frame.lines}
        refused = admission(wanted)
        for line, reason in refused.items():
            self.ledger.reject(reason, (line,))
        going = [
            Frame(tuple(line for line in frame.lines if line not in refused), frame.tries) for frame in frames
        ]
        going = [frame for frame in going if frame.lines]
        about = {line for frame in going for line in frame.lines}
        self.ledger.sending |= about
        noted = False
        try:
            if going:
                self._beat()
            noted = self._stop is None
        finally:
            if not noted:
                self.ledger.sending -= about
        return going if noted else []

    def _send(self, frame: Frame) -> None:
        started = self.monotonic()
        answer: Mapping[int, str] | BridgeError
        try:
            answer = self.sender([self.lines[line] for line in frame.lines])
        except BridgeError as error:
            answer = error
        except Exception as error:  # noqa: BLE001 - a fault of ours must not leave the part waiting for an answer
            answer = Unknown("worker_fault", type(error).__name__)
        # Told here and not when it is collected: the gate outlives a part that ends in the middle.
        refused = isinstance(answer, Retryable) and answer.reason == "rate_limited"
        self.gate.landed(self.monotonic() - started, refused=refused)
        self._answers.put((frame, answer))

    def _collect(self, seconds: float) -> None:
        try:
            outcome = self._answers.get(timeout=seconds)
            while True:
                self._flying -= 1
                self._settle(*outcome)
                outcome = self._answers.get_nowait()
        except Empty:
            return

    def _settle(self, frame: Frame, answer: Mapping[int, str] | BridgeError) -> None:
        if not isinstance(answer, BridgeError):
            self.ledger.requests += 1
            self._accepted_at = self.monotonic()
            self.ledger.accept([line for at, line in enumerate(frame.lines) if at not in answer])
            for at, reason in answer.items():
                self.ledger.reject(reason, (frame.lines[at],))
            return
        if not isinstance(answer, TooLarge | Rejected):
            self.ledger.failed[answer.reason] += 1
        if isinstance(answer, Unknown) and self.unanswered != "again":
            self.ledger.unanswered.update(frame.lines)
        if isinstance(answer, Unknown) and self.unanswered == "held":
            self.ledger.hold(frame.lines)
        else:
            self.ledger.sending.difference_update(frame.lines)
            self._failed(frame, answer)

    def _failed(self, frame: Frame, error: BridgeError) -> None:
        match error:
            case Blocked():
                self._stop = Stop(halt=Halt(status="blocked", reason=error.reason, detail=error.detail))
            case TooLarge() if len(frame.lines) > 1:
                middle = len(frame.lines) // 2
                self._ready.extendleft((Frame(frame.lines[middle:]), Frame(frame.lines[:middle])))
            case TooLarge() | Rejected():
                self.ledger.requests += 1
                self.ledger.reject(error.reason, frame.lines)
            case Retryable() if error.pauses:
                self._rest(frame, error.after or LONGEST_BACKOFF)
            case _:
                self.failures += 1
                self._again(frame, error.after if isinstance(error, Retryable) else None)

    def _rest(self, frame: Frame, seconds: float) -> None:
        self._ready.append(frame)
        if seconds > PATIENCE or self._fruitless():
            self._stop = self._stop or Stop(after=seconds)
        else:
            self.gate.pause(seconds)

    def _fruitless(self) -> bool:
        return self.monotonic() - self._accepted_at > FRUITLESS

    def _again(self, frame: Frame, after: float | None) -> None:
        if frame.tries + 1 >= TRIES:
            self._left = True
            return
        self._serial += 1
        spread = 0.5 + (self._serial * 0.618) % 1.0  # evenly spread, so that retries do not go out together
        delay = after if after is not None else min(PATIENCE, FIRST_BACKOFF * 3**frame.tries * spread)
        heapq.heappush(
            self._later, (self.monotonic() + delay, self._serial, Frame(frame.lines, frame.tries + 1))
        )

    def _due(self) -> float:
        now = self.monotonic()
        later = self._later[0][0] if self._later else now + self.pulse_seconds
        return min(later, now + self.gate.wait()) if self._ready else later
