"""Rate limits on clock windows, and how an account tells them."""

from typing import Any

import pytest


def post(braze: Any) -> Any:
    return braze.call("POST", "/users/track", {"attributes": [{"external_id": "u"}]})


def test_a_local_account_has_no_limit_and_no_headers(braze: Any) -> None:
    assert not [name for name in post(braze).headers if "rate" in name]


def test_a_burst_window_ends_on_a_multiple_of_its_length_and_refuses_until_then(braze: Any) -> None:
    braze.modes(rate_limit="burst", burst_requests=2)
    braze.clock.now = 3_000.5
    assert [post(braze).status for _ in range(3)] == [201, 201, 429]
    braze.clock.now = 3_003.0
    assert post(braze).status == 201


def test_a_burst_window_may_have_another_length(braze: Any) -> None:
    braze.modes(rate_limit="burst", burst_requests=1, burst_seconds=10)
    braze.clock.now = 3_003.0
    assert [post(braze).status for _ in range(2)] == [201, 429]
    braze.clock.now = 3_010.0
    assert post(braze).status == 201


def test_a_refused_request_changes_nothing(braze: Any) -> None:
    braze.modes(rate_limit="burst", burst_requests=1)
    post(braze)
    post(braze)
    assert braze.counters()["attributes"] == 1


def test_an_hourly_limit_resets_on_the_clock_hour(braze: Any) -> None:
    braze.modes(rate_limit="hourly", hourly_requests=1)
    braze.clock.now = 7_199.0
    assert [post(braze).status for _ in range(2)] == [201, 429]
    braze.clock.now = 7_200.0
    assert post(braze).status == 201


def test_the_clock_of_hourly_limits_can_run_faster(braze: Any) -> None:
    braze.modes(rate_limit="hourly", hourly_requests=1, clock_scale=360)
    braze.clock.now = 1_000.0
    assert [post(braze).status for _ in range(2)] == [201, 429]
    braze.clock.now = 1_010.0
    assert post(braze).status == 201


def test_the_epoch_dialect_tells_the_reset_as_a_time_even_on_a_429(braze: Any) -> None:
    braze.modes(rate_limit="burst", burst_requests=1)
    braze.clock.now = 3_000.5
    assert post(braze).headers["x-ratelimit-reset"] == "3003"
    refused = post(braze).headers
    assert (refused["x-ratelimit-remaining"], refused["x-ratelimit-reset"]) == ("0", "3003")
    assert not [name for name in refused if "retry-after" in name]


def test_the_delta_dialect_tells_seconds_and_on_a_429_the_wait_alone(braze: Any) -> None:
    braze.modes(rate_limit="burst", burst_requests=1, header_dialect="delta")
    braze.clock.now = 3_000.5
    assert post(braze).headers["x-ratelimit-reset"] == "3"
    refused = post(braze).headers
    assert [name for name in refused if "ratelimit" in name] == ["x-ratelimit-retry-after"]
    assert refused["x-ratelimit-retry-after"] == "3"


@pytest.mark.parametrize("name", ["retry-after", "x-ratelimit-retry-after"])
def test_a_429_can_carry_either_wait_header(braze: Any, name: str) -> None:
    braze.modes(rate_limit="burst", burst_requests=1, retry_after=name, header_dialect="none")
    post(braze)
    refused = post(braze).headers
    assert [one for one in refused if one != "content-type"] == [name]


def test_lists_and_sends_share_one_pool(braze: Any) -> None:
    braze.modes(rate_limit="hourly")
    braze.call("POST", "/_standin/campaigns", {"id": "c1", "name": "C"})
    first = braze.call("GET", "/campaigns/list").headers["x-ratelimit-remaining"]
    second = braze.send([{"external_user_id": "u"}]).headers["x-ratelimit-remaining"]
    assert (first, second) == ("249999", "249998")


@pytest.mark.parametrize(
    ("onboarding", "fields", "limit"),
    [
        ("before", None, "2500"),
        ("after", ["braze_id"], "40"),
        ("after", ["campaigns_received"], "250"),
    ],
)
def test_export_has_a_lane_of_its_own(braze: Any, onboarding: str, fields: Any, limit: str) -> None:
    braze.modes(rate_limit="burst", export_onboarding=onboarding)
    body = {"external_ids": ["u"], **({"fields_to_export": fields} if fields else {})}
    assert braze.call("POST", "/users/export/ids", body).headers["x-ratelimit-limit"] == limit
