"""Rate limits on clock windows, and the two dialects of their headers (facts 2.10, 2.11)."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from local.standins.braze.modes import Modes

HOUR = 3_600.0
MINUTE = 60.0


@dataclass(frozen=True, slots=True)
class Window:
    """At most `limit` requests in each stretch of `seconds` that starts on a multiple of it."""

    lane: str
    limit: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a request met: the window told in its headers and when that one resets (epoch seconds)."""

    allowed: bool
    limit: int
    remaining: int
    reset_at: float
    now: float


class Limiter:
    """Counts requests per window; a refused request spends nothing."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.used: dict[Window, tuple[int, int]] = {}

    def spend(self, windows: Sequence[Window]) -> Verdict:
        """Take one from every window, or none when any is full; the first window is the one told."""
        now = self.clock()
        for window in windows:
            if self._used(window, now) >= window.limit:
                return Verdict(
                    allowed=False, limit=window.limit, remaining=0, reset_at=self._reset(window, now), now=now
                )
        for window in windows:
            self.used[window] = (int(now // window.seconds), self._used(window, now) + 1)
        told = windows[0]
        left = told.limit - self._used(told, now)
        return Verdict(
            allowed=True, limit=told.limit, remaining=left, reset_at=self._reset(told, now), now=now
        )

    def _used(self, window: Window, now: float) -> int:
        turn, used = self.used.get(window, (-1, 0))
        return used if turn == int(now // window.seconds) else 0

    @staticmethod
    def _reset(window: Window, now: float) -> float:
        return (now // window.seconds + 1) * window.seconds


def track_windows(modes: Modes) -> tuple[Window, ...]:
    """Return the limits of /users/track; none unless the account has some."""
    burst = Window("track", modes.burst_requests, modes.burst_seconds)
    match modes.rate_limit:
        case "none":
            return ()
        case "burst":
            return (burst,)
        case "hourly":
            return (Window("track", modes.hourly_requests, HOUR / modes.clock_scale), burst)


def shared_windows(modes: Modes) -> tuple[Window, ...]:
    """Return the pool that campaign lists and non-broadcast sends share."""
    return _unless_free(modes, Window("shared", 250_000, HOUR / modes.clock_scale))


def broadcast_windows(modes: Modes, campaign: str) -> tuple[Window, ...]:
    """Return the limits of broadcasts, over all and per audience."""
    minute = MINUTE / modes.clock_scale
    each = Window(f"broadcast {campaign}", 10, minute)
    return _unless_free(modes, Window("broadcast", 250, minute), each)


def export_windows(modes: Modes, fields: Sequence[str] | None) -> tuple[Window, ...]:
    """Return the lane of one export call: fast only with fields named and no messages received among them."""
    if modes.export_onboarding == "before":
        return _unless_free(modes, Window("export", 2_500, MINUTE / modes.clock_scale))
    slow = {"canvases_received", "campaigns_received"}
    if fields and not slow.intersection(fields):
        return _unless_free(modes, Window("export fast", 40, 1.0))
    return _unless_free(modes, Window("export", 250, MINUTE / modes.clock_scale))


def headers(verdict: Verdict, modes: Modes) -> dict[str, str]:
    """Tell a verdict in the account's dialect; on a 429 the delta dialect names the wait alone."""
    wait = max(1, math.ceil(verdict.reset_at - verdict.now))
    told: dict[str, str] = {}
    delta = modes.header_dialect == "delta"
    if modes.header_dialect != "none" and (verdict.allowed or not delta):
        reset = wait if delta else math.ceil(verdict.reset_at)
        told = {
            "x-ratelimit-limit": str(verdict.limit),
            "x-ratelimit-remaining": str(verdict.remaining),
            "x-ratelimit-reset": str(reset),
        }
    name = modes.retry_after
    if name == "auto":
        name = "x-ratelimit-retry-after" if delta else "none"
    if not verdict.allowed and name != "none":
        told[name] = str(wait)
    return told


def _unless_free(modes: Modes, *windows: Window) -> tuple[Window, ...]:
    return () if modes.rate_limit == "none" else windows
