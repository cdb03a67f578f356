"""Installing: the documented call works as printed, and nothing half-made is ever visible."""

import json

import pytest

from tests.unit.install.loading import event

INSTALL = "/v1/admin/integration-catalog/actioniq/install"
CURL = json.loads(event("install.install_actioniq")["body"])
CONFIG = CURL["config"]


def pointers(body):
    return {error["pointer"] for error in body["errors"]}


def test_the_documented_call_installs_actioniq(ask, world):
    status, body = ask(event("install.install_actioniq"))
    assert status == 201
    assert body == {
        "id": "int_000000000000000000000001",
        "catalog_key": "actioniq",
        "name": "ActionIQ",
        "variant": "default",
        "delivery_mode": "server_side",
        "enabled": True,
        "sources": None,
        "config": body["config"],
        "revision": {
            "id": "rev_000000000000000000000001",
            "revision_number": 1,
            "created_at": "2026-11-22T12:00:00.000Z",
            "created_by": "bootstrap",
            "change_summary": "Installed",
        },
        "created_at": "2026-11-22T12:00:00.000Z",
        "updated_at": "2026-11-22T12:00:00.000Z",
    }
    assert body["config"].items() >= {"account_id": "your-account-id", "destination_id": "dest-12345"}.items()
    assert body["config"]["api_key"] == "***"
    assert world.secrets.kept == {f"actioniq/{body['id']}": {"api_key": "aiq_xxxxxxxxxxxxxxxxxxxx"}}


def test_braze_asks_for_its_key_and_endpoint(ask, world):
    status, body = ask(event("install.install_braze"))
    assert status == 201
    assert body["config"]["rest_endpoint"] == "https://rest.fra-01.braze.eu"
    assert body["config"]["rest_api_key"] == "***"
    assert list(world.secrets.kept.values()) == [{"rest_api_key": "brz_local_key"}]


def test_the_secret_is_in_no_row_answer_or_audit_entry(ask, world):
    _, body = ask(event("install.install_actioniq"))
    told = json.dumps([body, world.log.entries, [one.model_dump() for one in world.installations.history]])
    assert "aiq_xxxxxxxxxxxxxxxxxxxx" not in told


def test_a_missing_secret_is_named(ask, world):
    status, body = ask(event("install.missing_secret"))
    assert status == 422
    assert pointers(body) == {"/config/api_key"}
    assert not world.installations.rows


def test_malformed_json_is_a_400_in_the_documented_envelope(ask):
    status, body = ask(event("install.malformed_body"))
    assert status == 400
    assert body["error"] == {"code": "MALFORMED_JSON", "message": body["message"]}
    assert body["code"] == "MALFORMED_JSON"


@pytest.mark.parametrize(
    "body", [None, "", "{", '{"a":NaN}', "[" * 20_000, '{"a":' * 20_000, '{"name":"\\ud800"}']
)
def test_what_is_not_json_is_a_400(ask, body):
    assert ask("POST", INSTALL, body)[0] == 400


@pytest.mark.parametrize("body", [[], "7", '"text"', "null", "true"])
def test_a_body_that_is_no_object_is_a_422(ask, body):
    assert ask("POST", INSTALL, body)[0] == 422


def test_a_body_beyond_a_mebibyte_is_a_413(ask):
    assert ask("POST", INSTALL, json.dumps({"name": "x" * 1024 * 1024}))[0] == 413


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"name": ""}, "/name"),
        ({"name": "   "}, "/name"),
        ({"name": "x" * 121}, "/name"),
        ({"name": "a\x00b"}, "/name"),
        ({"name": 7}, "/name"),
        ({"config": []}, "/config"),
        ({"config": "x"}, "/config"),
        ({"variant": "retail"}, "/variant"),
        ({"delivery_mode": "client_side"}, "/delivery_mode"),
        ({"sources": ["src_nobody"]}, "/sources"),
        ({"surprise": 1}, "/surprise"),
        ({"config": {**CONFIG, "api_kee": "x"}}, "/config/api_kee"),
        ({"config": {**CONFIG, "api_key": ""}}, "/config/api_key"),
        ({"config": {**CONFIG, "api_key": "***"}}, "/config/api_key"),
        ({"config": {**CONFIG, "api_key": None}}, "/config/api_key"),
        ({"config": {**CONFIG, "account_id": 7}}, "/config/account_id"),
        ({"config": {**CONFIG, "base_url": "https://example.com"}}, "/config/base_url"),
    ],
)
def test_each_fault_is_a_422_that_points_at_its_field(ask, world, change, pointer):
    status, body = ask("POST", INSTALL, CURL | change)
    assert status == 422
    assert pointer in pointers(body)
    assert not world.installations.rows
    assert not world.secrets.kept


def test_every_fault_is_told_at_once(ask):
    _, body = ask("POST", INSTALL, CURL | {"config": {"unknown": 1}})
    assert pointers(body) == {
        "/config/api_key",
        "/config/account_id",
        "/config/destination_id",
        "/config/unknown",
    }


def test_a_faulty_value_is_never_repeated(ask):
    _, body = ask("POST", INSTALL, CURL | {"config": {**CONFIG, "api_key": "aiq key with blanks"}})
    assert "with blanks" not in json.dumps(body)


def test_name_and_config_are_asked_for(ask):
    status, body = ask("POST", INSTALL, {})
    assert status == 422
    assert pointers(body) == {"/name", "/config"}


def test_variant_and_delivery_mode_have_defaults(ask):
    status, body = ask("POST", INSTALL, {"name": "ActionIQ", "config": CONFIG})
    assert status == 201
    assert (body["variant"], body["delivery_mode"]) == ("default", "server_side")


def test_an_unknown_catalog_key_is_a_404(ask):
    assert ask("POST", "/v1/admin/integration-catalog/nobody/install", CURL)[0] == 404


def test_a_name_that_is_taken_is_a_409(ask, world):
    ask("POST", INSTALL, CURL)
    status, body = ask("POST", INSTALL, CURL | {"name": "ACTIONIQ"})
    assert (status, body["code"]) == (409, "DUPLICATE_NAME")
    assert len(world.secrets.kept) == 1


def test_whoever_loses_the_race_for_a_name_leaves_no_secret_behind(ask, world):
    world.installations.refuse = "name_taken"
    assert ask("POST", INSTALL, CURL)[0] == 409
    assert not world.secrets.kept


def test_a_secret_that_cannot_be_stored_leaves_no_installation(ask, world):
    world.secrets.broken = True
    status, body = ask("POST", INSTALL, CURL)
    assert (status, body["code"]) == (500, "INTERNAL_ERROR")
    assert not world.installations.rows


def test_known_sources_can_be_chosen(ask, world):
    source, _ = world.sources.create("Website", "browser", test=False)
    assert ask("POST", INSTALL, CURL | {"sources": [source.id]})[1]["sources"] == [source.id]


def test_an_idempotency_key_gives_the_first_answer_again(ask, world):
    first = ask("POST", INSTALL, CURL, idempotency_key="once")
    assert ask("POST", INSTALL, CURL, idempotency_key="once") == first
    assert len(world.installations.rows) == 1


def test_an_idempotency_key_with_another_body_is_a_422(ask):
    ask("POST", INSTALL, CURL, idempotency_key="once")
    status, body = ask("POST", INSTALL, CURL | {"name": "other"}, idempotency_key="once")
    assert (status, body["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")


def test_an_install_is_audited(ask, world):
    _, body = ask("POST", INSTALL, CURL, role="editor")
    (entry,) = world.log.entries
    assert entry["action"] == "integration.created"
    assert (entry["resource_type"], entry["resource_id"]) == ("integration", body["id"])
    assert (entry["user_id"], entry["user_name"], entry["ip_address"]) == (
        "tok_editor",
        "editor",
        "127.0.0.1",
    )
    assert entry["changes"]["config"]["new"]["api_key"] == "***"
