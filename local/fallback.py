"""Requests that the emulator would answer itself, where AWS asks the function behind the $default route.

These are OPTIONS (CORS preflights) and the emulator's own paths, which could wipe its state.
"""

import asyncio
import base64
import json
import time
import uuid
from typing import Any

import boto3
from botocore.config import Config
from starlette.types import Scope

from local.settings import REGION, ROOT_KEY

OWN_PATHS = ("/_", "/iceberg", "/v2/")


class Fallback:
    """Invokes the function behind $default with the event that API Gateway would make."""

    def __init__(self, emulator_url: str, function: str, api_id: str) -> None:
        config = Config(retries={"max_attempts": 1}, read_timeout=30)
        session = boto3.Session(ROOT_KEY, ROOT_KEY, region_name=REGION)
        self._client = session.client("lambda", endpoint_url=emulator_url, config=config)
        self._function = function
        self._api_id = api_id

    @staticmethod
    def wants(scope: Scope) -> bool:
        """Say whether the emulator must not see this request."""
        return scope["method"] == "OPTIONS" or str(scope["path"]).startswith(OWN_PATHS)

    async def answer(self, scope: Scope) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        """Return status, headers and body of the function's answer."""
        event = self._event(scope)
        result = await asyncio.to_thread(self._invoke, event)
        if "statusCode" not in result:
            return 500, [(b"content-type", b"application/json")], b'{"message":"Internal Server Error"}'
        text = result.get("body") or ""
        body = base64.b64decode(text) if result.get("isBase64Encoded") else text.encode()
        headers = [
            (str(k).lower().encode(), str(v).encode()) for k, v in (result.get("headers") or {}).items()
        ]
        return int(result["statusCode"]), headers, body

    def _invoke(self, event: dict[str, Any]) -> dict[str, Any]:
        answer = self._client.invoke(FunctionName=self._function, Payload=json.dumps(event).encode())
        result = json.loads(answer["Payload"].read())
        return result if isinstance(result, dict) else {}

    def _event(self, scope: Scope) -> dict[str, Any]:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        path = scope["path"]
        http = {"method": scope["method"], "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1"}
        context = {
            "accountId": "000000000000",
            "apiId": self._api_id,
            "http": http | {"userAgent": headers.get("user-agent", "")},
            "requestId": uuid.uuid4().hex,
            "routeKey": "$default",
            "stage": "$default",
            "timeEpoch": int(time.time() * 1000),
        }
        return {
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": path,
            "rawQueryString": scope["query_string"].decode("latin-1"),
            "headers": headers,
            "requestContext": context,
            "isBase64Encoded": False,
        }
