"""Every screen: what it shows, and to whom."""

import re

import pytest

from console.api import ApiError
from tests.unit.console.fakes import (
    XSS,
    delivery,
    health,
    integration,
    letter,
    letter_groups,
    listed,
    progress,
    replaying,
    report,
    run,
)

SCREENS = {
    "/console": ["Overview", "75", "75.0 %", "180"],
    "/console/integrations": ["ActionIQ", "healthy"],
    "/console/integrations/library": ["Integration Library", "CDP", "Install"],
    "/console/integrations/library/actioniq": ["Install Integration", "API key", "Settings &gt; API Keys"],
    "/console/integrations/installed/int_1": ["dest-12345", "***", "Installed", "401 Unauthorized"],
    "/console/integrations/installed/int_1/edit": ["stored; leave empty to keep it"],
    "/console/live-events": ["Order Completed", "delivered", "200"],
    "/console/live-events/dlv_1": ["1. Input", "4. The vendor&#39;s response", "Not kept any more."],
    "/console/audiences": ["Audience membership", "1042 / 1", "waits for approval"],
    "/console/audiences/run_1": [
        "removes_many",
        "30 of 100 leave",
        "AIQ_1042_1",
        "Email looks like email",
        "3.0 %",
        "u…1",
    ],
    "/console/dead-letters": ["unauthorized", "the key was refused"],
    "/console/dead-letters/ltr_1": ["{\n  &#34;a&#34;: 1\n}", "dlv_1"],
    "/console/access": ["Shop", "dk_live_ab", "sb_abcd"],
    "/console/access/changes": ["integration.created", "Ada"],
}


@pytest.mark.parametrize("address", SCREENS)
def test_every_screen_shows_what_it_is_for(visit, address):
    page = visit("GET", address)
    assert page.status == 200
    for text in SCREENS[address]:
        assert text in page.html, text


@pytest.mark.parametrize("address", SCREENS)
@pytest.mark.parametrize("language", ["fr", "pt", "de"])
def test_every_screen_speaks_every_language(visit, address, language):
    page = visit("GET", address, accept_language=language)
    assert page.status == 200
    assert f'<html lang="{language}">' in page.html


@pytest.mark.parametrize("address", SCREENS)
def test_a_viewer_sees_no_action_they_cannot_take(visit, api, address):
    api.says["GET /v1/admin/whoami"] |= {"role": "viewer"}
    page = visit("GET", address)
    if address.endswith(("/edit", "/changes")):
        assert page.status == 403
        return
    posts = re.findall(r'<form method="post"[^>]*action="([^"]*)"', page.html)
    assert set(posts) <= {"/console/language", "/console/sign-out"}
    assert "hx-post" not in page.html
    assert "Install Integration" not in page.html


@pytest.mark.parametrize("address", SCREENS)
def test_what_comes_from_outside_is_never_markup(visit, api, address):
    api.says |= {
        "GET /v1/admin/integrations": listed(integration(name=XSS)),
        "GET /v1/admin/integrations/int_1": integration(
            name=XSS, config={"account_id": XSS, "api_key": "***"}
        ),
        "GET /v1/admin/live-events": listed(
            delivery(events=[{"type": XSS, "name": XSS, "user": XSS}], reason=XSS)
        ),
        "GET /v1/admin/live-events/dlv_1": delivery(
            detail=XSS, stages=dict.fromkeys(("input", "mapped", "request", "response"), XSS), outcomes=[XSS]
        ),
        "GET /v1/admin/audience-runs": listed(run(audience_id=XSS)),
        "GET /v1/admin/audience-runs/run_1": run(audience_id=XSS, halt={"reason": XSS, "detail": XSS}),
        "GET /v1/admin/dead-letters": listed(letter(reason=XSS, detail=XSS)),
        "GET /v1/admin/dead-letters/ltr_1": letter(reason=XSS, detail=XSS) | {"body": XSS},
        "GET /v1/admin/health": health("blocked") | {"status": "blocked"},
    }
    api.says["GET /v1/admin/health"]["installations"][0] |= {"name": XSS, "message": XSS}
    assert "<script>alert" not in visit("GET", address).html


def test_nothing_on_a_page_comes_from_elsewhere(visit):
    for address in SCREENS:
        html = visit("GET", address).html
        assert not re.findall(r'(?:src|href|action)="(?!/console)[^"#]', html), address
        assert "<style" not in html
        assert " style=" not in html
        assert " onclick" not in html


def test_a_living_part_comes_without_its_page(visit):
    part = visit("GET", "/console/live-events?status=delivered", hx_request="true")
    assert "<html" not in part.html
    assert "Order Completed" in part.html


def test_live_events_are_asked_for_as_they_are_filtered(visit, api):
    visit(
        "GET",
        "/console/live-events?type=track&name=Order&user=u1&status=delivered&integration_id=int_1&cursor=c",
    )
    asked = dict(api.asked)["GET /v1/admin/live-events"]
    assert asked == {
        "limit": 25,
        "cursor": "c",
        "type": "track",
        "name": "Order",
        "user": "u1",
        "status": "delivered",
        "integration_id": "int_1",
    }


def test_what_the_api_does_not_find_is_a_page_that_says_so(visit):
    page = visit("GET", "/console/live-events/dlv_nobody")
    assert (page.status, "There is no such thing." in page.html) == (404, True)


def test_an_address_that_is_none_is_a_404(visit):
    assert visit("GET", "/console/nowhere").status == 404


def test_an_api_that_does_not_answer_is_said(visit, api):
    api.says["GET /v1/admin/health"] = ApiError(503, "The API did not answer.")
    page = visit("GET", "/console")
    assert (page.status, "The API did not answer." in page.html) == (503, True)


def test_a_fault_of_ours_is_a_500_that_names_no_cause(visit, api):
    api.says["GET /v1/admin/statistics"] = KeyError("sb_secret")
    page = visit("GET", "/console")
    assert (page.status, "sb_secret" in page.html) == (500, False)


def test_a_report_is_given_on_with_the_policy_it_came_with(visit, api):
    policy = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
    path = "GET /v1/admin/audience-runs/run_1/report?format=html"
    api.says[path] = {"text": "<h1>Run</h1>", "content_type": "text/html", "headers": policy}
    page = visit("GET", "/console/audiences/run_1/report")
    assert (page.status, page.html) == (200, "<h1>Run</h1>")
    assert page.headers["Content-Security-Policy"] == policy["Content-Security-Policy"]


def test_rejects_that_lie_in_the_bucket_are_fetched_there(visit, api):
    api.says["GET /v1/admin/audience-runs/run_1/rejects"] = {
        "link": "https://bucket.example/rejects.csv?signed"
    }
    page = visit("GET", "/console/audiences/run_1/rejects")
    assert (page.status, page.headers["Location"]) == (303, "https://bucket.example/rejects.csv?signed")


def test_a_run_that_is_done_can_be_gone_back_to_and_compared(visit, api):
    ended(api)
    html = visit("GET", "/console/audiences/run_1").html
    for action in ("rollback", "reconcile", "report", "rejects"):
        assert f"/console/audiences/run_1/{action}" in html


def ended(api) -> None:
    api.says["GET /v1/admin/audience-runs/run_1"] = run(
        status="done", report_url="https://x", progress=progress(seconds_left=None)
    )


def test_a_run_under_way_tells_its_rows_pace_and_time_left(visit):
    html = visit("GET", "/console/audiences/run_1").html
    for text in (
        "61 of 200 rows",
        "1 of 4 parts",
        "30 rows a second",
        "about 5 s left",
        'max="200" value="62"',
    ):
        assert text in html, text


def test_a_run_that_ended_shows_how_fast_it_was_over_time(visit, api):
    ended(api)
    api.says["GET /v1/admin/audience-runs/run_1/report"] = report(0.0, 2400.5, 300.0)
    html = visit("GET", "/console/audiences/run_1").html
    assert "Rows accepted a second" in html
    assert "2400.5" in html


@pytest.mark.parametrize("kept", [{"link": "https://bucket.example/report.json?signed"}, None])
def test_a_run_whose_report_is_too_large_or_expired_is_shown_without_its_pace(visit, api, kept):
    ended(api)
    if kept:
        api.says["GET /v1/admin/audience-runs/run_1/report"] = kept
    page = visit("GET", "/console/audiences/run_1")
    assert page.status == 200
    assert "Rows accepted a second" not in page.html


def test_a_report_that_cannot_be_read_for_another_reason_is_a_failure_that_is_told(visit, api):
    ended(api)
    api.says["GET /v1/admin/audience-runs/run_1/report"] = ApiError(503, "Try again shortly.")
    assert visit("GET", "/console/audiences/run_1").status == 503


def test_who_changed_what_is_shown_to_admins_alone(visit, api):
    assert "/console/access/changes" in visit("GET", "/console/access").html
    api.says["GET /v1/admin/whoami"] |= {"role": "editor"}
    assert "/console/access/changes" not in visit("GET", "/console/access").html
    assert visit("GET", "/console/access/changes").status == 403
    assert "GET /v1/admin/audit-logs" not in dict(api.asked)


@pytest.mark.parametrize("status", [401, 403])
def test_a_stranger_is_led_to_sign_in_whatever_the_page_was_told(visit, api, status):
    """A page is fetched while the API still says whose token it is: what came is not shown."""
    api.says["GET /v1/admin/whoami"] = ApiError(status, "no")
    page = visit("GET", "/console/live-events")
    assert (page.status, page.html) == (303, "")
    assert page.headers["Location"].startswith("/console/sign-in")


def test_a_hundred_thousand_letters_are_a_line_with_a_button_for_each_kind(visit, api):
    api.says["GET /v1/admin/dead-letters/groups"] = letter_groups("blocked", "unknown")
    page = visit("GET", "/console/dead-letters").html
    assert page.count("100\N{NARROW NO-BREAK SPACE}000") == 2
    assert "may have arrived" in page
    assert "They may have arrived already" in page
    assert "Replay everything" in page


def test_a_replay_under_way_shows_how_far_it_is_and_what_it_waits_for(visit, api):
    api.says["GET /v1/admin/replays"] = listed(replaying(waits_for="lane"))
    page = visit("GET", "/console/dead-letters?reason=unauthorized").html
    assert "41\N{NARROW NO-BREAK SPACE}000 of 100\N{NARROW NO-BREAK SPACE}000 sent" in page
    assert "its lane is full" in page
    assert "/console/dead-letters/replays/rpl_1/cancel" in page
    assert 'hx-trigger="every 2s"' in page


@pytest.mark.parametrize("body", ["not JSON: \u00e9", "[" * 100_000])
def test_a_dead_letter_that_is_no_json_is_shown_as_it_is(visit, api, body):
    api.says["GET /v1/admin/dead-letters/ltr_1"] = letter() | {"body": body}
    assert f"<code>{body}</code>" in visit("GET", "/console/dead-letters/ltr_1").html


def test_a_viewer_is_not_offered_to_find_events_by_user(visit, api):
    assert 'id="user"' in visit("GET", "/console/live-events").html
    api.says["GET /v1/admin/whoami"] |= {"role": "viewer"}
    assert 'id="user"' not in visit("GET", "/console/live-events").html
