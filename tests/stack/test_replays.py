"""Replays on the running stack: of many letters at a call, and by themselves once a key is mended."""

import json
import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from local.demo.stack import Stack
from local.settings import REGION, ROOT_KEY
from tests.stack.house import BRAZE_KEY, House, Json, until

KNOWN = 11.0
"""Seconds after which a replay by itself counts a change as known to every worker."""


@pytest.fixture
def house(stack: Stack) -> Iterator[House]:
    made = House(stack)
    made.open()
    yield made
    made.close()


def given_up(house: House, one: str, count: int) -> list[Json]:
    """Letters of the installation, once there are so many."""

    def enough() -> list[Json]:
        found: list[Json] = house.admin("GET", f"dead-letters?integration_id={one}")[1]["data"]
        return found if len(found) >= count else []

    return until(enough, "the dead letters")


def minute(stack: Stack) -> Json:
    """What the schedule does, now."""
    functions: Any = boto3.Session(ROOT_KEY, ROOT_KEY, region_name=REGION).client(
        "lambda", endpoint_url=stack.emulator_url
    )
    names = [one["FunctionName"] for one in functions.list_functions()["Functions"]]
    (name,) = [one for one in names if "DeadLetterFunction" in one]
    told: Json = json.loads(functions.invoke(FunctionName=name, Payload=b"{}")["Payload"].read())
    return told


def test_a_mended_key_is_enough_where_the_installation_says_so(stack: Stack, house: House) -> None:
    config = {"rest_api_key": f"wrong-{house.tag}", "replay_when_mended": True}
    one = house.install("braze", name=f"Mended {house.tag}", config=config)
    user = house.user()
    house.send({"batch": [house.track(user)]})
    given_up(house, one, 1)
    assert house.admin("PATCH", f"integrations/{one}", {"config": {"rest_api_key": "still-wrong"}})[0] == 200
    assert house.admin("POST", f"integrations/{one}/test")[1]["ok"] is False
    assert house.admin("PATCH", f"integrations/{one}", {"config": {"rest_api_key": BRAZE_KEY}})[0] == 200
    (mine,) = [one_ for one_ in house.admin("GET", "health")[1]["installations"] if one_["id"] == one]
    assert mine["status"] == "healthy"
    time.sleep(KNOWN)
    until(lambda: minute(stack) and house.events(user), "the event at Braze")
    assert len(house.events(user)) == 1
    replays = [row for row in house.admin("GET", "replays")[1]["data"] if row["integration_id"] == one]
    assert [(row["created_by"], row["replayed"]) for row in replays] == [("replay_when_mended", 1)]


def test_all_of_an_installation_are_replayed_by_one_call_and_each_arrives_once(house: House) -> None:
    one = house.install("braze", name=f"Many {house.tag}", config={"rest_api_key": f"wrong-{house.tag}"})
    users = [house.user() for _ in range(3)]
    for user in users:
        house.send({"batch": [house.track(user)]})
    given_up(house, one, 1)
    counted = until(lambda: house.admin("GET", f"dead-letters/groups?integration_id={one}")[1], "the counts")
    assert {row["outcome"] for row in counted["data"]} == {"blocked"}
    assert house.admin("PATCH", f"integrations/{one}", {"config": {"rest_api_key": BRAZE_KEY}})[0] == 200
    assert house.admin("POST", f"integrations/{one}/test")[1]["ok"] is True
    (mine,) = [row for row in house.admin("GET", "health")[1]["installations"] if row["id"] == one]
    assert mine["status"] == "healthy"
    time.sleep(KNOWN)
    told = [house.admin("POST", "replays", {"integration_id": one}) for _ in range(2)]
    assert [status for status, _ in told] == [202, 202]
    until(lambda: all(house.events(user) for user in users), "the events at Braze")
    assert [len(house.events(user)) for user in users] == [1, 1, 1]
    assert house.admin("GET", f"dead-letters/groups?integration_id={one}")[1]["total"] == 0
