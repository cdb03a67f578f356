"""One operation of the API, and how it is written in OpenAPI."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from api.shapes import Schema, ref, text

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Answer:
    """A success: `schema` names one of the components, or nothing for no body; `or_text` are media types of text."""

    description: str
    schema: str = ""
    media_type: str = JSON
    headers: Mapping[str, Schema] = field(default_factory=dict)
    example: Any = None
    or_text: tuple[str, ...] = ()

    def written(self) -> Schema:
        """As OpenAPI has it."""
        made: Schema = {"description": self.description}
        if self.headers:
            made["headers"] = dict(self.headers)
        if self.schema:
            schema = ref(self.schema)
            made["content"] = {self.media_type: {"schema": schema}}
            if self.example is not None:
                made["content"][self.media_type]["example"] = self.example
        for media_type in self.or_text:
            made.setdefault("content", {})[media_type] = {"schema": text()}
        return made


@dataclass(frozen=True, slots=True)
class Operation:
    """`path` has its variables in braces; `body` names a component; `answers` maps statuses to successes."""

    method: str
    path: str
    name: str
    summary: str
    tag: str
    answers: Mapping[int, Answer]
    refusals: Mapping[str, Schema]
    description: str = ""
    parameters: tuple[Schema, ...] = ()
    body: str = ""
    examples: Mapping[str, Any] = field(default_factory=dict)
    security: tuple[Mapping[str, list[str]], ...] = ()
    extensions: Mapping[str, Any] = field(default_factory=dict)

    def written(self) -> Schema:
        """As OpenAPI has it."""
        made: Schema = {"operationId": self.name, "summary": self.summary, "tags": [self.tag]}
        if self.description:
            made["description"] = self.description
        if self.parameters:
            made["parameters"] = list(self.parameters)
        if self.body:
            content: Schema = {"schema": ref(self.body)}
            if self.examples:
                content["examples"] = {name: {"value": value} for name, value in self.examples.items()}
            made["requestBody"] = {"required": True, "content": {JSON: content}}
        answers = {str(status): answer.written() for status, answer in self.answers.items()}
        made["responses"] = {**answers, **self.refusals}
        made["security"] = list(self.security)
        return made | dict(self.extensions)


def query(name: str, schema: Schema, *, required: bool = False, description: str = "") -> Schema:
    """A parameter of the query."""
    return _parameter(name, "query", schema, description, required=required)


def header(name: str, schema: Schema, *, required: bool = False, description: str = "") -> Schema:
    """A header."""
    return _parameter(name, "header", schema, description, required=required)


def in_path(name: str, description: str, **limits: Any) -> Schema:
    """A variable part of the path."""
    return _parameter(name, "path", text(**{"minLength": 1, **limits}), description, required=True)


def _parameter(name: str, place: str, schema: Schema, description: str, *, required: bool) -> Schema:
    told = {"description": description} if description else {}
    return {"name": name, "in": place, "required": required, **told, "schema": schema}
