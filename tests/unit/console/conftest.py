"""The console with the API in memory."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from console import session
from tests.unit.console.fakes import FakeApi, full_api
from tests.unit.install.loading import load

TOKEN = "sb_x"
HOST = "bridge.example.com"
SAME_SITE = {"sec-fetch-site": "same-origin"}
NOW = datetime(2026, 11, 22, 12, 0, 30, tzinfo=UTC)


@pytest.fixture(scope="session")
def app() -> Any:
    return load("console")


@pytest.fixture
def api() -> FakeApi:
    return full_api()


@pytest.fixture(scope="session")
def templates(app) -> Any:
    return app.Templates(lambda: NOW)


@pytest.fixture
def visit(app, api, templates) -> Callable[..., SimpleNamespace]:
    """`visit("GET", "/console", form=…, token=…, **headers)` gives status, html, headers."""
    pages = [page for screen in app.SCREENS for page in screen.pages()]
    console = app.Console(pages, templates, api.of, app.visitor, logging.getLogger("console"))

    def visit(method: str, address: str, form: Any = None, *, token: str = TOKEN, **more: str) -> Any:
        split = urlsplit(address)
        headers = {"host": HOST} | (SAME_SITE if method == "POST" else {})
        headers |= {name.replace("_", "-"): value for name, value in more.items()}
        event = {
            "version": "2.0",
            "rawPath": split.path,
            "rawQueryString": split.query,
            "queryStringParameters": dict(
                part.split("=", 1) for part in split.query.split("&") if "=" in part
            )
            or None,
            "cookies": [f"{session.name(headers['host'])}={token}"] if token else [],
            "headers": {name: value for name, value in headers.items() if value},
            "requestContext": {
                "domainName": "api.internal",
                "stage": "$default",
                "http": {"method": method, "path": split.path},
            },
            "body": urlencode(form, doseq=True) if form is not None else None,
            "isBase64Encoded": False,
        }
        answer = console(event, SimpleNamespace())
        cookies = answer.get("cookies") or []
        headers = answer["headers"]
        return SimpleNamespace(
            status=answer["statusCode"], html=answer["body"] or "", headers=headers, cookies=cookies
        )

    return visit
