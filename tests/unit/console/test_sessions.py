"""Signing in, staying in, and keeping others out."""

import pytest

from console import session
from console.api import ApiError
from console.languages import LANGUAGES, words
from tests.unit.console.conftest import HOST

NOBODY = ApiError(403, "Forbidden")


def test_who_is_not_signed_in_is_led_to_the_sign_in_and_back(visit):
    page = visit("GET", "/console/audiences", token="")
    assert (page.status, page.headers["Location"]) == (303, "/console/sign-in?next=/console/audiences")
    assert 'name="next" value="/console/audiences"' in visit("GET", page.headers["Location"], token="").html


def test_a_living_part_of_a_lost_session_leaves_its_page(visit, api):
    api.says["GET /v1/admin/whoami"] = NOBODY
    part = visit("GET", "/console/live-events", hx_request="true")
    assert (part.status, part.headers["HX-Redirect"]) == (401, "/console/sign-in")


def test_a_token_becomes_a_cookie_that_no_script_reads_and_no_other_site_sends(visit, api):
    page = visit("POST", "/console/sign-in", {"token": " sb_mine ", "next": "/console/audiences"}, token="")
    assert (page.status, page.headers["Location"]) == (303, "/console/audiences")
    [cookie] = page.cookies or [page.headers["Set-Cookie"]]
    assert cookie.startswith("__Host-signal_bridge_session=sb_mine; Path=/; Max-Age=28800")
    assert {"HttpOnly", "SameSite=Strict", "Secure"} <= set(cookie.split("; "))
    assert api.tokens == ["sb_mine"]


def test_on_this_machine_the_cookie_works_without_tls(visit):
    page = visit("POST", "/console/sign-in", {"token": "sb_mine"}, token="", host="localhost:8084")
    [cookie] = page.cookies or [page.headers["Set-Cookie"]]
    assert cookie.startswith("signal_bridge_session=sb_mine; Path=/; ")
    assert "Secure" not in cookie
    assert visit("GET", "/console", token="sb_mine", host="localhost:8084").status == 200


def test_over_https_a_cookie_that_another_host_or_path_could_have_set_is_no_session(visit, api):
    page = visit("GET", "/console", token="", cookie=f"{session.COOKIE}=sb_theirs")
    assert (page.status, page.headers["Location"]) == (303, "/console/sign-in?next=/console")
    assert api.asked == []


@pytest.mark.parametrize("token", ["", "sb mine", "sb_mine\r\nX: 1", "a;b", "x" * 4097])
def test_what_cannot_be_a_token_is_not_asked_about(visit, api, token):
    assert visit("POST", "/console/sign-in", {"token": token}, token="").status == 403
    assert api.asked == []


def test_an_unknown_token_is_refused_and_not_repeated(visit, api):
    api.says["GET /v1/admin/whoami"] = NOBODY
    page = visit("POST", "/console/sign-in", {"token": "sb_wrong"}, token="")
    assert page.status == 403
    assert "sb_wrong" not in page.html
    assert not page.cookies


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example",
        "//evil.example",
        "/v1/admin",
        "/console\\@evil",
        "/console@evil.example",
        "/consoles",
        "/console\r\nSet-Cookie: signal_bridge_session=theirs",
        "/console/\x00",
        "/console/\u2028",
        "/console/sign-in",
        "javascript:alert(1)",
        "",
    ],
)
def test_a_sign_in_leads_nowhere_but_into_the_console(visit, target):
    page = visit("POST", "/console/sign-in", {"token": "sb_mine", "next": target}, token="")
    assert page.headers["Location"] == "/console"


def test_signing_out_ends_the_cookie(visit):
    page = visit("POST", "/console/sign-out", {})
    assert "Max-Age=0" in (page.cookies or [page.headers["Set-Cookie"]])[0]


@pytest.mark.parametrize(
    "headers",
    [
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"sec_fetch_site": "", "origin": "https://evil.example"},
        {"sec_fetch_site": ""},
        {"sec_fetch_site": "", "origin": "null"},
    ],
)
@pytest.mark.parametrize(
    "address", ["/console/audiences/run_1/approve", "/console/sign-in", "/console/sign-out"]
)
def test_a_form_of_another_site_does_nothing(visit, api, headers, address):
    assert visit("POST", address, {"token": "sb_mine"}, **headers).status == 403
    assert api.changes() == []


def test_a_browser_that_names_no_site_is_judged_by_its_origin(visit, api):
    api.says["POST /v1/admin/audience-runs/run_1/approve"] = {}
    page = visit("POST", "/console/audiences/run_1/approve", {}, sec_fetch_site="", origin=f"https://{HOST}")
    assert page.status == 303


def test_the_token_goes_to_the_gateway_whatever_a_header_says(visit, api):
    visit("GET", "/console", x_forwarded_host="evil.example")
    assert set(api.gateways) == {"api.internal"}


def test_every_page_forbids_what_it_does_not_need(visit):
    for page in (
        visit("GET", "/console"),
        visit("GET", "/console/sign-in", token=""),
        visit("GET", "/console/x"),
    ):
        policy = page.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert page.headers["Cache-Control"] == "no-store"


def test_what_pages_load_is_kept_for_ever_under_its_own_mark(visit):
    page = visit("GET", "/console/static/app.js", token="")
    assert (page.status, "immutable" in page.headers["Cache-Control"]) == (200, True)


@pytest.mark.parametrize("name", ["../console.py", "app.py", "vendor/../app.css", "locales/en.toml"])
def test_no_other_file_is_given_out(visit, name):
    assert visit("GET", f"/console/static/{name}", token="").status == 404


def test_a_language_is_remembered_and_english_fills_what_is_blank(visit):
    page = visit("POST", "/console/language", {"language": "fr"}, referer=f"https://{HOST}/console/audiences")
    assert "signal_bridge_language=fr" in (page.cookies or [page.headers["Set-Cookie"]])[0]
    assert page.headers["Location"] == "/console/audiences"
    assert words("fr")["kind.campaign"] == "Triggered campaigns"
    assert words("fr")["kind.audience"] == "Appartenance à une audience"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_same_keys_and_the_same_blanks(language):
    english, other = words("en"), words(language)
    assert other.keys() == english.keys()
    for key, text in english.items():
        assert ("{reason}" in text) == ("{reason}" in other[key]), key
