"""The agent: the same seed does the same, everything comes once, and whatever was done is undone."""

import time
from random import Random

from local.chaos.agent import Agent, Done, Undo

QUICK = (0.0, 0.002)


def ended(agent: Agent, seconds: float = 0.05) -> Agent:
    agent.start(seconds)
    ends = time.monotonic() + 5
    while agent.busy() and time.monotonic() < ends:
        time.sleep(0.002)
    assert not agent.busy()
    return agent


def names(seed: int) -> list[str]:
    def nothing(dice: Random) -> Done:
        return str(dice.random()), 0.0, None

    agent = ended(Agent(str(seed), dict.fromkeys("abcdef", (nothing, 1)), QUICK))
    return [what for _, what in agent.told][:6]


def test_the_same_seed_does_the_same_and_everything_once_before_anything_twice() -> None:
    assert names(7) == names(7)
    assert names(7) != names(8)
    assert sorted(what[0] for what in names(7)) == list("abcdef")


def test_whatever_was_done_is_undone_at_the_end_at_the_latest() -> None:
    undone: list[float] = []

    def done(seconds: float) -> Undo:
        return lambda: undone.append(seconds)

    mischief = {
        "short": (lambda _: ("", 0.0, done(0.0)), 1),
        "long": (lambda _: ("", 60.0, done(60.0)), 1),
    }
    agent = ended(Agent("1", mischief, QUICK))
    assert len(undone) == agent.done.total()
    assert {0.0, 60.0} == set(undone)


def test_a_mischief_that_fails_is_told_and_the_others_go_on() -> None:
    def fails(_: Random) -> Done:
        raise OSError("no")

    agent = ended(Agent("1", {"fails": (fails, 1), "works": (lambda _: ("", 0.0, None), 1)}, QUICK))
    assert set(agent.done) == {"works"}
    assert "fails: OSError('no')" in agent.failed
