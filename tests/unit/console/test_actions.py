"""What a visitor does reaches the API as they meant it."""

import pytest

from console.api import ApiError

FORM = {
    "name": "ActionIQ",
    "config.api_key": "aiq_xxxxxxxxxxxxxxxxxxxx",
    "config.account_id": " your-account-id ",
    "config.destination_id": "dest-12345",
    "config.claims": "true",
    "config.retries": "3",
    "config.mode": "",
    "config.consent": ["ads"],
}
INSTALL = "POST /v1/admin/integration-catalog/actioniq/install"
PATCH = "PATCH /v1/admin/integrations/int_1"


def test_installing_sends_what_the_form_holds(visit, api):
    api.says[INSTALL] = {"id": "int_9"}
    page = visit("POST", "/console/integrations/library/actioniq", FORM)
    assert (page.status, page.headers["Location"]) == (
        303,
        "/console/integrations/installed/int_9?said=installed",
    )
    assert api.changes() == [
        (
            INSTALL,
            {
                "name": "ActionIQ",
                "variant": "default",
                "delivery_mode": "server_side",
                "config": {
                    "api_key": "aiq_xxxxxxxxxxxxxxxxxxxx",
                    "account_id": "your-account-id",
                    "destination_id": "dest-12345",
                    "claims": True,
                    "retries": 3,
                    "consent": ["ads"],
                },
            },
        )
    ]


def test_what_is_refused_is_shown_at_its_field_and_a_secret_is_not_repeated(visit, api):
    api.says[INSTALL] = ApiError(
        422, "account_id is missing", {"/config/account_id": "account_id is missing"}
    )
    page = visit("POST", "/console/integrations/library/actioniq", FORM | {"config.account_id": ""})
    assert page.status == 422
    assert 'id="fault-config-account_id"' in page.html
    assert "dest-12345" in page.html
    assert "aiq_xxx" not in page.html


def test_a_name_that_is_taken_is_said(visit, api):
    api.says[INSTALL] = ApiError(409, "Another one has this name.")
    page = visit("POST", "/console/integrations/library/actioniq", FORM)
    assert (page.status, "Another one has this name." in page.html) == (409, True)


def test_a_change_keeps_a_secret_that_was_not_typed(visit, api):
    api.says[PATCH] = {}
    form = {name: value for name, value in FORM.items() if name != "config.claims"}
    visit(
        "POST",
        "/console/integrations/installed/int_1/edit",
        form | {"config.api_key": "", "config.account_id": ""},
    )
    [(_, document)] = api.changes()
    assert "api_key" not in document["config"]
    assert document["config"]["account_id"] is None
    assert document["config"]["claims"] is False


def test_a_new_key_is_sent_with_its_reason(visit, api):
    api.says[PATCH] = {}
    visit("POST", "/console/integrations/installed/int_1/edit", FORM | {"change_summary": "Rotated"})
    [(_, document)] = api.changes()
    assert (document["config"]["api_key"], document["change_summary"]) == (
        "aiq_xxxxxxxxxxxxxxxxxxxx",
        "Rotated",
    )


def test_a_connection_test_shows_a_sign_or_a_sentence_for_each_permission(visit, api):
    checks = [
        {"permission": "users.track", "status": "ok", "hint": ""},
        {"permission": "campaigns.list", "status": "failed", "hint": "Make a new key."},
    ]
    api.says["POST /v1/admin/integrations/int_1/test"] = {"ok": False, "checks": checks}
    part = visit("POST", "/console/integrations/installed/int_1/test", {}, hx_request="true")
    assert "<html" not in part.html
    assert part.html.count("✓") == part.html.count("✗") == 1
    assert "Make a new key." in part.html


@pytest.mark.parametrize(
    ("address", "form", "asked"),
    [
        (
            "/console/integrations/installed/int_1/disable",
            {},
            ("POST /v1/admin/integrations/int_1/disable", {}),
        ),
        (
            "/console/integrations/installed/int_1/enable",
            {},
            ("POST /v1/admin/integrations/int_1/enable", {}),
        ),
        ("/console/integrations/installed/int_1/delete", {}, ("DELETE /v1/admin/integrations/int_1", None)),
        ("/console/audiences/run_1/approve", {}, ("POST /v1/admin/audience-runs/run_1/approve", {})),
        ("/console/audiences/run_1/cancel", {}, ("POST /v1/admin/audience-runs/run_1/cancel", {})),
        (
            "/console/audiences/run_1/rollback",
            {},
            ("POST /v1/admin/audience-runs/run_1/rollback", {}),
        ),
        (
            "/console/audiences/run_1/reconcile",
            {"sample": "", "repair": "true"},
            ("POST /v1/admin/audience-runs/run_1/reconcile", {"sample": 1000, "repair": True}),
        ),
        (
            "/console/audiences/run_1/reconcile",
            {"sample": "all"},
            ("POST /v1/admin/audience-runs/run_1/reconcile", {"sample": "all", "repair": False}),
        ),
        (
            "/console/dead-letters/replay",
            {"id": "ltr_1"},
            ("POST /v1/admin/dead-letters/replay", {"ids": ["ltr_1"]}),
        ),
        (
            "/console/dead-letters/replays",
            {"reason": "unauthorized", "integration_id": "int_1", "queue": "braze", "outcome": "blocked"},
            (
                "POST /v1/admin/replays",
                {
                    "reason": "unauthorized",
                    "integration_id": "int_1",
                    "queue": "braze",
                    "outcome": "blocked",
                },
            ),
        ),
        (
            "/console/dead-letters/replays",
            {"reason": "no_answer", "outcome": "unknown"},
            ("POST /v1/admin/replays", {"reason": "no_answer", "outcome": "unknown", "held": True}),
        ),
        (
            "/console/dead-letters/replays",
            {"reason": "", "integration_id": ""},
            ("POST /v1/admin/replays", {"all": True}),
        ),
        (
            "/console/dead-letters/replays/rpl_1/cancel",
            {},
            ("POST /v1/admin/replays/rpl_1/cancel", {}),
        ),
        (
            "/console/live-events/test-event",
            {},
            ("POST /v1/admin/live-events/test", {"event": "Signal Bridge Test"}),
        ),
        ("/console/access/sources/src_1/delete", {}, ("DELETE /v1/admin/sources/src_1", None)),
        ("/console/access/tokens/tok_1/delete", {}, ("DELETE /v1/admin/tokens/tok_1", None)),
    ],
)
def test_an_action_asks_the_api_once_and_leads_back(visit, api, address, form, asked):
    api.says[asked[0]] = {"id": "run_1"}
    page = visit("POST", address, form)
    assert page.status == 303
    assert api.changes() == [asked]
    assert visit("GET", page.headers["Location"]).status == 200


@pytest.mark.parametrize(
    ("address", "form", "path", "made"),
    [
        (
            "/console/access/sources",
            {"name": "Shop"},
            "POST /v1/admin/sources",
            {"write_key": "dk_live_1"},
        ),
        (
            "/console/access/tokens",
            {"name": "CI", "role": "editor"},
            "POST /v1/admin/tokens",
            {"token": "sb_1"},
        ),
    ],
)
def test_a_key_is_shown_on_the_page_that_made_it_and_nowhere_else(visit, api, address, form, path, made):
    [key] = made.values()
    api.says[path] = {"name": form["name"], **made}
    assert f'<code class="key">{key}</code>' in visit("POST", address, form).html
    assert key not in visit("GET", "/console/access").html


@pytest.mark.parametrize("role", ["viewer", "editor"])
def test_an_action_beyond_the_role_does_not_reach_the_api(visit, api, role):
    api.says["GET /v1/admin/whoami"] |= {"role": role}
    assert visit("POST", "/console/integrations/installed/int_1/delete", {}).status == 403
    assert api.changes() == []
