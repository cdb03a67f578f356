"""The edge of the admin functions: a call finds its route, the route answers, a fault of ours is a 500.

A table like the event API's instead of the Powertools resolver: finding one of thirty paths is a dictionary and
a few patterns, and the resolver's import alone costs 40 % of what `boto3` costs.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from bridge.failures import told
from bridge.flows import problems
from bridge.flows.admin.admin_api import Route, serve
from bridge.flows.events.gateway import answer_problem, path_of

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterable, Mapping

    from bridge.flows.events.gateway import Answer

_VARIABLE = re.compile(r"<(\w+)>")
_VALUE = r"(?P<\1>[^/]{1,200})"
"""Longer than any id there is, shorter than what no table takes for a key."""


class AdminRouter:
    """One instance a worker; a trailing slash does not matter, and a path we do not know is a 404 of ours."""

    def __init__(self, routes: Iterable[Route], log: logging.Logger) -> None:
        self._log = log
        self._fixed: dict[tuple[str, str], Route] = {}
        self._patterns: list[tuple[re.Pattern[str], Route]] = []
        for route in routes:
            if "<" in route.path:
                self._patterns.append((re.compile(_VARIABLE.sub(_VALUE, route.path)), route))
            else:
                self._fixed[route.method, route.path] = route

    def __call__(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """An HTTP API event (payload 2.0) in, its answer out."""
        try:
            return self._answer(event).to_gateway()
        except Exception as error:  # noqa: BLE001 - told by type and place: a traceback would quote the call
            request_id = event.get("requestContext", {}).get("requestId", "")
            self._log.error("admin call failed", extra={**told(error), "request_id": request_id})
            return answer_problem(problems.unexpected(), path_of(event)).to_gateway()

    def _answer(self, event: Mapping[str, Any]) -> Answer:
        method, path = event.get("requestContext", {}).get("http", {}).get("method", ""), path_of(event)
        if fixed := self._fixed.get((method, path)):
            return serve(fixed, event, {})
        for pattern, route in self._patterns:
            if route.method == method and (found := pattern.fullmatch(path)):
                return serve(route, event, found.groupdict())
        return answer_problem(problems.not_found(path), path)
