"""The edge of the admin functions: Powertools finds the route, the route answers, a fault of ours is a 500."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response

from bridge.failures import told
from bridge.flows import problems
from bridge.flows.admin.admin_api import Route, serve
from bridge.flows.events.gateway import Answer, answer_problem, path_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from aws_lambda_powertools import Logger


class AdminRouter:
    """One instance a worker; a trailing slash does not matter, and a path we do not know is a 404 of ours."""

    def __init__(self, routes: Iterable[Route], logger: Logger) -> None:
        self._logger = logger
        self._resolver = APIGatewayHttpResolver()
        for route in routes:
            self._resolver.route(route.path, route.method)(self._endpoint(route))
        self._resolver.not_found(self._not_found)
        self._resolver.exception_handler(Exception)(self._crashed)

    def __call__(self, event: Mapping[str, Any], context: Any) -> dict[str, Any]:
        """An HTTP API event (payload 2.0) in, its answer out."""
        return self._resolver.resolve({**event, "rawPath": path_of(event)}, context)

    def _endpoint(self, route: Route) -> Callable[..., Response[str]]:
        def endpoint(**params: str) -> Response[str]:
            return _response(serve(route, self._resolver.current_event.raw_event, params))

        return endpoint

    def _not_found(self, _: Exception) -> Response[str]:
        path = path_of(self._resolver.current_event.raw_event)
        return _response(answer_problem(problems.not_found(path), path))

    def _crashed(self, error: Exception) -> Response[str]:
        event = self._resolver.current_event.raw_event
        request_id = event.get("requestContext", {}).get("requestId", "")
        self._logger.error("admin call failed", extra={**told(error), "request_id": request_id})
        return _response(answer_problem(problems.unexpected(), path_of(event)))


def _response(answer: Answer) -> Response[str]:
    body = answer.body.decode() if isinstance(answer.body, bytes) else answer.body
    return Response(
        status_code=answer.status,
        content_type=answer.content_type if body else None,
        body=body,
        headers=dict(answer.headers),
    )
