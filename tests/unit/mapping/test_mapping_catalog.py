"""The library's entries and what their validation says."""

from typing import Any

import pytest

from mapping.catalog import CatalogEntry, InvalidConfig, entries, entry, search, validate_config
from mapping.catalog.fields import ConfigField
from mapping.installation import ActionIqSettings, BrazeSettings
from mapping.webhook import WebhookSettings

ACTIONIQ = {
    "api_key": "aiq_xxxxxxxxxxxxxxxxxxxx",
    "account_id": "your-account-id",
    "destination_id": "dest-12345",
}
HOOK = {"url": "https://hooks.example.com/signal"}
BRAZE = {"rest_api_key": "brz_local_key", "rest_endpoint": "https://rest.iad-01.braze.com"}


def known(key: str) -> CatalogEntry:
    """An entry that is there."""
    found = entry(key)
    assert found is not None
    return found


def errors_of(key: str, config: object, *, partial: bool = False) -> dict[str, str]:
    """Code by pointer of what validation finds wrong."""
    with pytest.raises(InvalidConfig) as refusal:
        validate_config(known(key), config, partial=partial)
    return {error["pointer"]: error["code"] for error in refusal.value.errors}


def test_the_documented_configuration_passes() -> None:
    plain, secrets = validate_config(known("actioniq"), ACTIONIQ)
    assert secrets == {"api_key": "aiq_xxxxxxxxxxxxxxxxxxxx"}
    assert (plain["account_id"], plain["destination_id"]) == ("your-account-id", "dest-12345")
    assert "api_key" not in plain


def test_defaults_of_the_catalog_are_those_of_the_settings() -> None:
    plain, _ = validate_config(known("braze"), BRAZE)
    assert BrazeSettings.model_validate(plain) == BrazeSettings(rest_endpoint=BRAZE["rest_endpoint"])
    plain, _ = validate_config(known("webhook"), HOOK)
    assert WebhookSettings.model_validate(plain) == WebhookSettings(url=HOOK["url"])
    plain, _ = validate_config(known("actioniq"), ACTIONIQ)
    assert ActionIqSettings.model_validate(plain) == ActionIqSettings(
        account_id="your-account-id", destination_id="dest-12345"
    )


@pytest.mark.parametrize(
    ("key", "settings"),
    [("braze", BrazeSettings), ("actioniq", ActionIqSettings), ("webhook", WebhookSettings)],
)
def test_every_plain_field_is_a_setting_and_every_setting_a_field(key: str, settings: type[Any]) -> None:
    fields = {field.key for field in known(key).config_fields if field.type != "secret"}
    assert fields == set(settings.model_fields)


@pytest.mark.parametrize(
    ("key", "config", "errors"),
    [
        ("actioniq", None, {"/config": "wrong_type"}),
        ("actioniq", {}, {f"/config/{field}": "required" for field in ACTIONIQ}),
        ("actioniq", ACTIONIQ | {"apikey": "x"}, {"/config/apikey": "unknown_field"}),
        ("actioniq", ACTIONIQ | {"a/b~c": "x"}, {"/config/a~1b~0c": "unknown_field"}),
        ("actioniq", ACTIONIQ | {"api_key": ""}, {"/config/api_key": "empty"}),
        ("actioniq", ACTIONIQ | {"api_key": "  "}, {"/config/api_key": "empty"}),
        ("actioniq", ACTIONIQ | {"api_key": "***"}, {"/config/api_key": "masked_secret"}),
        ("actioniq", ACTIONIQ | {"api_key": 7}, {"/config/api_key": "wrong_type"}),
        ("actioniq", ACTIONIQ | {"api_key": "a\nb"}, {"/config/api_key": "bad_characters"}),
        ("actioniq", ACTIONIQ | {"account_id": ""}, {"/config/account_id": "empty"}),
        ("actioniq", ACTIONIQ | {"account_id": 5}, {"/config/account_id": "wrong_type"}),
        ("actioniq", ACTIONIQ | {"account_id": "x" * 2049}, {"/config/account_id": "too_long"}),
        ("actioniq", ACTIONIQ | {"path_template": "/records"}, {"/config/path_template": "bad_placeholder"}),
        ("actioniq", ACTIONIQ | {"path_template": "records"}, {"/config/path_template": "bad_path"}),
        ("actioniq", ACTIONIQ | {"auth_header": "x-api-key"}, {"/config/auth_header": "bad_header"}),
        ("actioniq", ACTIONIQ | {"auth_header": "x-api-key: k"}, {"/config/auth_header": "bad_placeholder"}),
        ("braze", BRAZE | {"track_pages": "true"}, {"/config/track_pages": "wrong_type"}),
        ("braze", BRAZE | {"consent_fields": "maybe"}, {"/config/consent_fields": "not_an_option"}),
        ("braze", BRAZE | {"approve_recipients": -1}, {"/config/approve_recipients": "too_small"}),
        ("braze", BRAZE | {"approve_recipients": 10**9}, {"/config/approve_recipients": "too_large"}),
        ("braze", BRAZE | {"approve_recipients": True}, {"/config/approve_recipients": "wrong_type"}),
        ("braze", BRAZE | {"consent_categories": "marketing"}, {"/config/consent_categories": "wrong_type"}),
        (
            "actioniq",
            ACTIONIQ | {"consent_categories": ["marketing", "sales", 7]},
            {"/config/consent_categories/1": "not_an_option"},
        ),
        ("webhook", HOOK | {"consent_categories": [["x"]]}, {"/config/consent_categories/0": "wrong_type"}),
        ("webhook", {}, {"/config/url": "required"}),
        ("webhook", HOOK | {"batch_size": 0}, {"/config/batch_size": "too_small"}),
        ("webhook", HOOK | {"batch_size": 101}, {"/config/batch_size": "too_large"}),
        ("webhook", HOOK | {"method": "GET"}, {"/config/method": "not_an_option"}),
        ("webhook", HOOK | {"authentication": "bearer"}, {"/config/bearer_token": "required"}),
        ("webhook", HOOK | {"authentication": "hmac"}, {"/config/hmac_secret": "required"}),
        (
            "webhook",
            HOOK | {"authentication": "basic", "basic_user": "a:b"},
            {"/config/basic_user": "bad_format", "/config/basic_password": "required"},
        ),
        (
            "webhook",
            HOOK | {"authentication": "basic", "basic_user": " ", "basic_password": "p"},
            {"/config/basic_user": "required"},
        ),
        (
            "braze",
            {"rest_endpoint": "x"},
            {"/config/rest_api_key": "required", "/config/rest_endpoint": "bad_url"},
        ),
    ],
)
def test_every_error_is_named_at_once_with_its_pointer(
    key: str, config: object, errors: dict[str, str]
) -> None:
    assert errors_of(key, config) == errors


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://rest.iad-01.braze.com", "https://rest.iad-01.braze.com"),
        (" https://rest.fra-01.braze.eu/ ", "https://rest.fra-01.braze.eu"),
        ("http://127.0.0.1:8086", "http://127.0.0.1:8086"),
        ("http://localhost:8086", "http://localhost:8086"),
    ],
)
def test_an_endpoint_is_https_or_loopback(url: str, kept: str) -> None:
    assert validate_config(known("braze"), BRAZE | {"rest_endpoint": url})[0]["rest_endpoint"] == kept


@pytest.mark.parametrize(
    "url",
    [
        "rest.iad-01.braze.com",
        "http://rest.iad-01.braze.com",
        "ftp://127.0.0.1",
        "https://",
        "https://user:pw@rest.iad-01.braze.com",
        "https://rest.iad-01.braze.com?x=1",
        "https://rest.iad-01.braze.com#x",
        "https://rest.iad-01.braze.com:port",
        "https://[rest",
        "https://rest.braze.com\\@evil.example",
        "http://127.0.0.1.evil.example",
        "https://r\u00e9st.braze.com",
    ],
)
def test_any_other_url_is_refused(url: str) -> None:
    assert errors_of("braze", BRAZE | {"rest_endpoint": url}) == {"/config/rest_endpoint": "bad_url"}


def test_an_update_keeps_what_it_does_not_name() -> None:
    assert validate_config(known("braze"), {"track_pages": True}, partial=True) == ({"track_pages": True}, {})
    masked = {"rest_api_key": "***", "rest_endpoint": None}
    assert validate_config(known("braze"), masked, partial=True) == ({}, {})
    assert validate_config(known("actioniq"), {"base_url": ""}, partial=True) == ({"base_url": ""}, {})
    assert errors_of("braze", {"rest_api_key": ""}, partial=True) == {"/config/rest_api_key": "empty"}


def test_no_error_ever_holds_a_value() -> None:
    config = {
        "rest_api_key": "hush hush",
        "rest_endpoint": "hush",
        "track_pages": "hush",
        "consent_fields": "hush",
    }
    with pytest.raises(InvalidConfig) as refusal:
        validate_config(known("braze"), config)
    assert len(refusal.value.errors) == 4
    assert "hush" not in f"{refusal.value} {refusal.value.errors}"


def test_the_library_is_found_by_category_and_by_name() -> None:
    assert {found.key for found in entries()} >= {"actioniq", "braze"}
    assert [found.key for found in search("CDP")] == ["actioniq"]
    assert [found.key for found in search(q=" actionIQ ", category="cdp")] == ["actioniq"]
    assert search(q="no such thing") == ()
    assert entry("missing") is None


@pytest.mark.parametrize("key", [found.key for found in entries()])
def test_an_entry_is_complete(key: str) -> None:
    found = known(key)
    assert found.delivery_modes == ("server_side",)
    assert found.variant("default") is not None
    assert found.variant("retail") is None
    assert all(field.label and field.help_text for field in found.config_fields)
    assert all(field.options for field in found.config_fields if field.type in {"select", "list"})
    keys = [field.key for field in found.config_fields]
    assert len(keys) == len(set(keys))
    assert {field.required_if.field for field in found.config_fields if field.required_if} <= set(keys)


FIELDS = [(found, field) for found in entries() for field in found.config_fields]


@pytest.mark.parametrize(("found", "field"), FIELDS, ids=[f"{one.key}.{field.key}" for one, field in FIELDS])
def test_a_form_can_be_made_of_a_field(found: CatalogEntry, field: ConfigField) -> None:
    """What it is called, what it means, what it may be, and what it looks like where it must be given."""
    assert field.label.strip() == field.label
    assert field.help_text.endswith(".")
    assert bool(field.options) or field.type not in {"select", "list"}
    values = [option.value for option in field.options]
    assert len(values) == len(set(values)) == len({option.label for option in field.options})
    if field.type == "select":
        assert field.default in values
    if field.type == "boolean":
        assert isinstance(field.default, bool)
    if field.type == "integer":
        assert field.minimum is not None
        assert field.maximum is not None
        assert field.minimum <= field.default <= field.maximum
    if field.type == "secret":
        assert (field.default, field.options) == (None, ())
    if field.required:
        assert field.placeholder
        assert field.default is None
        assert ">" in field.help_text or not found.host_suffixes, "where in the vendor's pages it is found"


@pytest.mark.parametrize("found", entries(), ids=[found.key for found in entries()])
def test_what_must_be_given_is_asked_first(found: CatalogEntry) -> None:
    required = [field.required for field in found.config_fields]
    assert required == sorted(required, reverse=True)
    assert required[0]


@pytest.mark.parametrize("key", [found.key for found in entries()])
def test_every_integration_can_ask_for_consent_and_for_a_replay_by_itself(key: str) -> None:
    *_, field, replay = known(key).config_fields
    assert (replay.key, replay.type, replay.default) == ("replay_when_mended", "boolean", False)
    assert (field.key, field.type, field.required) == ("consent_categories", "list", False)
    assert [option.value for option in field.options] == [
        "analytics",
        "marketing",
        "functional",
        "advertising",
    ]


def test_a_list_keeps_its_order_and_each_item_once() -> None:
    given = BRAZE | {"consent_categories": ["marketing", "analytics", "marketing"]}
    assert validate_config(known("braze"), given)[0]["consent_categories"] == ["marketing", "analytics"]
    nothing = validate_config(known("braze"), BRAZE | {"consent_categories": []})[0]
    assert nothing["consent_categories"] == []


def test_a_field_that_another_ones_value_calls_for_may_be_absent_otherwise() -> None:
    plain, secrets = validate_config(known("webhook"), HOOK | {"hmac_secret": "s"})
    assert (plain["authentication"], secrets) == ("none", {"hmac_secret": "s"})
    assert validate_config(known("webhook"), {"authentication": "hmac"}, partial=True)[1] == {}


def test_only_a_webhook_has_no_hosts_of_a_vendor() -> None:
    assert {found.key: found.host_suffixes for found in entries()} == {
        "actioniq": (".actioniq.com",),
        "braze": (".braze.com", ".braze.eu"),
        "webhook": (),
    }


@pytest.mark.parametrize("status", [401, 404, 429])
def test_actioniqs_troubleshooting_gives_the_hint_for_a_status(status: int) -> None:
    assert known("actioniq").hint(status)
    assert known("actioniq").hint(500) == ""


def test_braze_needs_the_permissions_of_its_partner_page() -> None:
    names = [permission.name for permission in known("braze").permissions]
    assert names == ["users.track", "users.export.ids", "campaigns.trigger.send", "campaigns.list"]
