"""Gates of the pump in tests."""

from dataclasses import dataclass, field


@dataclass
class OpenGate:
    """Lets `width` requests through at a time; `waits` are the seconds it says to wait while it is shut."""

    width: int = 2
    shut: bool = False
    waits: float = 0.0
    paused: list[float] = field(default_factory=list)
    landed_: list[bool] = field(default_factory=list)
    flying: int = 0

    def __call__(self, installation_id: str, kind: str) -> "OpenGate":
        return self

    def room(self, wanted: int) -> int:
        free = 0 if self.shut else min(wanted, self.width - self.flying)
        self.flying += free
        return free

    def wait(self) -> float:
        return self.waits

    def give_back(self, unused: int) -> None:
        self.flying -= unused

    def landed(self, seconds: float, *, refused: bool) -> None:
        self.flying -= 1
        self.landed_.append(refused)

    def pause(self, seconds: float) -> bool:
        self.paused.append(seconds)
        return True
