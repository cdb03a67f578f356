"""An audience on the running stack that is taken back, and one whose profiles somebody else has changed."""

import json
import urllib.request
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from local.demo import clues, prepare
from local.demo.api import Api
from local.demo.aws import Account
from local.demo.stack import Stack
from local.demo.watch import Patience, Watch
from local.demo.web import Http, Refused
from tests.stack.test_exports import Bench

Json = dict[str, Any]
READ_ONLY_TRACK = ["users.track", "campaigns.list", "campaigns.trigger.send"]


def house(stack: Stack, **config: Any) -> Bench:
    tag = uuid.uuid4().hex[:8]
    api, account = Api(stack), Account(stack)
    watch = Watch(lambda: clues.gather(api, account), Patience(total=120))
    bench = Bench(stack, api, account, watch, tag)
    wanted = prepare.braze(stack)
    wanted = wanted | {"name": f"Braze readback {tag}", "config": wanted["config"] | config}
    bench.installation = api.install("braze", wanted)["id"]
    return bench


@pytest.fixture
def bench(stack: Stack) -> Iterator[Bench]:
    made = house(stack)
    yield made
    made.api.uninstall(made.installation)


def exported(bench: Bench, cities: dict[str, str]) -> Json:
    people = [{"external_id": f"{bench.tag}-{who}", "home_city": city} for who, city in cities.items()]
    ended = bench.ends(bench.put(f"audience={bench.tag}/split=1", people))
    assert ended["status"] == "done", ended
    return ended


def held(bench: Bench, who: str) -> tuple[Any, Any]:
    found = bench.profile(f"{bench.tag}-{who}")
    return found.get(f"AIQ_{bench.tag}_1"), found.get("home_city")


def change(bench: Bench, *profiles: Json) -> None:
    """As another source would, through the stand-in's control API."""
    Http(bench.stack.braze_url).call("POST", "/_standin/profiles", json={"profiles": list(profiles)})


def report(run: Json) -> Json:
    with urllib.request.urlopen(run["report_url"], timeout=30) as answer:
        found: Json = json.loads(answer.read())
    return found


def test_an_audience_goes_back_to_what_an_earlier_run_committed(bench: Bench) -> None:
    first = exported(bench, {"a": "Ulm", "b": "Rom", "c": "Bonn", "d": "Pisa"})
    exported(bench, {"b": "Rom", "c": "Paris", "d": "Pisa", "new": "Oslo"})
    with pytest.raises(Refused, match="ALREADY_CURRENT"):
        bench.api.roll_back(exported(bench, {"b": "Rom", "c": "Paris", "d": "Pisa", "new": "Oslo"})["id"])
    ordered = bench.api.roll_back(first["id"])
    assert (ordered["origin"], ordered["based_on"]) == ("rollback", first["id"])
    ended = bench.ends(ordered["id"])
    plan = ended["plan"]
    assert (ended["status"], plan["joined"], plan["left"], plan["changed"]) == ("done", 1, 1, 1)
    assert plan["data_points"] == 3
    assert {who: held(bench, who) for who in ("a", "b", "c", "d", "new")} == {
        "a": (True, "Ulm"),
        "b": (True, "Rom"),
        "c": (True, "Bonn"),
        "d": (True, "Pisa"),
        "new": (False, "Oslo"),
    }
    assert bench.api.roll_back(first["id"])["id"] == ordered["id"]


def test_what_somebody_else_changed_at_braze_is_found_and_mended(bench: Bench) -> None:
    cities = {f"p{number}": "Ulm" for number in range(60)}
    run = exported(bench, cities)
    name = f"AIQ_{bench.tag}_1"
    change(
        bench,
        {"external_id": f"{bench.tag}-p1", "home_city": "Rom"},
        {"external_id": f"{bench.tag}-p2", "custom_attributes": {name: None}},
        {"external_id": f"{bench.tag}-p3", "custom_attributes": {name: False}, "home_city": None},
    )
    ended = bench.ends(bench.api.reconcile(run["id"], sample="all", repair=True)["id"])
    assert (ended["kind"], ended["status"]) == ("reconcile", "done")
    found = report(ended)["reconcile"]
    assert (found["read"], found["unread"], found["unknown_to_braze"]) == (60, 0, 0)
    assert (found["drifted"], found["not_members"]) == (3, 2)
    assert found["attributes"] == {"home_city": {"different": 1, "missing": 1}}
    assert all(bench.tag not in one["user"] for one in found["examples"])
    mended = bench.ends(found["repair"])
    assert (mended["status"], mended["origin"], mended["plan"]["data_points"]) == ("done", "repair", 4)
    assert {held(bench, who) for who in cities} == {(True, "Ulm")}
    again = bench.ends(bench.api.reconcile(run["id"], sample="all")["id"])
    assert report(again)["reconcile"]["drifted"] == 0


def test_a_key_that_may_not_read_says_so(stack: Stack) -> None:
    key = f"brz_{uuid.uuid4().hex}"
    Http(stack.braze_url).call("POST", "/_standin/keys", json={"key": key, "permissions": READ_ONLY_TRACK})
    bench = house(stack, rest_api_key=key)
    run = exported(bench, {"a": "Ulm"})
    ended = bench.ends(bench.api.reconcile(run["id"])["id"])
    assert (ended["status"], ended["halt"]["reason"]) == ("blocked", "users_export_ids_missing")
    bench.api.uninstall(bench.installation)


def test_whom_braze_does_not_know_is_told_apart_and_joins_once_it_does(stack: Stack) -> None:
    bench = house(stack, update_existing_only=True)
    change(bench, *({"external_id": f"{bench.tag}-{who}"} for who in ("a", "b")))
    people = {"a": "Ulm", "b": "Rom", "c": "Bonn"}
    first = exported(bench, people)
    told = read_back(bench, first["id"])
    assert (told["of"], told["read"], told["unknown_to_braze"]) == (3, 3, 1)
    assert bench.profile(f"{bench.tag}-c") == {}
    change(bench, {"external_id": f"{bench.tag}-c"})
    second = exported(bench, people)
    assert (second["plan"]["joined"], second["plan"]["data_points"]) == (1, 2)
    assert read_back(bench, second["id"])["unknown_to_braze"] == 0
    assert held(bench, "c") == (True, "Bonn")
    bench.api.uninstall(bench.installation)


def read_back(bench: Bench, run: str) -> Json:
    """What the reading after a run has found."""
    found: Json = {}

    def look() -> int:
        found.update(bench.api.run(run)["result"].get("joiners", {}))
        return int("read" in found)

    bench.watch.until(f"the joiners of {run} read back", 1, look)
    return found
