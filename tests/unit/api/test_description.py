"""The description says what is served, and grows with the catalog."""

import json
from typing import Any

import jsonschema_rs
import pytest
import schemathesis
import yaml

from api import generate
from api.admin import ROUTES, routes
from api.document import document
from bridge.errors import Problem
from bridge.flows import problems
from bridge.flows.events.collect import Fault
from bridge.flows.events.front_door import EVENT_PATHS
from local.settings import ROOT
from mapping.catalog import CatalogEntry, entries

DOCUMENT = document("0")
DOCUMENTED = {
    "name": "ActionIQ",
    "variant": "default",
    "config": {
        "api_key": "aiq_xxxxxxxxxxxxxxxxxxxx",
        "account_id": "your-account-id",
        "destination_id": "dest-12345",
    },
    "delivery_mode": "server_side",
}
"""The body of the documented curl."""


class _Tags(yaml.CSafeLoader):
    """CloudFormation's own tags say nothing about routes."""


_Tags.add_multi_constructor("!", lambda loader, suffix, node: None)


def valid(value: Any, schema: str, within: dict[str, Any] = DOCUMENT) -> None:
    whole = {"$ref": f"#/components/schemas/{schema}", "components": within["components"]}
    jsonschema_rs.validate(whole, value)


def in_template() -> set[tuple[str, str]]:
    template = yaml.load((ROOT / "template.yaml").read_text(encoding="utf-8"), Loader=_Tags)  # noqa: S506 - a safe one
    events = [
        event["Properties"]
        for one in template["Resources"].values()
        for event in ((one.get("Properties") or {}).get("Events") or {}).values()
        if event["Type"] == "HttpApi"
    ]
    return {(event["Method"], event["Path"]) for event in events if "Path" in event}


def described() -> set[tuple[str, str]]:
    return {(method.upper(), path) for path, methods in DOCUMENT["paths"].items() for method in methods}


def test_what_is_committed_is_what_the_code_says() -> None:
    assert generate.stale() == [], "make openapi"


def test_it_is_openapi() -> None:
    schemathesis.openapi.from_dict(DOCUMENT).validate()


def test_no_row_describes_what_is_not_served() -> None:
    assert set(ROUTES) == {(route.method, route.path) for route in routes()}


def test_every_route_of_the_functions_is_one_of_the_gateway() -> None:
    """Behind $default an admin route would stand without its authorizer."""
    assert {(route.method, route.path) for route in routes()} <= in_template()


def test_every_event_path_is_described_and_published() -> None:
    paths = {("POST", path) for path in EVENT_PATHS}
    assert paths <= described()
    assert paths <= in_template()


@pytest.mark.parametrize(("path", "methods"), DOCUMENT["paths"].items())
def test_an_example_keeps_to_its_schema(path: str, methods: dict[str, Any]) -> None:
    for one in methods.values():
        for content in one.get("requestBody", {}).get("content", {}).values():
            for example in content.get("examples", {}).values():
                valid(example["value"], content["schema"]["$ref"].rpartition("/")[2])


def test_the_documented_curl_is_an_example_of_its_path() -> None:
    post = DOCUMENT["paths"]["/v1/admin/integration-catalog/actioniq/install"]["post"]
    [example] = post["requestBody"]["content"]["application/json"]["examples"].values()
    assert example["value"] == DOCUMENTED


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"api_key": "***", "account_id": "a", "destination_id": "d"},
        {"api_key": "", "account_id": "a", "destination_id": "d"},
        {"api_key": "k", "account_id": " ", "destination_id": "d"},
        {"api_key": "k", "account_id": "a", "destination_id": "d", "claims": "yes"},
        {"api_key": "k", "account_id": "a", "destination_id": "d", "colour": "red"},
        {"api_key": "k", "account_id": "a", "destination_id": "d" * 2049},
    ],
)
def test_what_the_catalog_refuses_the_schema_refuses(config: dict[str, Any]) -> None:
    with pytest.raises(jsonschema_rs.ValidationError):
        valid(DOCUMENTED | {"config": config}, "ActioniqInstallRequest")


def test_a_new_catalog_entry_appears_by_itself() -> None:
    new = CatalogEntry.model_validate(
        entries()[0].model_dump()
        | {
            "key": "carrier-pigeon",
            "name": "Carrier Pigeon",
            "config_fields": [{"key": "loft", "label": "Loft", "type": "string", "required": True}],
        }
    )
    made = document("0", (*entries(), new))
    assert "/v1/admin/integration-catalog/carrier-pigeon/install" in made["paths"]
    body = {"name": "Bird", "config": {"loft": "north"}}
    valid(body, "CarrierPigeonInstallRequest", made)
    with pytest.raises(jsonschema_rs.ValidationError):
        valid({**body, "config": {}}, "CarrierPigeonInstallRequest", made)


@pytest.mark.parametrize(
    "errors",
    [[], [problems.at("/name", "missing", "Field required")], [Fault(0, "no_identifier", "…").shown()]],
)
def test_our_problem_body_is_the_one_described(errors: list[dict[str, Any]]) -> None:
    valid(problems.body(Problem(422, "VALIDATION_FAILED", "No.", errors), instance="/v1/x"), "Problem")


def test_what_is_served_is_what_can_be_read() -> None:
    readable, served = (json.loads(text) for text in generate.written().values())
    assert readable == served
