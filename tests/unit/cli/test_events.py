"""Sending events, and watching what becomes of them."""

import json
from datetime import timedelta

import pytest

from bridge_cli.event_input import MOST_EVENTS, parsed, requests
from tests.unit.cli.openapi import sample


def test_one_test_event_is_sent_without_a_file(bridge) -> None:
    told = bridge.json("events", "send")
    (event,) = bridge.api.events
    assert (event["type"], event["event"], event["userId"]) == ("track", "Test Event", "bridge-test-user")
    assert told["messages"] == [event["messageId"]]


def test_an_event_is_made_of_options(bridge) -> None:
    bridge("events", "send", "--type", "identify", "--user", "u", "--set", "plan=gold", "--set", "age=30")
    bridge(
        "events",
        "send",
        "--type",
        "page",
        "--event",
        "Home",
        "--anonymous",
        "a",
        "--set",
        "url=https://x.example",
    )
    identify, page = bridge.api.events
    assert identify["traits"] == {"plan": "gold", "age": 30}
    assert (page["name"], page["anonymousId"], page["properties"]) == (
        "Home",
        "a",
        {"url": "https://x.example"},
    )
    assert "userId" not in page


@pytest.mark.parametrize("args", [("--type", "purchase"), ("--set", "plan"), ("nowhere.json",)])
def test_what_cannot_be_sent_is_refused_before_anything_is(bridge, args) -> None:
    assert bridge("events", "send", *args).exit_code == 2
    assert bridge.api.asked == []


@pytest.mark.parametrize(
    "text",
    [
        '{"type": "track", "event": "A", "userId": "u"}',
        '[{"type": "track", "event": "A", "userId": "u"}]',
        '{"batch": [{"type": "track", "event": "A", "userId": "u"}]}',
        '{"type": "track", "event": "A", "userId": "u"}\n\n',
    ],
)
def test_events_come_from_stdin_in_any_usual_shape(bridge, text) -> None:
    assert bridge.json("events", "send", "-", piped=text)["accepted"] == 1


@pytest.mark.parametrize("text", ["[]", "12", '{"a": 1}\n{', "[1]"])
def test_what_holds_no_events_says_so(bridge, text) -> None:
    assert bridge("events", "send", "-", piped=text).exit_code == 2


def test_a_file_of_many_goes_out_in_as_many_requests_as_it_takes() -> None:
    events = parsed("\n".join(json.dumps({"type": "track", "event": str(n)}) for n in range(MOST_EVENTS + 1)))
    parts = list(requests(events))
    assert [len(part) for part in parts] == [MOST_EVENTS, 1]
    assert [event for part in parts for event in part] == events
    assert all(one["messageId"] for one in events)


def test_large_events_share_no_request_beyond_its_limit() -> None:
    large = [{"type": "track", "event": "A", "properties": {"text": "x" * 3_000_000}} for _ in range(2)]
    assert [len(part) for part in requests(large)] == [1, 1]


def test_an_event_that_is_refused_is_named_by_its_place_in_the_file(bridge, tmp_path) -> None:
    file = tmp_path / "events.jsonl"
    lines = [{"type": "track", "event": "A"}] * MOST_EVENTS + [{"type": "track"}]
    file.write_text("\n".join(map(json.dumps, lines)))
    done = bridge("events", "send", str(file), "--json")
    assert (done.exit_code, json.loads(done.stdout)["accepted"]) == (6, MOST_EVENTS)
    assert f"event {MOST_EVENTS}:" in done.stderr


def test_without_a_write_key_it_says_how_to_make_one(bridge) -> None:
    bridge.log_in("admin", write_key="")
    done = bridge("events", "send")
    assert (done.exit_code, "bridge sources create" in done.stderr) == (2, True)
    bridge.environ["BRIDGE_WRITE_KEY"] = "dk_live_known"
    assert bridge("events", "send").exit_code == 0


def test_a_write_key_that_is_refused_says_how_to_make_another(bridge) -> None:
    bridge.environ["BRIDGE_WRITE_KEY"] = "dk_live_gone"
    done = bridge("events", "send")
    assert (done.exit_code, "bridge sources create" in done.stderr) == (4, True)


def test_waiting_ends_with_the_delivery(bridge) -> None:
    bridge.install()
    told = bridge.json("events", "send", "--wait")
    assert [(row["status"], row["vendor_status"]) for row in told["deliveries"]] == [("delivered", 200)]


def test_waiting_for_a_delivery_that_is_blocked_exits_1(bridge) -> None:
    bridge.install()
    bridge.api.delivers_as = "blocked"
    done = bridge("events", "send", "--wait")
    assert (done.exit_code, "unauthorized" in done.stderr) == (1, True)


def test_waiting_in_vain_ends_with_the_time(bridge) -> None:
    done = bridge("events", "send", "--wait", "--timeout", "5")
    assert (done.exit_code, sum(bridge.clock.waited)) == (10, 5)


def test_the_tail_shows_time_status_installation_and_event(bridge) -> None:
    bridge.install(name="Braze EU")
    bridge("events", "send", "--user", "ada")
    line = bridge("events", "tail", "--once").stdout
    assert "09:00:00.000 delivered 200 Braze EU track Test Event ada dlv_" in line


def test_the_tail_goes_on_with_what_comes_and_what_changes(bridge) -> None:
    bridge.install()
    bridge("events", "send", "--user", "before")

    def meanwhile() -> None:
        if len(bridge.api.deliveries) == 1:
            bridge("events", "send", "--user", "after")
        bridge.api.deliveries[0]["attempt"] = 2

    bridge.clock.meanwhile = meanwhile
    rows = [json.loads(line) for line in bridge("events", "tail", "--for", "4", "--json").stdout.splitlines()]
    assert [(row["events"][0]["user"], row["attempt"]) for row in rows] == [
        ("before", 1),
        ("before", 2),
        ("after", 1),
    ]


def test_a_clock_of_ours_that_is_ahead_hides_nothing(bridge) -> None:
    bridge.install()
    bridge("events", "send")
    bridge.api.now = lambda: "2026-11-22T09:00:01.000Z"
    bridge.clock.at += timedelta(hours=1)
    assert len(bridge.json("events", "send", "--wait")["deliveries"]) == 1

    def meanwhile() -> None:
        if len(bridge.api.deliveries) == 2:
            bridge("events", "send", "--user", "new")

    bridge.clock.meanwhile = meanwhile
    assert "new" in bridge("events", "tail", "-n", "0", "--for", "3").stdout


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (("--user", "AD"), True),
        (("--user", "bob"), False),
        (("--type", "track", "--event", "test"), True),
        (("--type", "page"), False),
        (("--status", "delivered", "--kind", "events", "--integration", "braze"), True),
        (("--status", "blocked"), False),
        (("-n", "0"), False),
    ],
)
def test_the_tail_is_filtered(bridge, wanted, found) -> None:
    bridge.install()
    bridge("events", "send", "--user", "ada")
    assert bool(bridge("events", "tail", "--once", *wanted).stdout) is found


def test_a_delivery_is_shown_in_its_four_stages(bridge) -> None:
    bridge.install()
    bridge("events", "send")
    delivery_id = bridge.api.deliveries[0]["delivery_id"]
    shown = bridge("events", "show", delivery_id).stdout
    assert [
        line for line in shown.splitlines() if line in {"input", "mapped", "request", "response", "expired"}
    ] == [
        "input",
        "mapped",
        "request",
        "response",
        "expired",
    ]
    assert bridge.json("events", "show", delivery_id)["stages"]["mapped"] == [{"record_id": "m"}]
    assert bridge("events", "show", "dlv_none").exit_code == 5


def test_no_event_steers_a_terminal(bridge) -> None:
    bridge.install()
    bridge("events", "send", "--user", "\x1b]0;owned\x07\u202eevil")
    shown = bridge("events", "tail", "--once").stdout
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "owned" in shown


def test_markup_in_a_name_is_shown_as_it_is(bridge) -> None:
    bridge.api.deliveries = [
        sample("LiveEventDetail", delivery_id="dlv_1", status="delivered", reason="[red]x[/red]")
    ]
    assert "[red]x[/red]" in bridge("events", "tail", "--once").stdout
