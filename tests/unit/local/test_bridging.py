"""What the local stack does for the emulator's gaps, without an emulator."""

from local.build import fingerprint
from local.event_sources import number
from local.fallback import Fallback
from local.front import forwarded
from local.http_api import authorizers, routes
from local.permissions import batched
from local.sam_on_host import on_host
from local.settings import ROOT, LocalSettings

URI = {"Fn::Sub": "arn:aws:apigateway:x:lambda:path/functions/${CollectFunction.Arn}/invocations"}
INTEGRATION = {"x-amazon-apigateway-integration": {"uri": URI}}
GATE = {
    "identitySource": "$request.header.Authorization",
    "authorizerUri": {"Fn::Sub": ["…", {"__FunctionArn__": {"Fn::GetAtt": ["AuthorizerFunction", "Arn"]}}]},
    "authorizerResultTtlInSeconds": 60,
}
BODY = {
    "paths": {
        "/v1/batch": {"post": INTEGRATION | {"security": [{"NONE": []}]}},
        "/v1/admin/x": {"get": INTEGRATION | {"security": [{"AdminAuthorizer": []}]}},
        "/$default": {"x-amazon-apigateway-any-method": INTEGRATION | {"isDefaultRoute": True}},
    },
    "components": {"securitySchemes": {"AdminAuthorizer": {"x-amazon-apigateway-authorizer": GATE}}},
}


def test_the_routes_of_an_openapi_body_are_read_with_their_gate() -> None:
    found = {route.key: (route.function, route.authorizer) for route in routes(BODY)}
    assert found == {
        "POST /v1/batch": ("CollectFunction", None),
        "GET /v1/admin/x": ("CollectFunction", "AdminAuthorizer"),
        "$default": ("CollectFunction", None),
    }


def test_the_authorizer_of_an_openapi_body_is_read_with_its_cache() -> None:
    (gate,) = authorizers(BODY)
    assert (gate.function, gate.headers, gate.seconds) == (
        "AuthorizerFunction",
        ("$request.header.Authorization",),
        60,
    )


def test_a_role_gets_the_batch_form_of_what_it_may_do_and_no_more() -> None:
    policy = {"Statement": [{"Action": "sqs:SendMessage"}, {"Action": ["s3:GetObject"]}]}
    assert batched(policy)["Statement"] == [
        {"Action": ["sqs:SendMessage", "sqs:SendMessageBatch"]},
        {"Action": ["s3:GetObject"]},
    ]
    assert batched(batched(policy)) == batched(policy)


class Mappings:
    """Keeps what it was told."""

    def __init__(self) -> None:
        self.told: list[dict[str, object]] = []

    def functions(self) -> "Mappings":
        return self

    def get_paginator(self, name: str) -> "Mappings":
        return self

    def paginate(self) -> list[dict[str, object]]:
        found = {"UUID": "1", "BatchSize": "10", "ScalingConfig": {"MaximumConcurrency": "4"}}
        return [{"EventSourceMappings": [found]}]

    def update_event_source_mapping(self, **told: object) -> None:
        self.told.append(told)


def test_numbers_of_a_mapping_become_numbers() -> None:
    mappings = Mappings()
    number(mappings)
    assert mappings.told == [{"UUID": "1", "BatchSize": 10, "ScalingConfig": {"MaximumConcurrency": 4}}]


def test_a_compressed_body_travels_as_bytes_and_its_length_is_told_anew() -> None:
    sent = [(b"host", b"x"), (b"content-type", b"text/plain"), (b"content-length", b"9"), (b"x-own", b"1")]
    assert forwarded(sent, b"\x1f\x8b") == [
        (b"x-own", b"1"),
        (b"x-forwarded-host", b"x"),
        (b"content-type", b"application/octet-stream"),
    ]
    assert forwarded(sent, b"{}") == [
        (b"content-type", b"text/plain"),
        (b"x-own", b"1"),
        (b"x-forwarded-host", b"x"),
    ]


def test_preflights_and_the_emulators_own_paths_go_to_the_default_route() -> None:
    assert Fallback.wants({"method": "OPTIONS", "path": "/v1/batch"})
    assert Fallback.wants({"method": "POST", "path": "/_ministack/reset"})
    assert not Fallback.wants({"method": "POST", "path": "/v1/batch"})


def test_a_container_listens_on_loopback_of_the_host_itself() -> None:
    made = on_host(
        {"ports": {"8080": ("127.0.0.1", 5000)}, "entrypoint": ["rie", "--log-level", "error"], "a": 1}
    )
    assert made["network_mode"] == "host"
    assert "ports" not in made
    assert made["entrypoint"][:3] == ["rie", "--runtime-interface-emulator-address", "127.0.0.1:5000"]
    assert made["entrypoint"][-2:] == ["--log-level", "error"]
    assert made["a"] == 1


def test_ports_can_be_moved_and_an_empty_variable_counts_as_absent() -> None:
    moved = LocalSettings.load({"API_PORT": "9000", "BRAZE_PORT": ""})
    assert (moved.api_url, moved.braze_url) == ("http://localhost:9000", "http://127.0.0.1:8086")


def test_a_fingerprint_changes_with_contents_and_parameters() -> None:
    paths = [ROOT / "template.yaml"]
    assert fingerprint(paths, "a") == fingerprint(paths, "a")
    assert fingerprint(paths, "a") != fingerprint(paths, "b")


def test_a_proxy_s_word_on_the_host_is_passed_on() -> None:
    sent = [(b"host", b"x"), (b"x-forwarded-host", b"first")]
    assert forwarded(sent, b"{}") == [(b"x-forwarded-host", b"first")]
