"""Webhooks through the admin API: secrets by authentication, hosts by the stack's list, consent by name."""

import pytest

from bridge.clients.hosts import AllowedHosts
from tests.unit.install.fakes import World
from tests.unit.install.loading import admin_event, load

INSTALL = "/v1/admin/integration-catalog/webhook/install"
HOOK = {"url": "https://rest.example.com/hook"}


def install(ask, name="hook", **config):
    return ask("POST", INSTALL, {"name": name, "config": HOOK | config})


def codes(body):
    return {one["pointer"]: one["code"] for one in body["errors"]}


@pytest.mark.parametrize(
    ("config", "stored"),
    [
        ({}, {}),
        ({"authentication": "bearer", "bearer_token": "t"}, {"bearer_token": "t"}),
        (
            {"authentication": "basic", "basic_user": "u", "basic_password": "p"},
            {"basic_password": "p"},
        ),
        ({"authentication": "hmac", "hmac_secret": "s"}, {"hmac_secret": "s"}),
    ],
)
def test_the_secrets_of_an_authentication_are_stored_and_masked(ask, world, config, stored):
    """Without any there is an empty entry, which tells a worker that none is lost."""
    status, body = install(ask, **config)
    assert status == 201
    assert world.secrets.kept == {f"webhook/{body['id']}": stored}
    assert {name: body["config"][name] for name in stored} == dict.fromkeys(stored, "***")


def test_another_authentication_asks_for_its_secret(ask, world):
    _, made = install(ask)
    path = f"/v1/admin/integrations/{made['id']}"
    status, body = ask("PATCH", path, {"config": {"authentication": "hmac"}})
    assert (status, codes(body)) == (422, {"/config/hmac_secret": "required"})
    status, body = ask("PATCH", path, {"config": {"authentication": "hmac", "hmac_secret": "s"}})
    assert (status, body["config"]["hmac_secret"]) == (200, "***")
    assert ask("PATCH", path, {"config": {"batch_size": 5}})[0] == 200
    assert world.secrets.kept == {f"webhook/{made['id']}": {"hmac_secret": "s"}}


def test_consent_categories_are_set_changed_and_taken_away(ask):
    status, made = install(ask, consent_categories=["marketing", "analytics"])
    assert (status, made["config"]["consent_categories"]) == (201, ["marketing", "analytics"])
    path = f"/v1/admin/integrations/{made['id']}"
    status, body = ask("PATCH", path, {"config": {"consent_categories": ["marketing", "sales"]}})
    assert (status, codes(body)) == (422, {"/config/consent_categories/1": "not_an_option"})
    _, body = ask("PATCH", path, {"config": {"consent_categories": ["analytics"]}})
    assert (body["config"]["consent_categories"], body["revision"]["revision_number"]) == (["analytics"], 2)
    assert (
        "consent_categories" not in ask("PATCH", path, {"config": {"consent_categories": None}})[1]["config"]
    )


@pytest.mark.parametrize("value", [["x"], {"a": 1}, 7, True])
def test_a_secret_that_is_no_text_is_a_422_also_when_one_is_stored(ask, value):
    _, made = install(ask, authentication="bearer", bearer_token="t")
    status, body = ask("PATCH", f"/v1/admin/integrations/{made['id']}", {"config": {"bearer_token": value}})
    assert (status, codes(body)) == (422, {"/config/bearer_token": "wrong_type"})


@pytest.mark.parametrize(
    ("url", "status"),
    [
        ("https://hooks.example.com/signal", 201),
        ("https://rest.iad-01.braze.com/hook", 422),
        ("https://api.actioniq.com/hook", 422),
        ("https://elsewhere.example.com/hook", 422),
        ("https://hooks.example.com:8443/signal", 422),
        ("https://169.254.169.254/latest", 422),
    ],
)
def test_only_a_listed_host_is_taken_a_vendors_included(world: World, url: str, status: int):
    world.check_url = lambda key, given: AllowedHosts.of(["hooks.example.com"], key).check(given)
    app = load("install")
    app.managing = world.managing
    answer = app.lambda_handler(admin_event("POST", INSTALL, {"name": "h", "config": {"url": url}}), object())
    assert answer["statusCode"] == status
