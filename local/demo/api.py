"""The bundle's own HTTP API as an outsider sees it, as far as the demonstration needs it."""

import base64
import gzip
import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from local.demo.stack import Stack
from local.demo.web import Http, Refused

Json = dict[str, Any]
BATCH = 500
FULL = 100
SENDERS = 4


class Api:
    """Admin calls with the admin token, events with the write key, activations with a token of their own."""

    def __init__(self, stack: Stack) -> None:
        """Both sessions go to the same front."""
        self._url = stack.api_url
        self._admin = Http(stack.api_url, {"Authorization": f"Bearer {stack.admin_token}"})
        self._key = stack.write_key

    def install(self, catalog_key: str, body: Json) -> Json:
        """The new installation."""
        path = f"/v1/admin/integration-catalog/{catalog_key}/install"
        installed: Json = self._admin.call("POST", path, json=body)
        return installed

    def update(self, integration_id: str, changes: Json) -> None:
        """A new revision of an installation."""
        self._admin.call("PATCH", f"/v1/admin/integrations/{integration_id}", json=changes)

    def uninstall(self, integration_id: str) -> None:
        """Its runs, deliveries and letters stay readable."""
        self._admin.call("DELETE", f"/v1/admin/integrations/{integration_id}")

    def installations(self) -> list[Json]:
        """All that are installed."""
        return list(self._pages("/v1/admin/integrations"))

    def create_source(self, name: str) -> Json:
        """A server source marked `test`: it feeds only the installations that name it."""
        source: Json = self._admin.call(
            "POST", "/v1/admin/sources", json={"name": name, "kind": "server", "test": True}
        )
        return source

    def delete_source(self, source_id: str) -> None:
        """Its write key is refused from then on."""
        self._admin.call("DELETE", f"/v1/admin/sources/{source_id}")

    @contextmanager
    def token(self, name: str, role: str) -> Iterator[str]:
        """A token that is deleted after use."""
        made = self._admin.call("POST", "/v1/admin/tokens", json={"name": name, "role": role})
        try:
            yield made["token"]
        finally:
            self._admin.call("DELETE", f"/v1/admin/tokens/{made['id']}")

    def live_events(self, integration_ids: frozenset[str]) -> list[Json]:
        """The delivery rows of these installations, page by page: one that was filtered may be short."""
        path = "/v1/admin/live-events"
        return [row for one in sorted(integration_ids) for row in self._pages(path, integration_id=one)]

    def runs(self) -> list[Json]:
        """Every audience and campaign run there is."""
        return list(self._pages("/v1/admin/audience-runs"))

    def run(self, run_id: str) -> Json:
        """One run with its plan, progress and result."""
        found: Json = self._admin.call("GET", f"/v1/admin/audience-runs/{run_id}")
        return found

    def report_page(self, run_id: str) -> str:
        """A run's report as HTML."""
        return self._admin.text("GET", f"/v1/admin/audience-runs/{run_id}/report", params={"format": "html"})

    def erase(self, user_id: str) -> Json:
        """Ask for a person to be removed from everything the bridge keeps: the job."""
        job: Json = self._admin.call("POST", "/v1/admin/subjects/erase", json={"user_id": user_id})
        return job

    def erasure(self, job_id: str) -> Json:
        """How far it is."""
        job: Json = self._admin.call("GET", f"/v1/admin/subjects/erase/{job_id}")
        return job

    def approve(self, run_id: str) -> None:
        """Let a waiting run go on."""
        self._admin.call("POST", f"/v1/admin/audience-runs/{run_id}/approve", json={})

    def cancel(self, run_id: str) -> None:
        """End a run early."""
        self._admin.call("POST", f"/v1/admin/audience-runs/{run_id}/cancel", json={})

    def roll_back(self, run_id: str) -> Json:
        """Go back to what a run committed; the run that does it."""
        made: Json = self._admin.call("POST", f"/v1/admin/audience-runs/{run_id}/rollback", json={})
        return made

    def reconcile(self, run_id: str, **asked: Any) -> Json:
        """Compare what Braze holds with the audience of a run; the run that does it."""
        made: Json = self._admin.call("POST", f"/v1/admin/audience-runs/{run_id}/reconcile", json=asked)
        return made

    def dead_letters(self) -> list[Json]:
        """Every dead letter on file."""
        return list(self._pages("/v1/admin/dead-letters"))

    def health(self) -> Json:
        """What the bundle says about itself."""
        found: Json = self._admin.call("GET", "/v1/admin/health")
        return found

    def activate(self, token: str, activation: Json) -> Json:
        """One call of an ActionIQ journey."""
        session = Http(self._url, {"Authorization": f"Bearer {token}"})
        answer: Json = session.call("POST", "/v1/activations", json=activation)
        return answer

    def send(self, events: Sequence[Json], write_key: str | None = None) -> Iterator[int]:
        """Batches of 500, gzip, four at a time; yields how many each batch had accepted."""
        batches = [events[start : start + BATCH] for start in range(0, len(events), BATCH)]
        credentials = base64.b64encode(f"{write_key or self._key}:".encode()).decode()
        headers = {
            "Authorization": f"Basic {credentials}",
            "Content-Type": "application/json",
            "Content-Encoding": "gzip",
        }
        with ThreadPoolExecutor(SENDERS) as senders:
            yield from senders.map(lambda batch: _post_batch(Http(self._url, headers), batch), batches)

    def _pages(self, path: str, **query: str) -> Iterator[Json]:
        """Every row: the cursor says whether more follow, not how full a page is."""
        query["limit"] = str(FULL)
        while True:
            page = self._admin.call("GET", path, params=query)
            yield from page["data"]
            if not page.get("next_cursor"):
                return
            query["cursor"] = page["next_cursor"]


def _post_batch(session: Http, batch: Sequence[Json]) -> int:
    """Repeatable: the message ids are claimed, so a batch sent twice counts once."""
    body = gzip.compress(json.dumps({"batch": list(batch)}).encode(), 6)
    answer = session.call("POST", "/v1/batch", data=body)
    if answer.get("accepted") != len(batch):
        raise Refused(f"a batch of {len(batch)} events was not accepted whole: {json.dumps(answer)[:500]}")
    return len(batch)
