"""An install that is tested first: the vendor is asked before anything is saved, and its word is told."""

import json
from typing import Any

import pytest

from tests.unit.install.loading import event

INSTALL = "/v1/admin/integration-catalog/actioniq/install"
CURL = json.loads(event("install.install_actioniq")["body"])


def check(status: str, **more: Any) -> dict[str, Any]:
    told = {"vendor_status": None, "reason": "", "hint": ""}
    return {"permission": "api_key", "status": status, **told, **more}


REFUSED = check("failed", vendor_status=401, reason="invalid_key", hint="Make a new key.")
SILENT = check("unknown", hint="The vendor did not answer the question; try again shortly.")


def untouched(world) -> bool:
    return not (world.installations.rows or world.secrets.kept or world.log.entries)


def test_a_key_that_the_vendor_lets_in_is_saved_and_the_answer_says_what_it_may_do(ask, world):
    world.checks = [check("ok", vendor_status=200)]
    status, body = ask("POST", f"{INSTALL}?test=true", CURL)
    assert (status, body["test"]) == (201, {"ok": True, "checks": world.checks})
    assert ask("GET", f"/v1/admin/integrations/{body['id']}")[1] == {
        name: value for name, value in body.items() if name != "test"
    }


def test_what_is_asked_about_is_the_configuration_that_would_be_saved(ask, world):
    world.checks = [check("ok")]
    ask("POST", f"{INSTALL}?test=true", CURL)
    ((asked, secrets),) = world.probed
    assert (asked.catalog_key, asked.config["account_id"]) == ("actioniq", "your-account-id")
    assert secrets == {"api_key": "aiq_xxxxxxxxxxxxxxxxxxxx"}
    assert asked == world.installations.rows[asked.id]


def test_a_key_that_the_vendor_refuses_is_a_422_with_every_result_and_nothing_is_saved(ask, world):
    world.checks = [check("ok", permission="ids"), REFUSED]
    status, body = ask("POST", f"{INSTALL}?test=true", CURL)
    assert (status, body["code"]) == (422, "TEST_FAILED")
    assert body["test"] == {"ok": False, "checks": world.checks}
    assert body["errors"] == [
        {"pointer": "/config", "code": "invalid_key", "detail": "api_key: Make a new key."}
    ]
    assert untouched(world)


def test_a_refusal_counts_although_another_question_stays_open(ask, world):
    world.checks = [SILENT, REFUSED]
    assert ask("POST", f"{INSTALL}?test=true", CURL)[1]["code"] == "TEST_FAILED"


def test_a_silent_vendor_is_a_503_and_nothing_is_saved(ask, world):
    world.checks = [check("ok"), SILENT]
    status, body = ask("POST", f"{INSTALL}?test=true", CURL)
    assert (status, body["code"], body["test"]["ok"]) == (503, "TEST_UNANSWERED", False)
    assert untouched(world)


def test_a_failed_test_leaves_its_idempotency_key_free(ask, world):
    world.checks = [REFUSED]
    assert ask("POST", f"{INSTALL}?test=true", CURL, idempotency_key="once")[0] == 422
    world.checks = [check("ok")]
    first = ask("POST", f"{INSTALL}?test=true", CURL, idempotency_key="once")
    assert first[0] == 201
    assert ask("POST", f"{INSTALL}?test=true", CURL, idempotency_key="once") == first
    assert len(world.probed) == 2


def test_an_untested_answer_is_not_given_for_a_tested_call(ask):
    assert ask("POST", INSTALL, CURL, idempotency_key="once")[0] == 201
    status, body = ask("POST", f"{INSTALL}?test=true", CURL, idempotency_key="once")
    assert (status, body["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")


@pytest.mark.parametrize("query", ["", "?test=false"])
def test_nobody_is_asked_without_the_wish(ask, world, query):
    world.checks = [REFUSED]
    status, body = ask("POST", f"{INSTALL}{query}", CURL)
    assert (status, "test" in body, world.probed) == (201, False, [])


@pytest.mark.parametrize("value", ["1", "TRUE", "yes", "", "null"])
def test_anything_but_true_or_false_is_a_422(ask, world, value):
    status, body = ask("POST", f"{INSTALL}?test={value}", CURL)
    assert (status, [one["pointer"] for one in body["errors"]]) == (422, ["/test"])
    assert untouched(world)


@pytest.mark.parametrize("change", [{"name": ""}, {"config": {}}, {"variant": "retail"}])
def test_a_faulty_body_is_refused_before_any_key_leaves(ask, world, change):
    assert ask("POST", f"{INSTALL}?test=true", CURL | change)[0] == 422
    assert world.probed == []


def test_a_taken_name_is_refused_before_any_key_leaves(ask, world):
    ask("POST", INSTALL, CURL)
    assert ask("POST", f"{INSTALL}?test=true", CURL)[1]["code"] == "DUPLICATE_NAME"
    assert world.probed == []


def test_the_secret_is_in_no_answer_of_a_tested_install(ask, world):
    for world.checks in ([check("ok")], [REFUSED], [SILENT]):
        assert "aiq_xxxxxxxxxxxxxxxxxxxx" not in json.dumps(ask("POST", f"{INSTALL}?test=true", CURL))
