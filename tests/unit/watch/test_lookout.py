"""What needs a person is counted at every look and told of once, with what to do."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from bridge.flows.admin.lookout import Lookout, Seen
from mapping.export import RunPlan, Wait
from mapping.run import Run
from tests.unit.operations.fakes import AT, NOW, run

API = "https://api.example.com"


def condition(number: int = 1, status: str = "blocked", **changes: Any) -> dict[str, Any]:
    known = {"id": f"int_{number}", "name": f"Braze {number}", "enabled": True, "status": status}
    told = {"since": "2026-11-22T11:00:00.000Z", "message": "The REST API key is wrong. Compare it."}
    return known | told | changes


def planned(*waits: Wait, status: str = "waiting_approval", **changes: Any) -> Run:
    ids = {"run_id": "run_1", "integration_id": "int_1", "export_id": "e1"}
    plan = RunPlan(**ids, kind="audience", attempt=1, exported_at=AT, waits_for=waits)
    return run(status, plan=plan, **changes)


@dataclass
class World:
    conditions: list[dict[str, Any]] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    known: set[str] = field(default_factory=set)
    mails: list[tuple[str, str]] = field(default_factory=list)
    away: bool = False
    asked: list[datetime] = field(default_factory=list)

    def all(self) -> list[dict[str, Any]]:
        return self.conditions

    def waiting(self, since: datetime) -> list[Run]:
        self.asked.append(since)
        return self.runs

    def is_new(self, about: str) -> bool:
        return about not in self.known

    def told(self, about: str) -> None:
        self.known.add(about)

    def publish(self, subject: str, text: str) -> None:
        if self.away:
            raise ConnectionError
        self.mails.append((subject, text))

    def look(self) -> Seen:
        return Lookout(self, self, self, self, lambda: NOW, API).look()


def test_blocked_degraded_and_waiting_are_counted_and_what_is_switched_off_is_not() -> None:
    world = World([condition(1), condition(2, "degraded"), condition(3, "healthy")], [planned(), planned()])
    world.conditions.append(condition(4, enabled=False))
    assert world.look() == Seen(blocked=1, degraded=1, waiting=2)


def test_a_blocked_installation_is_told_of_once_with_its_sentence_and_again_when_it_blocks_anew() -> None:
    world = World([condition()])
    world.look()
    world.look()
    (mail,) = world.mails
    assert mail[0] == "Braze 1 is blocked"
    assert "The REST API key is wrong. Compare it." in mail[1]
    assert f"{API}/v1/admin/replays" in mail[1]
    world.conditions = [condition(since="2026-11-22T13:00:00.000Z")]
    world.look()
    assert len(world.mails) == 2


def test_a_degraded_installation_wakes_nobody_up() -> None:
    world = World([condition(status="degraded")])
    world.look()
    assert world.mails == []


def test_a_waiting_run_is_told_of_once_with_why_and_how_to_let_it_go() -> None:
    world = World([condition(status="healthy")], [planned(Wait(code="leavers", detail="40 % would leave"))])
    world.look()
    world.look()
    ((subject, text),) = world.mails
    assert subject == "A run of audience a, split 1 waits for approval"
    assert "- leavers: 40 % would leave" in text
    assert f"POST {API}/v1/admin/audience-runs/run_1/approve" in text
    assert "Braze 1" in text


def test_a_run_that_waits_again_after_it_was_planned_anew_is_told_of_again() -> None:
    world = World([], [planned(attempt=1)])
    world.look()
    world.runs = [planned(attempt=2)]
    world.look()
    assert len(world.mails) == 2


def test_an_export_that_came_too_late_is_told_of_and_one_that_another_took_the_place_of_is_not() -> None:
    late = planned(Wait(code="stale_export", detail="before the one committed"), status="stale")
    world = World([], [late, planned(status="stale", id="run_2", waits_on="run_3")])
    assert world.look() == Seen(blocked=0, degraded=0, waiting=0)
    ((subject, text),) = world.mails
    assert subject == "A run of audience a, split 1 waits for approval"
    assert "- stale_export: before the one committed" in text


def test_a_campaign_run_without_a_name_of_its_installation_is_told_of_too() -> None:
    world = World([], [planned(kind="campaign", audience_id=None, split_id=None)])
    world.look()
    assert world.mails[0][0] == "A run of campaign export waits for approval"
    assert "int_1" in world.mails[0][1]


def test_what_could_not_be_told_is_told_at_the_next_look() -> None:
    world = World([condition()], away=True)
    with pytest.raises(ConnectionError):
        world.look()
    world.away = False
    world.look()
    assert len(world.mails) == 1


def test_a_run_is_looked_for_as_long_as_its_message_may_wait() -> None:
    world = World()
    world.look()
    assert world.asked == [NOW - timedelta(days=14)]
