"""The edge of the admin API: which route a path finds, and what is told of a fault nobody foresaw."""

import json
import logging

import pytest

from bridge.admin_router import AdminRouter
from bridge.flows.admin.admin_api import Call, Route
from bridge.flows.authorize import Role
from bridge.flows.events.gateway import Answer, answer_json
from tests.unit.install.loading import admin_event

SECRET = "jane@example.com"


def shows(call: Call) -> Answer:
    return answer_json(200, {"params": dict(call.params)})


def crashes(call: Call) -> Answer:
    raise ValueError(SECRET)


ROUTER = AdminRouter(
    (
        Route("GET", "/v1/admin/things/<id>", Role.VIEWER, shows),
        Route("GET", "/v1/admin/things/newest", Role.VIEWER, lambda _: answer_json(200, {"fixed": True})),
        Route("POST", "/v1/admin/things/<id>/parts/<part>", Role.VIEWER, shows),
        Route("GET", "/v1/admin/broken", Role.VIEWER, crashes),
    ),
    logging.getLogger("test"),
)


def answered(method: str, path: str) -> tuple[int, dict]:
    answer = ROUTER(admin_event(method, path))
    return answer["statusCode"], json.loads(answer["body"])


@pytest.mark.parametrize(
    ("method", "path", "told"),
    [
        ("GET", "/v1/admin/things/a-1", {"params": {"id": "a-1"}}),
        ("GET", "/v1/admin/things/a-1/", {"params": {"id": "a-1"}}),
        ("GET", "/v1/admin/things/a%2Fb", {"params": {"id": "a%2Fb"}}),
        ("GET", "/v1/admin/things/ä ö", {"params": {"id": "ä ö"}}),
        ("GET", "/v1/admin/things/newest", {"fixed": True}),
        ("POST", "/v1/admin/things/a/parts/b", {"params": {"id": "a", "part": "b"}}),
    ],
)
def test_a_path_finds_its_route_and_a_fixed_one_comes_before_a_variable_one(method, path, told):
    assert answered(method, path) == (200, told)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/admin/things"),
        ("GET", "/v1/admin/things/a/b"),
        ("GET", "/v1/admin/things//parts/b"),
        ("POST", "/v1/admin/things/a/parts/"),
        ("GET", f"/v1/admin/things/{'a' * 201}"),
        ("HEAD", "/v1/admin/things/a"),
        ("DELETE", "/v1/admin/things/a"),
        ("", ""),
    ],
)
def test_anything_else_is_a_404_of_ours(method, path):
    status, body = answered(method, path)
    assert (status, body["code"]) == (404, "NOT_FOUND")


def test_a_fault_of_ours_is_a_500_and_the_log_names_its_place_alone(caplog):
    status, body = answered("GET", "/v1/admin/broken")
    assert (status, body["code"], body["instance"]) == (500, "INTERNAL_ERROR", "/v1/admin/broken")
    (record,) = caplog.records
    assert (record.error_type, record.request_id) == ("ValueError", "JKJaXmPLvHcESHA=")
    assert "test_router.py" in record.place
    assert record.exc_info is None
    assert SECRET not in json.dumps([body, caplog.text, record.__dict__], default=str)
