"""The API's description as the fake reads it: which operation is meant, what may be asked, what may be answered."""

import json
import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from jsonschema_rs import Draft202012Validator

from local.settings import ROOT

Json = dict[str, Any]
DOCUMENT: Json = json.loads((ROOT / "docs" / "openapi.json").read_text(encoding="utf-8"))
SCHEMAS: Json = DOCUMENT["components"]["schemas"]
SAMPLES = {"^dk_(live|test)_": "dk_live_0123", "^sb_": "sb_0123", "^[A-Z][A-Z0-9_]*$": "SOME_CODE"}
MOMENT = "2026-11-22T09:00:00.000Z"


@dataclass(frozen=True)
class Operation:
    """One of the document's, and the variables of the path it was found by."""

    document: Json
    variables: dict[str, str]

    @property
    def name(self) -> str:
        return str(self.document["operationId"])

    def check_request(self, query: dict[str, str], body: Any) -> None:
        """Raise AssertionError for anything the description does not provide for."""
        known = {one["name"] for one in self.document.get("parameters", []) if one["in"] == "query"}
        assert set(query) <= known, f"{self.name} takes no {set(query) - known}"
        content = self.document.get("requestBody", {}).get("content", {}).get("application/json")
        if content:
            check(content["schema"], body)

    def check_answer(self, status: int, body: Any) -> None:
        """Raise AssertionError for an answer the description does not promise."""
        promised = self.document["responses"].get(str(status))
        assert promised, f"{self.name} does not answer {status}"
        if "$ref" in promised:
            promised = DOCUMENT["components"]["responses"][promised["$ref"].rpartition("/")[2]]
        if content := promised.get("content"):
            assert any(fits(one["schema"], body) for one in content.values()), (self.name, status, body)


@cache
def _paths() -> list[tuple[re.Pattern[str], Json]]:
    plain_first = sorted(DOCUMENT["paths"].items(), key=lambda one: one[0].count("{"))
    return [
        (re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path)), methods) for path, methods in plain_first
    ]


def operation(method: str, path: str) -> Operation | None:
    """The operation of a path; None when there is none."""
    for pattern, methods in _paths():
        if (found := pattern.fullmatch(path)) and method.lower() in methods:
            return Operation(methods[method.lower()], found.groupdict())
    return None


def sample(schema_name: str, /, **given: Any) -> Json:
    """The least that the schema of this name asks for, and what is given over it."""
    made: Json = _sample({"$ref": f"#/components/schemas/{schema_name}"})
    return made | given


def _sample(schema: Json) -> Any:
    if "$ref" in schema:
        return _sample(SCHEMAS[schema["$ref"].rpartition("/")[2]])
    for word in ("const", "default"):
        if word in schema:
            return schema[word]
    for word in ("enum", "examples"):
        if word in schema:
            return schema[word][0]
    if "anyOf" in schema:
        return _sample(schema["anyOf"][0])
    kind = schema.get("type")
    if isinstance(kind, list):
        return None if "null" in kind else _sample({**schema, "type": kind[0]})
    if kind == "object":
        return {name: _sample(schema["properties"][name]) for name in schema.get("required", ())}
    if kind == "string":
        return MOMENT if schema.get("format") == "date-time" else SAMPLES.get(schema.get("pattern", ""), "")
    return {"array": [], "integer": schema.get("minimum", 0), "boolean": False}.get(kind)


def check(schema: Json, document: Any) -> None:
    errors = [error.message for error in _validator(json.dumps(schema)).iter_errors(document)]
    assert not errors, errors[0][:500]


def fits(schema: Json, document: Any) -> bool:
    return _validator(json.dumps(schema)).is_valid(document)


@cache
def _validator(schema: str) -> Draft202012Validator:
    return Draft202012Validator({**json.loads(schema), "components": {"schemas": SCHEMAS}})
