"""Publishes the HTTP API on the emulator, which makes no routes from an OpenAPI body (the form SAM gives it)."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from local.settings import REGION, STACK_NAME

if TYPE_CHECKING:
    from local.emulator import Aws

METHODS = {"get", "post", "put", "patch", "delete", "head", "options"}
ANY_METHOD = "x-amazon-apigateway-any-method"
REFERENCE = re.compile(r"\$\{(\w+)\.Arn\}")


@dataclass(frozen=True, slots=True)
class Route:
    """One route of the OpenAPI body: its key, its function and whether the authorizer stands before it."""

    key: str
    function: str
    authorizer: str | None


@dataclass(frozen=True, slots=True)
class Authorizer:
    """A Lambda authorizer of the OpenAPI body."""

    name: str
    function: str
    headers: tuple[str, ...]
    seconds: int


def routes(body: Mapping[str, Any]) -> Iterator[Route]:
    """Read the routes of an OpenAPI body that SAM made."""
    for path, operations in body["paths"].items():
        for method, operation in operations.items():
            if method not in METHODS and method != ANY_METHOD:
                continue
            key = "$default" if path.lstrip("/") == "$default" else f"{_verb(method)} {path}"
            names = [name for need in operation.get("security", []) for name in need if name != "NONE"]
            function = _function(operation["x-amazon-apigateway-integration"]["uri"])
            yield Route(key, function, names[0] if names else None)


def authorizers(body: Mapping[str, Any]) -> Iterator[Authorizer]:
    """Read the Lambda authorizers of an OpenAPI body that SAM made."""
    for name, scheme in body.get("components", {}).get("securitySchemes", {}).items():
        made = scheme["x-amazon-apigateway-authorizer"]
        sources = made["identitySource"]
        named = sources.split(",") if isinstance(sources, str) else sources
        headers = tuple(source.strip() for source in named)
        yield Authorizer(
            name, _function(made["authorizerUri"]), headers, int(made["authorizerResultTtlInSeconds"])
        )


def publish(aws: "Aws") -> tuple[str, str]:
    """Give the deployed API the routes, integrations and authorizer of its template.

    Returns the API's id and the name of the function behind `$default`.
    """
    template = aws.cloudformation().get_template(StackName=STACK_NAME, TemplateStage="Processed")[
        "TemplateBody"
    ]
    processed = json.loads(template) if isinstance(template, str) else template
    logical, api = next(
        (name, resource)
        for name, resource in processed["Resources"].items()
        if resource["Type"] == "AWS::ApiGatewayV2::Api"
    )
    ids = physical_ids(aws)
    api_id = ids[logical]
    _clear(aws, api_id)
    body = api["Properties"]["Body"]
    arns = {name: _arn(aws, ids[name]) for name in {*_functions(body)}}
    gates = {
        gate.name: _create_authorizer(aws, api_id, gate, arns[gate.function]) for gate in authorizers(body)
    }
    targets = {
        name: _create_integration(aws, api_id, arns[name])
        for name in {route.function for route in routes(body)}
    }
    for route in routes(body):
        _create_route(aws, api_id, route, targets[route.function], gates)
    fallback = next(route.function for route in routes(body) if route.key == "$default")
    return api_id, ids[fallback]


def _verb(method: str) -> str:
    return "ANY" if method == ANY_METHOD else method.upper()


def _function(uri: Mapping[str, Any]) -> str:
    """`{"Fn::Sub": "arn:…/functions/${CollectFunction.Arn}/invocations"}` names `CollectFunction`."""
    text = uri["Fn::Sub"]
    if isinstance(text, list):
        return str(text[1]["__FunctionArn__"]["Fn::GetAtt"][0])
    found = REFERENCE.search(text)
    if not found:
        message = f"no function in {text}"
        raise ValueError(message)
    return found[1]


def _functions(body: Mapping[str, Any]) -> Iterator[str]:
    yield from (route.function for route in routes(body))
    yield from (gate.function for gate in authorizers(body))


def physical_ids(aws: "Aws") -> dict[str, str]:
    """Map each logical id of the deployed stack to the name of what was made for it."""
    pages = aws.cloudformation().get_paginator("list_stack_resources").paginate(StackName=STACK_NAME)
    return {
        resource["LogicalResourceId"]: resource.get("PhysicalResourceId", "")
        for page in pages
        for resource in page["StackResourceSummaries"]
    }


def _arn(aws: "Aws", name: str) -> str:
    return aws.functions().get_function_configuration(FunctionName=name)["FunctionArn"]


def _invocation(arn: str) -> str:
    return f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{arn}/invocations"


def _clear(aws: "Aws", api_id: str) -> None:
    client = aws.apis()
    for route in client.get_routes(ApiId=api_id)["Items"]:
        client.delete_route(ApiId=api_id, RouteId=route["RouteId"])
    for integration in client.get_integrations(ApiId=api_id)["Items"]:
        client.delete_integration(ApiId=api_id, IntegrationId=integration["IntegrationId"])
    for authorizer in client.get_authorizers(ApiId=api_id)["Items"]:
        client.delete_authorizer(ApiId=api_id, AuthorizerId=authorizer["AuthorizerId"])


def _create_authorizer(aws: "Aws", api_id: str, gate: Authorizer, arn: str) -> str:
    made = aws.apis().create_authorizer(
        ApiId=api_id,
        Name=gate.name,
        AuthorizerType="REQUEST",
        AuthorizerUri=_invocation(arn),
        AuthorizerPayloadFormatVersion="2.0",
        EnableSimpleResponses=True,
        AuthorizerResultTtlInSeconds=gate.seconds,
        IdentitySource=list(gate.headers),
    )
    return made["AuthorizerId"]


def _create_integration(aws: "Aws", api_id: str, arn: str) -> str:
    made = aws.apis().create_integration(
        ApiId=api_id,
        IntegrationType="AWS_PROXY",
        IntegrationUri=_invocation(arn),
        PayloadFormatVersion="2.0",
    )
    return made["IntegrationId"]


def _create_route(aws: "Aws", api_id: str, route: Route, target: str, gates: Mapping[str, str]) -> None:
    client = aws.apis()
    if route.authorizer is None:
        client.create_route(ApiId=api_id, RouteKey=route.key, Target=f"integrations/{target}")
        return
    client.create_route(
        ApiId=api_id,
        RouteKey=route.key,
        Target=f"integrations/{target}",
        AuthorizationType="CUSTOM",
        AuthorizerId=gates[route.authorizer],
    )
