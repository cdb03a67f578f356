from dataclasses import dataclass

import pytest

from bridge.settings import CommaList, InvalidSettings, Lane, LaneQueues, Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Example(Settings):
    stack_name: str
    claim_days: int = 7
    extra_allowed_hosts: CommaList = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lanes(Settings):
    lane_queues: LaneQueues


def test_every_fault_is_named_at_once() -> None:
    with pytest.raises(InvalidSettings, match="STACK_NAME: missing; CLAIM_DAYS: not a whole number"):
        Example.load({"CLAIM_DAYS": "seven"})


def test_a_malformed_value_is_named_but_not_repeated() -> None:
    with pytest.raises(InvalidSettings, match="CLAIM_DAYS") as caught:
        Example.load({"STACK_NAME": "s", "CLAIM_DAYS": "a-secret"})
    assert "a-secret" not in str(caught.value)


def test_a_lane_is_a_queue_and_its_dead_letters() -> None:
    found = Lanes.load({"LANE_QUEUES": '{"event":["https://q","https://d"]}'}).lane_queues
    assert found == {"event": Lane(queue="https://q", dead_letters="https://d")}


@pytest.mark.parametrize("text", ["{", "[]", '{"event":7}', '{"event":["https://q"]}', "null"])
def test_a_malformed_table_of_lanes_is_named(text: str) -> None:
    with pytest.raises(InvalidSettings, match="LANE_QUEUES: not a JSON object of pairs"):
        Lanes.load({"LANE_QUEUES": text})


def test_an_empty_variable_counts_as_absent() -> None:
    assert Example.load({"STACK_NAME": "s", "CLAIM_DAYS": ""}).claim_days == 7


def test_a_comma_list_drops_blanks() -> None:
    loaded = Example.load({"STACK_NAME": "s", "EXTRA_ALLOWED_HOSTS": "127.0.0.1:8085, ,localhost"})
    assert loaded.extra_allowed_hosts == ("127.0.0.1:8085", "localhost")
