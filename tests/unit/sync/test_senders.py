"""What Braze answers, line by line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest

from bridge.errors import Blocked, Rejected, Retryable, TooLarge
from bridge.flows.runs.pacing import Pacers
from bridge.flows.runs.senders import BrazeSenders
from mapping.export import RunPlan
from mapping.times import iso
from tests.unit.plan.world import INSTALLATION, START, Nobody

LINES = [b'{"external_id":"a"}', b'{"external_id":"b"}', b'{"external_id":"c"}']


@dataclass
class Said:
    errors: Sequence[Any] = ()
    taken: bool = True
    pause: float | None = None
    notice: str = ""
    rate: Any = None


@dataclass
class Fault:
    index: int | None
    reason: str
    array: str | None = "attributes"
    detail: str = ""


@dataclass
class Client:
    answers: list[Said | Exception]
    bodies: list[bytes] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    recipients: list[Any] = field(default_factory=list)

    def track(self, endpoint: str, key: Any, body: bytes) -> Said:
        self.bodies.append(body)
        self.keys.append(key.get_secret_value())
        return self._answer()

    def trigger(
        self, endpoint: str, key: Any, campaign_id: str, recipients: Sequence[Mapping[str, Any]]
    ) -> Said:
        self.keys.append(key.get_secret_value())
        self.recipients += recipients
        return self._answer()

    def _answer(self) -> Said:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


@dataclass
class Keys:
    fresh: Mapping[str, str] | None = None

    def current(self, installation: object) -> Mapping[str, str]:
        return {"rest_api_key": "old"}

    def refreshed(self, installation: object, used: object, now: datetime) -> Mapping[str, str] | None:
        return self.fresh


@dataclass
class Pauses:
    until: list[datetime] = field(default_factory=list)

    def pause(self, installation_id: str, until: datetime, reason: str, *, now: datetime) -> None:
        self.until.append(until)


def send(
    client: Client,
    *,
    kind: str = "audience",
    keys: Keys | None = None,
    pauses: Pauses | None = None,
    pacers: Pacers | None = None,
) -> Mapping[int, str]:
    plan = RunPlan(
        run_id="run_1",
        integration_id=INSTALLATION,
        kind=kind,
        export_id="e",
        attempt=1,
        exported_at=iso(START),
        campaign_id="c1",
    )
    pacers = pacers or Pacers(lambda: 0.0)
    senders = BrazeSenders(client, Nobody({}), keys or Keys(), pauses or Pauses(), lambda: START, pacers)
    return senders(plan)(LINES)


def test_lines_are_framed_without_being_parsed() -> None:
    client = Client([Said()])
    assert send(client) == {}
    assert client.bodies == [b'{"attributes":[{"external_id":"a"},{"external_id":"b"},{"external_id":"c"}]}']


def test_named_lines_are_rejected_and_the_others_accepted() -> None:
    assert send(Client([Said(errors=[Fault(1, "EMAIL_BAD_FORMAT")])])) == {1: "EMAIL_BAD_FORMAT"}


def test_a_request_refused_for_named_lines_goes_again_without_them() -> None:
    client = Client([Said(errors=[Fault(0, "blacklisted")], taken=False), Said(errors=[Fault(1, "late")])])
    assert send(client) == {0: "blacklisted", 2: "late"}
    assert client.bodies[1] == b'{"attributes":[{"external_id":"b"},{"external_id":"c"}]}'


@pytest.mark.parametrize("fault", [Fault(None, "?"), Fault(3, "?"), Fault(-1, "?"), Fault(0, "?", "events")])
@pytest.mark.parametrize("taken", [True, False])
def test_an_error_that_names_no_line_of_ours_asks_for_halves(fault: Fault, taken: bool) -> None:
    with pytest.raises(TooLarge):
        send(Client([Said(errors=[Fault(1, "EMAIL_BAD_FORMAT"), fault], taken=taken)]))


@pytest.mark.parametrize("fault", [Fault(None, "?"), Fault(3, "?", "events")])
def test_events_are_not_sent_again_for_an_error_that_names_none(fault: Fault) -> None:
    assert send(Client([Said(errors=[fault])]), kind="events") == {}


def test_a_refused_key_is_read_afresh_once() -> None:
    client = Client([Blocked("http_401"), Said()])
    assert send(client, keys=Keys({"rest_api_key": "new"})) == {}
    assert client.keys == ["old", "new"]
    with pytest.raises(Blocked):
        send(Client([Blocked("http_401")]))


def test_a_wait_pauses_the_installation_for_everybody() -> None:
    pauses = Pauses()
    with pytest.raises(Retryable):
        send(Client([Retryable("http_429", after=30.0, pauses=True)]), pauses=pauses)
    send(Client([Said(pause=60.0)]), pauses=pauses)
    assert [(until - START).total_seconds() for until in pauses.until] == [30.0, 60.0]


def test_of_many_requests_that_meet_one_limit_the_first_alone_tells_the_other_workers() -> None:
    pauses, pacers = Pauses(), Pacers(lambda: 0.0)
    for _ in range(5):
        with pytest.raises(Retryable):
            send(Client([Retryable("http_429", after=30.0, pauses=True)]), pauses=pauses, pacers=pacers)
    assert len(pauses.until) == 1


def test_an_unknown_campaign_is_trouble_of_the_whole_run_and_costs_no_second_key() -> None:
    client = Client([Rejected("invalid_campaign_id", "Invalid Campaign ID")])
    with pytest.raises(Blocked, match="invalid_campaign_id: campaign c1: Invalid Campaign ID"):
        send(client, kind="campaign", keys=Keys({"rest_api_key": "new"}))
    assert client.keys == ["old"]
    with pytest.raises(Rejected):
        send(Client([Rejected("status_418")]))


def test_a_paused_campaign_rejects_every_recipient() -> None:
    assert set(send(Client([Said(notice="paused")]), kind="campaign").values()) == {"campaign_paused"}
