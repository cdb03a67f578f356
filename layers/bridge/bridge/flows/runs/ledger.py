"""What is known of each line of a part: small enough to be written down every second."""

import json
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import astuple, dataclass, field
from typing import Self

from bridge.flows.runs.attempts import Attempts
from mapping.outcome import Outcome
from mapping.run import Ended, PartResult


def ranges(lines: Iterable[int]) -> str:
    """Line numbers as text: {0, 1, 2, 7} is "0-2,7"."""
    found: list[list[int]] = []
    for line in sorted(lines):
        if found and found[-1][1] == line - 1:
            found[-1][1] = line
        else:
            found.append([line, line])
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in found)


def lines_of(text: str) -> set[int]:
    """The line numbers `ranges` wrote."""
    lines: set[int] = set()
    for piece in filter(None, text.split(",")):
        first, _, last = piece.partition("-")
        lines.update(range(int(first), int(last or first) + 1))
    return lines


@dataclass(slots=True)
class Ledger:
    """Lines (from 0) by what became of them; `sending` are in requests whose answer is not recorded yet.

    `unanswered` went out in a request whose outcome nobody knows: what became of them later may be the second time.
    `requests` were taken, `failed` counts the others by reason.
    """

    rows: int
    accepted: set[int] = field(default_factory=set)
    rejected: dict[str, set[int]] = field(default_factory=dict)
    held: set[int] = field(default_factory=set)
    sending: set[int] = field(default_factory=set)
    unanswered: set[int] = field(default_factory=set)
    requests: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    started_at: str = ""
    attempts: Attempts = field(default_factory=Attempts)

    @classmethod
    def read(cls, text: str, rows: int) -> Self:
        """A checkpoint as it was written; an empty one is a part nobody has begun."""
        kept = json.loads(text) if text else {}
        return cls(
            rows=rows,
            accepted=lines_of(kept.get("accepted", "")),
            rejected={reason: lines_of(lines) for reason, lines in kept.get("rejected", {}).items()},
            held=lines_of(kept.get("held", "")),
            sending=lines_of(kept.get("sending", "")),
            unanswered=lines_of(kept.get("unanswered", "")),
            requests=kept.get("requests", 0),
            failed=Counter(kept.get("failed", {})),
            started_at=kept.get("started_at", ""),
            attempts=Attempts(*kept.get("attempts", ())),
        )

    def write(self) -> str:
        """The checkpoint: a few hundred bytes unless outcomes alternate line by line."""
        kept = {
            "rows": self.rows,
            "accepted": ranges(self.accepted),
            "rejected": {reason: ranges(lines) for reason, lines in self.rejected.items()},
            "held": ranges(self.held),
            "sending": ranges(self.sending),
            "unanswered": ranges(self.unanswered),
            "requests": self.requests,
            "failed": self.failed,
            "started_at": self.started_at,
            "attempts": astuple(self.attempts) if self.attempts.count else (),
        }
        return json.dumps({key: value for key, value in kept.items() if value})

    def accept(self, lines: Iterable[int]) -> None:
        """Braze took these."""
        self.accepted.update(lines)
        self.sending.difference_update(lines)

    def reject(self, reason: str, lines: Collection[int]) -> None:
        """These will never be taken."""
        self.rejected.setdefault(reason, set()).update(lines)
        self.sending.difference_update(lines)

    def hold(self, lines: Collection[int]) -> None:
        """Whether these were taken is not known, and sending them again could hurt."""
        self.held.update(lines)
        self.sending.difference_update(lines)

    def remaining(self) -> list[int]:
        """Lines nothing is known of, in order."""
        settled = self.accepted.union(self.held, *self.rejected.values())
        return [line for line in range(self.rows) if line not in settled]

    def outcomes(self) -> dict[Outcome, int]:
        """How many lines ended how; what was not sent goes with the next run."""
        return {
            Outcome.DELIVERED: len(self.accepted),
            Outcome.REJECTED: sum(map(len, self.rejected.values())),
            Outcome.UNKNOWN: len(self.held | self.sending),
            Outcome.RETRY: len(set(self.remaining()) - self.sending),
        }

    def result(self, part: int, ended: Ended, at: str, reason: str = "") -> PartResult:
        """What the commit reads; `reason` says why it did not end as `sent`."""
        return PartResult(
            part=part,
            rows=self.rows,
            accepted=ranges(self.accepted),
            rejected={reason: ranges(lines) for reason, lines in self.rejected.items()},
            held=ranges(self.held | self.sending),
            unanswered=ranges(self.unanswered),
            requests=self.requests,
            failed=dict(self.failed),
            ended=ended,
            reason=reason,
            started_at=self.started_at,
            ended_at=at,
        )
