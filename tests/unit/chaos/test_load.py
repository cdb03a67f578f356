"""The load: what it notes as accepted, what it sends, and what its audiences' exports say of their truth."""

import csv
import gzip
import io
import json
import time
from collections import Counter
from random import Random
from typing import Any

import pytest

from local.chaos import audiences
from local.chaos.asking import Refused, Unanswered
from local.chaos.audiences import Audience, Members
from local.chaos.happenings import refused, unwanted
from local.chaos.load import Load
from local.chaos.people import Crowd

CROWD = Crowd("tag", 50)


class Api:
    """Accepts what names somebody; counts calls; with an `error` it accepts nothing."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error, self.calls = error, Counter[str]()

    def call(self, _method: str, path: str, body: Any = None, **_query: Any) -> Any:
        self.calls[path] += 1
        if self.error:
            raise self.error
        events = body.get("batch", [body])
        bad = [index for index, event in enumerate(events) if refused(event)]
        return {"accepted": len(events) - len(bad), "errors": [{"index": index} for index in bad]}

    def once(self, _method: str, path: str, body: Any = None) -> tuple[int, Any]:
        self.calls[path] += 1
        return 400 if refused(body) else 200, {}


def sent(api: Any, seed: int = 1) -> Load:
    load = Load([api], CROWD, rate=20_000, seed=seed)
    load.start(0.05)
    load.wait()
    return load


def test_what_was_answered_200_is_noted_by_id_and_what_names_nobody_is_not() -> None:
    api = Api()
    load = sent(api)
    assert load.accepted
    assert load.refused
    assert load.wrong == []
    assert all(one["messageId"] == name for name, one in ((n, a.event) for n, a in load.accepted.items()))
    assert not load.refused & load.accepted.keys()
    assert {"/v1/batch", "/v1/track", "/v1/identify", "/v1/page"} <= set(api.calls)


def test_what_was_never_answered_is_known_as_such_and_what_was_refused_is_told() -> None:
    load = sent(Api(Unanswered("gone")))
    assert (load.accepted, bool(load.given_up), load.wrong) == ({}, True, [])
    assert set(sent(Api(Refused("403"))).wrong) == {"403"}


def test_a_collector_that_takes_what_names_nobody_is_told() -> None:
    class Greedy(Api):
        def once(self, *_args: Any) -> tuple[int, Any]:
            return 200, {"accepted": 1}

    assert any("names nobody" in what for what in sent(Greedy()).wrong)


def test_the_same_seed_sends_the_same() -> None:
    first, again = sent(Api(), 7), sent(Api(), 7)
    both = first.accepted.keys() & again.accepted.keys()
    assert both
    assert all(first.accepted[name].event == again.accepted[name].event for name in both)


@pytest.mark.parametrize(
    ("event", "by_actioniq", "by_braze"),
    [
        ({"type": "track", "userId": "u"}, False, False),
        ({"type": "identify", "userId": "u"}, False, False),
        ({"type": "page", "userId": "u"}, False, True),
        ({"type": "group", "userId": "u"}, True, True),
        ({"type": "track", "anonymousId": "a"}, False, True),
        ({"type": "track", "userId": "u", "integrations": {"Braze": False}}, False, True),
    ],
)
def test_who_has_to_leave_what_out(event: dict[str, Any], by_actioniq: bool, by_braze: bool) -> None:
    assert (unwanted("actioniq", event), unwanted("braze", event)) == (by_actioniq, by_braze)


class Bridge:
    """A bucket that takes exports, and runs that are done, after a person's approval where one is wanted."""

    def __init__(self) -> None:
        self.s3 = self
        self.files: dict[str, bytes] = {}
        self.calls = 0

    def put_object(self, *, Bucket: str, Key: str, Body: bytes) -> None:  # noqa: N803 (boto3's names)
        assert Bucket == "exports"
        self.files[Key] = Body

    def once(self, _method: str, path: str, _body: Any = None, **_query: Any) -> tuple[int, Any]:
        self.calls += 1
        if self.calls % 3 == 0:
            return 0, "ReadTimeout"
        manifests = [key.split("/") for key in self.files if key.endswith("manifest.json")]
        runs = [{"id": parts[4], "integration_id": parts[1], "export_id": parts[4]} for parts in manifests]
        return 200, {"data": runs} if path.endswith("runs") else {"status": "done"}

    def exported(self) -> list[tuple[str, list[dict[str, str]]]]:
        found = []
        for key, body in self.files.items():
            if key.endswith("manifest.json"):
                manifest = json.loads(body)
                part = gzip.decompress(self.files[manifest["parts"][0]["key"]]).decode()
                found.append((manifest["mode"], list(csv.DictReader(io.StringIO(part)))))
        return found


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audiences, "POLL", 0.001)


def test_the_deltas_of_an_audience_add_up_to_its_truth() -> None:
    bridge: Any = Bridge()
    crowd = Crowd("tag", 2_000)
    audience = Audience("a", "delta", crowd, bridge, bridge, "exports", "int_1", Random(3))  # noqa: S311 (repeatable)
    audience._until = time.monotonic() + 5
    held: Members = {}
    for mode in ("full", "delta", "delta", "full", "delta"):
        audience._export(mode)  # type: ignore[arg-type]
    for mode, rows in bridge.exported():
        held = {} if mode == "full" else held
        for row in rows:
            member = {"n": int(row["n"] or 0), "city": row["city"]}
            held.pop(row["external_id"], None)
            if row.get("op") != "remove":
                held[row["external_id"]] = member
    assert held == audience.members
    assert audience.ended == ["done"] * 5
    assert audience.wrong == []


def test_an_audience_without_an_end_in_time_is_told() -> None:
    bridge: Any = Bridge()
    audience = Audience("a", "full", Crowd("tag", 2_000), bridge, bridge, "exports", "int_1", Random(3))  # noqa: S311 (repeatable)
    audience._until = 0.0
    audience._export("full")
    assert audience.wrong == ["a: no run for export a-1"]


def test_every_datum_of_a_person_holds_a_word_that_is_looked_for() -> None:
    person, words = CROWD.person(7), CROWD.words()
    data = (person.user, person.email, person.phone, person.first_name, person.last_name)
    assert all(any(word in datum for word in words.values()) for datum in data)
    assert len(set(words.values())) == len(words)
