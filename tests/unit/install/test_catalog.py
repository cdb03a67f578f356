"""The integration library, as the API gives it."""

import json

import pytest

from mapping.catalog import entries
from tests.unit.install.loading import event

CATALOG = "/v1/admin/integration-catalog"


@pytest.mark.parametrize(
    ("query", "keys"),
    [
        ("", [entry.key for entry in entries()]),
        ("?category=cdp", ["actioniq"]),
        ("?category=CDP", ["actioniq"]),
        ("?q=action", ["actioniq", "braze"]),
        ("?q=Customer+engagement", ["braze"]),
        ("?category=cdp&q=braze", []),
        ("?q=nothing%20like%20it", []),
    ],
)
def test_an_integration_is_found_by_category_or_name(ask, query, keys):
    status, body = ask("GET", f"{CATALOG}{query}")
    assert status == 200
    assert [entry["key"] for entry in body["data"]] == keys


def test_an_entry_says_what_a_form_needs(ask):
    status, entry = ask("GET", f"{CATALOG}/actioniq")
    assert status == 200
    required = {field["key"]: field["type"] for field in entry["config_fields"] if field["required"]}
    assert required == {"api_key": "secret", "account_id": "string", "destination_id": "string"}
    assert [variant["key"] for variant in entry["variants"]] == ["default"]
    assert entry["category"] == "cdp"


def test_the_fixture_of_the_list_answers(ask):
    status, body = ask(event("install.list_catalog"))
    assert (status, body["has_more"]) == (200, False)
    assert json.dumps(body)


def test_an_unknown_entry_is_a_404(ask):
    assert ask("GET", f"{CATALOG}/nobody")[0] == 404
