"""Both handlers, with everything behind them in memory, on the events of `events/`."""

import importlib.util
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from bridge.flows.erase import erasing
from bridge.flows.runs.run_messages import RunMessages
from mapping.export import run_id
from tests.unit.erase.world import ANN, ErasingWorld
from tests.unit.plan.world import World, row, truth

ROOT = Path(__file__).resolve().parents[3]
PEOPLE = [row(f"u{n}", n, "here") for n in range(7)]


class Context:
    aws_request_id = "request-1"

    def get_remaining_time_in_millis(self) -> int:
        return 900_000


class Queue:
    """Both sides of a queue: what was hidden for how long, and the letters."""

    def __init__(self) -> None:
        self.hidden: list[float] = []
        self.letters: list[Mapping[str, str] | None] = []

    def hide(self, receipt_handle: str, seconds: float) -> None:
        self.hidden.append(seconds)

    def send(self, bodies: Sequence[str], *, attributes: Mapping[str, str] | None = None) -> None:
        self.letters.append(attributes)


class Quiet:
    def info(self, msg: object, *, extra: Mapping[str, object]) -> None: ...

    def error(self, msg: object, *, extra: Mapping[str, object]) -> None: ...


def wired(name: str, world: World, queue: Queue) -> Any:
    """The function's module, its factories replaced by the world's."""
    spec = importlib.util.spec_from_file_location(f"app_{name}", ROOT / "functions" / name / "app.py")
    assert spec
    assert spec.loader
    app: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(app)
    app.messages = lambda: RunMessages(queue, queue, monotonic)
    app.steps, app.sync, app.logger = lambda: world.steps, lambda: world.sync, Quiet
    return app


def event(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / "events" / f"{name}.json").read_text())
    return found


def invoke(app: Any, body: str) -> Any:
    message = event("audience_plan.commit")
    message["Records"][0]["body"] = body
    return app.lambda_handler(message, Context())


def test_an_export_goes_through_both_handlers_to_braze() -> None:
    world, queue = World(), Queue()
    plan, sync = wired("audience_plan", world, queue), wired("audience_sync", world, queue)
    run = world.put("one", PEOPLE)
    assert invoke(plan, world.exports.messages.pop()[0]) == {"batchItemFailures": []}
    for message, _ in world.parts.messages:
        assert invoke(sync, message) == {"batchItemFailures": []}
    for message, _ in list(world.exports.messages):
        assert invoke(plan, message) == {"batchItemFailures": []}
    assert world.run(run).status == "done"
    assert world.braze.profiles == truth(PEOPLE)


@pytest.mark.parametrize(
    ("case", "key"),
    [
        ("export", "exports/int_000000000000000000b2/audience=spent-50/split=1/2026-11-21/manifest.json"),
        ("dropped_file", "drop/int_000000000000000000b2/audience=spent-50/split=1/members of may.csv"),
        ("campaign_export", "exports/int_000000000000000000b2/campaign=c0ffee/2026-11-21/manifest.json"),
    ],
)
def test_an_export_for_nobody_is_a_blocked_run_with_a_report(case: str, key: str) -> None:
    world, queue = World(), Queue()
    plan = wired("audience_plan", world, queue)
    assert plan.lambda_handler(event(f"audience_plan.{case}"), Context()) == {"batchItemFailures": []}
    found = world.run(run_id(key, "9b2cf535f27731c974343645a3985328"))
    assert found.status == "blocked"
    assert world.report(found.id)["reason"] == "unknown_installation"


@pytest.mark.parametrize("case", ["part_of_export", "test_event", "commit", "resume"])
def test_what_starts_no_run_is_acknowledged(case: str) -> None:
    world, queue = World(), Queue()
    answer = wired("audience_plan", world, queue).lambda_handler(event(f"audience_plan.{case}"), Context())
    assert answer == {"batchItemFailures": []}
    assert world.runs.rows == {}


def test_an_erasure_goes_to_who_erases_and_not_to_the_runs() -> None:
    world, queue = ErasingWorld(), Queue()
    world.lived()
    app = wired("audience_plan", world, queue)
    app.erasing = lambda: world.erasing
    assert app.lambda_handler(event("audience_plan.erase"), Context()) == {"batchItemFailures": []}
    world.ask()
    assert invoke(app, erasing.message(ANN)) == {"batchItemFailures": []}
    assert world.job.status == "done"
    assert queue.letters == []


@pytest.mark.parametrize("case", ["part", "give_up"])
def test_a_part_of_an_unknown_run_is_acknowledged(case: str) -> None:
    answer = wired("audience_sync", World(), Queue()).lambda_handler(
        event(f"audience_sync.{case}"), Context()
    )
    assert answer == {"batchItemFailures": []}


@pytest.mark.parametrize("name", ["audience_plan", "audience_sync"])
def test_what_cannot_be_read_becomes_a_dead_letter(name: str) -> None:
    queue = Queue()
    answer = wired(name, World(), queue).lambda_handler(event(f"{name}.unreadable"), Context())
    assert answer == {"batchItemFailures": []}
    assert queue.letters == [{"reason": "unreadable_message", "detail": queue.letters[0]["detail"]}]  # type: ignore[index]


@pytest.mark.parametrize("body", ["[]", "7", "null", "{}", "[" * 50_000, '{"Records": 1}', '{"part": 1}'])
@pytest.mark.parametrize("name", ["audience_plan", "audience_sync"])
def test_a_body_that_is_no_message_is_called_unreadable_at_once(name: str, body: str) -> None:
    queue = Queue()
    assert invoke(wired(name, World(), queue), body) == {"batchItemFailures": []}
    assert [letter and letter["reason"] for letter in queue.letters] == ["unreadable_message"]


def test_a_waiting_message_hides_and_comes_back() -> None:
    world, queue = World(config={"approve_recipients": 1}), Queue()
    plan = wired("audience_plan", world, queue)
    world.put("one", PEOPLE, where="campaign=c1")
    answer = invoke(plan, world.exports.messages[0][0])
    assert len(answer["batchItemFailures"]) == 1
    assert queue.hidden == [60, 300]
