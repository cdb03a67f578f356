"""The circuit of an installation, and the reading of its key: what a worker keeps from wearing out."""

from datetime import timedelta

from bridge.errors import Retryable
from bridge.flows.delivery.circuit import FAILURES_TO_OPEN, FIRST_PAUSE, LONGEST_PAUSE, Circuit
from bridge.flows.delivery.vendor_keys import Credentials
from tests.unit.delivery.fakes import START, FakeSecrets
from tests.unit.delivery.world import World, delivery, event, installation, order, success

LONGEST = timedelta(seconds=35)


def opened() -> Circuit:
    circuit = Circuit()
    for _ in range(FAILURES_TO_OPEN):
        circuit.failed("int_1")
    return circuit


def test_a_few_failures_leave_the_circuit_closed() -> None:
    circuit = Circuit()
    assert [circuit.failed("int_1") for _ in range(FAILURES_TO_OPEN - 1)] == [None] * 4
    assert circuit.enter("int_1", START, LONGEST)


def test_failures_in_a_row_open_it_for_longer_each_time_up_to_a_limit() -> None:
    circuit = opened()

    def probed() -> float | None:
        assert circuit.enter("int_1", START, LONGEST)
        return circuit.failed("int_1")

    pauses = [30.0, 60.0, 120.0, 240.0, 480.0, LONGEST_PAUSE, LONGEST_PAUSE]
    assert [probed() for _ in pauses] == pauses


def test_one_outage_met_by_many_requests_at_once_pauses_once() -> None:
    circuit = Circuit()
    assert all(circuit.enter("int_1", START, LONGEST) for _ in range(40))
    assert [pause for _ in range(40) if (pause := circuit.failed("int_1"))] == [FIRST_PAUSE]


def test_an_open_circuit_lets_one_request_probe() -> None:
    circuit = opened()
    assert circuit.enter("int_1", START, LONGEST)
    assert not circuit.enter("int_1", START, LONGEST)
    assert circuit.enter("int_1", START + LONGEST, LONGEST)
    assert circuit.enter("int_2", START, LONGEST)


def test_an_answer_closes_it() -> None:
    circuit = opened()
    circuit.answered("int_1")
    assert circuit.enter("int_1", START, LONGEST)
    assert circuit.enter("int_1", START, LONGEST)


def test_while_a_vendor_is_down_deliveries_wait_without_spending_attempts() -> None:
    world = World()
    world.vendor.answers = lambda _: (503, {})
    worker = world.worker()
    messages = [delivery([event(f"m{n}", userId=f"u{n}")], delivery_id=f"dlv_{n:024x}") for n in range(40)]
    results = [worker.receive(message.body(), "handle", 120_000) for message in messages]
    assert [result.status for result in results] == ["retrying"] * 5 + ["waiting"] * 35
    assert len(world.bodies()) == FAILURES_TO_OPEN
    assert world.health.notes[messages[0].integration_id][0] == "degraded"
    world.vendor.answers = success
    world.clock.pass_(minutes=1)
    assert {worker.receive(message.body(), "handle", 120_000).status for message in messages} == {"delivered"}


def test_a_429_is_an_answer_from_which_failures_count_anew() -> None:
    world = World()
    worker, statuses = world.worker(), iter([503] * 4 + [429] + [503] * 4)
    world.vendor.answers = lambda _: (next(statuses), {}, {"Retry-After": "1"})
    for number in range(9):
        message = delivery([event(f"m{number}")], delivery_id=f"dlv_{number:024x}")
        assert worker.receive(message.body(), "handle", 120_000).status == "retrying"
        world.clock.pass_(seconds=2)
    assert worker.deliverer.circuit.enter(message.integration_id, world.now, LONGEST)
    assert world.health.notes == {}


def test_a_bad_key_on_many_messages_is_read_afresh_once() -> None:
    secrets = FakeSecrets({"rest_api_key": "bad"})
    keys, braze = Credentials(secrets), installation("braze")
    used = keys.current(braze)
    assert keys.refreshed(braze, used, START) == used
    assert keys.refreshed(braze, used, START + timedelta(seconds=1)) is None
    assert secrets.reads == 1
    assert keys.refreshed(braze, used, START + timedelta(seconds=16)) == used


def test_a_refused_trigger_waits_when_the_key_cannot_be_read_now_and_is_not_taken_for_sent() -> None:
    world = World()
    message, read = order(["u1"]), world.secrets.get

    def unreadable(catalog_key: str, owner_id: str, *, fresh: bool = False) -> dict[str, str]:
        if fresh:
            raise Retryable("secrets_unavailable")
        return read(catalog_key, owner_id)

    world.secrets.get = unreadable  # type: ignore[method-assign]
    world.vendor.answers = lambda _: (401, {"message": "Invalid API key"})
    world.receive(message)
    row = world.row(message)
    assert (row["status"], row["reason"], row["counts"]) == ("retrying", "secrets_unavailable", {"retry": 1})
    world.secrets.get, world.vendor.answers = read, success  # type: ignore[method-assign]
    world.clock.pass_(minutes=5)
    assert world.receive(message).status == "delivered"


def test_a_key_another_thread_has_just_read_afresh_is_used() -> None:
    secrets = FakeSecrets({"rest_api_key": "new"}, stale={"rest_api_key": "old"})
    keys, braze = Credentials(secrets), installation("braze")
    used = keys.current(braze)
    keys.refreshed(braze, used, START)
    assert keys.refreshed(braze, used, START) == {"rest_api_key": "new"}


def test_the_key_of_a_new_revision_is_read_at_once_although_the_old_one_was_refused_a_moment_ago() -> None:
    secrets = FakeSecrets({"rest_api_key": "new"}, stale={"rest_api_key": "old"})
    keys, braze = Credentials(secrets), installation("braze")
    assert keys.current(braze) == keys.current(braze) == {"rest_api_key": "old"}
    revision = braze.revision.model_copy(update={"revision_number": 2})
    mended = braze.model_copy(update={"revision": revision})
    assert keys.current(mended) == {"rest_api_key": "new"}
    keys.current(mended)
    assert secrets.reads == 1
