"""An agent of chaos: at every turn its dice say what goes wrong next; a seed makes them fall alike."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random

Undo = Callable[[], None]
Done = tuple[str, float, Undo | None] | None
"""What was done, and after how many seconds it is undone; None when it could not be done now."""

Mischief = Callable[[Random], Done]


@dataclass
class Agent:
    """`mischief` by its name, each with its share; everything is done once before anything comes twice.

    Between two turns it rests for a while within `pause` (seconds).
    """

    seed: str
    mischief: Mapping[str, tuple[Mischief, int]]
    pause: tuple[float, float] = (1.0, 4.0)
    done: Counter[str] = field(default_factory=Counter)
    told: list[tuple[float, str]] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    _ongoing: list[tuple[float, Undo]] = field(default_factory=list)
    _thread: threading.Thread | None = None

    def start(self, seconds: float) -> None:
        """Go about for so long, in the background."""
        self._thread = threading.Thread(target=self._about, args=(seconds,), daemon=True)
        self._thread.start()

    def busy(self) -> bool:
        """Until everything is undone."""
        return self._thread is not None and self._thread.is_alive()

    def _about(self, seconds: float) -> None:
        dice = Random(self.seed)  # noqa: S311 (repeatable)
        began = time.monotonic()
        first = sorted(self.mischief)
        dice.shuffle(first)
        while time.monotonic() - began < seconds:
            name = first.pop() if first else self._chosen(dice)
            self._do(name, Random(dice.random()))  # noqa: S311 (repeatable)
            self._rest(dice.uniform(*self.pause))
        for _, undo in self._ongoing:
            self._undone(undo)

    def _chosen(self, dice: Random) -> str:
        names = sorted(self.mischief)
        return dice.choices(names, [self.mischief[name][1] for name in names])[0]

    def _do(self, name: str, dice: Random) -> None:
        try:
            what = self.mischief[name][0](dice)
        except Exception as error:  # noqa: BLE001 (an agent whose own call fails says so and goes on)
            self.failed.append(f"{name}: {error!r}"[:300])
            return
        if what is None:
            return
        sentence, seconds, undo = what
        self.done[name] += 1
        self.told.append((time.time(), f"{name}: {sentence}"))
        if undo is not None:
            self._ongoing.append((time.monotonic() + seconds, undo))

    def _rest(self, seconds: float) -> None:
        ends = time.monotonic() + seconds
        while True:
            now = time.monotonic()
            due = [one for one in self._ongoing if one[0] <= now]
            self._ongoing = [one for one in self._ongoing if one[0] > now]
            for _, undo in due:
                self._undone(undo)
            if now >= ends:
                return
            time.sleep(min(0.1, max(0.0, ends - now)))

    def _undone(self, undo: Undo) -> None:
        try:
            undo()
        except Exception as error:  # noqa: BLE001 (as above)
            self.failed.append(f"undoing: {error!r}"[:300])
