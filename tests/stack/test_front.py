"""The HTTP API at its documented address: what the gateway answers by itself, and what reaches a function."""

import gzip
import json
import subprocess
import sys
import urllib.error
import urllib.request
import uuid
from http import HTTPStatus
from typing import Any

import pytest

from local.build import fingerprint, sources
from local.demo.stack import Stack
from local.deploy import parameters
from local.settings import ROOT, LocalSettings
from local.up import processes

Reply = tuple[int, dict[str, str], Any]


def ask(method: str, url: str, body: bytes | None = None, **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, body, named, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return read(answer)
    except urllib.error.HTTPError as refused:
        with refused:
            return read(refused)


def read(answer: Any) -> Reply:
    text = answer.read()
    return (
        answer.status,
        {name.lower(): value for name, value in answer.headers.items()},
        json.loads(text or "{}"),
    )


def event() -> dict[str, Any]:
    return {"type": "track", "event": "Stack Test", "userId": uuid.uuid4().hex, "messageId": uuid.uuid4().hex}


def test_an_admin_route_without_a_token_is_refused_by_the_gateway(stack: Stack) -> None:
    status, _, body = ask("GET", f"{stack.api_url}/v1/admin/sources")
    assert (status, body) == (HTTPStatus.UNAUTHORIZED, {"message": "Unauthorized"})


def test_an_admin_route_with_a_wrong_token_is_refused_by_the_gateway(stack: Stack) -> None:
    status, _, body = ask("GET", f"{stack.api_url}/v1/admin/sources", authorization="Bearer wrong")
    assert (status, body) == (HTTPStatus.FORBIDDEN, {"message": "Forbidden"})


def test_the_first_token_opens_the_admin_routes(stack: Stack) -> None:
    bearer = f"Bearer {stack.admin_token}"
    status, _, _ = ask("GET", f"{stack.api_url}/v1/admin/sources", authorization=bearer)
    assert status == HTTPStatus.OK


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "application/octet-stream"])
def test_a_compressed_batch_arrives_intact(stack: Stack, content_type: str) -> None:
    body = gzip.compress(json.dumps({"batch": [event(), event()]}).encode())
    headers = {"content_type": content_type, "content_encoding": "gzip"}
    url = f"{stack.api_url}/v1/batch"
    status, _, answer = ask("POST", url, body, authorization=f"Bearer {stack.write_key}", **headers)
    assert status == HTTPStatus.OK, answer


def test_a_path_that_is_no_route_gets_our_own_404(stack: Stack) -> None:
    status, _, body = ask("GET", f"{stack.api_url}/v1/no-such-thing")
    assert status == HTTPStatus.NOT_FOUND
    assert body != {"message": "Not Found"}


def test_the_emulators_own_routes_are_not_served(stack: Stack) -> None:
    status, _, body = ask("POST", f"{stack.api_url}/_ministack/reset")
    assert status == HTTPStatus.NOT_FOUND, body
    assert ask("GET", f"{stack.emulator_url}/_ministack/health")[0] == HTTPStatus.OK


def test_a_preflight_reaches_the_function(stack: Stack) -> None:
    headers = {"origin": "https://shop.example", "access_control_request_method": "POST"}
    status, answered, _ = ask("OPTIONS", f"{stack.api_url}/v1/batch", **headers)
    assert status < HTTPStatus.BAD_REQUEST
    assert "access-control-allow-origin" in answered


def test_a_body_beyond_the_gateways_limit_is_refused(stack: Stack) -> None:
    url = f"{stack.api_url}/v1/batch"
    status, _, body = ask("POST", url, b"x" * (10 * 1024 * 1024 + 1), content_type="application/json")
    assert (status, body) == (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, {"message": "Request Entity Too Large"})


def test_bringing_up_what_is_up_starts_nothing_anew(settings: LocalSettings, stack: Stack) -> None:
    deployed = json.loads(settings.stack_file.read_text())["version"]
    if deployed != fingerprint(sources(), repr(sorted(parameters(settings).items()))):
        pytest.skip("the code has changed since make up")
    running = processes(settings)
    before = {name: running.pid(name) for name in running.names()}
    done = subprocess.run(
        [sys.executable, "-m", "local.up"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "deploying" not in done.stdout
    assert {name: running.pid(name) for name in running.names()} == before
