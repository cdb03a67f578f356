"""The HTTP API in memory: it takes and gives what docs/openapi.json says, and nothing else."""

import base64
import gzip
import itertools
import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from bridge_cli.transport import Answer, Unreachable
from mapping.catalog import entries
from tests.unit.cli.openapi import DOCUMENT, MOMENT, Json, Operation, operation, sample

URL = "https://bridge.example"
TOKENS = {"viewer": "sb_viewer", "editor": "sb_editor", "admin": "sb_admin", "activator": "sb_activator"}
RANK = ["viewer", "editor", "admin"]
CATALOG = {one.key: one.model_dump(mode="json") for one in entries()}
PARTS = 2


class Problem(Exception):
    """Answered as problem+json."""

    def __init__(self, status: int, code: str, detail: str, errors: list[Json] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        told = {"status": status, "code": code, "detail": detail, "message": detail, "errors": errors or []}
        self.body = sample("Problem", title=code, error={"code": code, "message": detail}, **told)
        for optional in ("success", "accepted", "test"):
            self.body.pop(optional, None)


class Elsewhere(Exception):
    """Answered with a link."""


@dataclass
class FakeApi:
    """`failures` are what the next calls meet instead of an answer; `asked` is every call that arrived."""

    installed: dict[str, Json] = field(default_factory=dict)
    sources: dict[str, Json] = field(default_factory=dict)
    tokens: dict[str, Json] = field(default_factory=dict)
    letters: dict[str, Json] = field(default_factory=dict)
    replays: dict[str, Json] = field(default_factory=dict)
    under_way: dict[str, list[Json]] = field(default_factory=dict)
    unsent: int = 0
    runs: dict[str, Json] = field(default_factory=dict)
    deliveries: list[Json] = field(default_factory=list)
    events: list[Json] = field(default_factory=list)
    revisions: dict[str, list[Json]] = field(default_factory=dict)
    secrets: dict[str, Json] = field(default_factory=dict)
    health: dict[str, Json] = field(default_factory=dict)
    queues: list[list[Json]] = field(default_factory=list)
    checks: list[Json] = field(default_factory=list)
    write_keys: dict[str, str] = field(default_factory=lambda: {"dk_live_known": "src_1"})
    failures: list[Answer | Unreachable] = field(default_factory=list)
    asked: list[tuple[str, str, Mapping[str, str]]] = field(default_factory=list)
    links: dict[str, Json] = field(default_factory=dict)
    waits: list[Json] = field(default_factory=list)
    blocks: Json | None = None
    unmarked: list[str] = field(default_factory=list)
    reports: dict[str, Json] = field(default_factory=dict)
    long_reports: bool = False
    delivers_as: str = "delivered"
    expires_at: str | None = None
    now: Callable[[], str] = lambda: MOMENT
    date: str = "Sun, 22 Nov 2026 09:00:00 GMT"
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        """As the transport has it."""
        self.asked.append((method, url, headers))
        if self.failures:
            failure = self.failures.pop(0)
            if isinstance(failure, Unreachable):
                raise failure
            return failure
        if url in self.links:
            return Answer(200, {}, json.dumps(self.links[url]).encode())
        assert url.startswith(URL), url
        return self._answered(method, url, headers, body)

    def _answered(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        parts = urlsplit(url)
        found = operation(method, parts.path)
        if found is None:
            return _json(404, Problem(404, "NOT_FOUND", "There is no such path.").body)
        query, document = dict(parse_qsl(parts.query)), _document(headers, body)
        try:
            status, answer = self._judged(found, headers, query, document)
        except Elsewhere as link:
            return Answer(303, {"location": str(link)})
        found.check_answer(status, answer)
        told = {"date": self.date}
        return (
            Answer(status, told, answer.encode()) if isinstance(answer, str) else _json(status, answer, told)
        )

    def _judged(
        self, found: Operation, headers: Mapping[str, str], query: dict[str, str], document: Any
    ) -> Any:
        needs = found.document.get("x-required-role")
        role = next(
            (role for role, token in TOKENS.items() if headers.get("Authorization") == f"Bearer {token}"), ""
        )
        if needs and not role:
            return 401, {"message": "Unauthorized"}
        if needs and (role not in RANK or RANK.index(role) < RANK.index(needs)):
            return 403, Problem(403, "FORBIDDEN", f"This needs the role {needs}.").body
        try:
            found.check_request(query, document)
            handler: Callable[..., Any] = getattr(self, found.name)
            answer = handler(role=role, query=query, body=document, headers=headers, **found.variables)
        except Problem as problem:
            return problem.status, problem.body
        return next(int(status) for status in found.document["responses"] if status < "3"), answer

    # ------------------------------------------------------------ who
    def whoAmI(self, *, role: str, **_: Any) -> Json:  # noqa: N802 - named as the operation is
        return {"token_id": "tok_1", "name": f"{role} of tests", "role": role, "expires_at": self.expires_at}

    def listTokens(self, *, query: dict[str, str], **_: Any) -> Json:  # noqa: N802
        return _page(list(self.tokens.values()), query)

    def createToken(self, *, body: Json, **_: Any) -> Json:  # noqa: N802
        expires = "2026-12-22T09:00:00.000Z" if body.pop("expires_in_days", None) else None
        made = sample("Token", id=self._id("tok"), prefix="sb_new", expires_at=expires, **body)
        self.tokens[made["id"]] = made
        return made | {"token": "sb_new_token"}

    def deleteToken(self, *, id: str, **_: Any) -> None:  # noqa: A002, N802
        _known(self.tokens, id, "token")
        del self.tokens[id]

    def listSources(self, *, query: dict[str, str], **_: Any) -> Json:  # noqa: N802
        return _page(list(self.sources.values()), query)

    def createSource(self, *, body: Json, **_: Any) -> Json:  # noqa: N802
        hmac = {"hmac_secret": "shown-once"} if body.pop("hmac", False) else {}
        made = sample("Source", id=self._id("src"), enabled=True, key_prefix="dk_live_n", **body)
        self.sources[made["id"]] = made
        key = f"dk_live_new{made['id']}"
        self.write_keys[key] = made["id"]
        return made | {"write_key": key} | hmac

    def deleteSource(self, *, id: str, **_: Any) -> None:  # noqa: A002, N802
        _known(self.sources, id, "source")
        del self.sources[id]

    def listAuditLogs(self, *, query: dict[str, str], **_: Any) -> Json:  # noqa: N802
        entry = sample("AuditEntry", user_name="Ada", action="integration.created", outcome="done")
        return _page([entry], query)

    # ------------------------------------------------------------ integrations
    def listCatalog(self, *, query: dict[str, str], **_: Any) -> Json:  # noqa: N802
        wanted = [
            one for one in CATALOG.values() if query.get("category", one["category"]) == one["category"]
        ]
        return _page([one for one in wanted if query.get("q", "").lower() in one["name"].lower()], query)

    def getCatalogEntry(self, *, key: str, **_: Any) -> Json:  # noqa: N802
        return _known(CATALOG, key, "integration")

    def install(self, *, body: Json, key: str = "", query: Mapping[str, str] = {}, **_: Any) -> Json:
        entry = _known(CATALOG, key, "integration")
        if any(one["name"].casefold() == body["name"].casefold() for one in self.installed.values()):
            raise Problem(409, "DUPLICATE_NAME", "Another one has this name.")
        self._refuse_blank(entry, body["config"])
        if query.get("test") == "true" and self.checks:
            problem = Problem(422, "TEST_FAILED", "The vendor refuses.")
            problem.body["test"] = {"ok": False, "checks": self.checks}
            raise problem
        hidden = {one["key"] for one in entry["config_fields"] if one["type"] == "secret"}
        made = sample("Integration", id=self._id("int"), catalog_key=key, enabled=True, name=body["name"])
        shown = {name: "***" if name in hidden else value for name, value in body["config"].items()}
        made |= {"variant": body["variant"], "config": shown, "sources": body.get("sources")}
        made["delivery_mode"] = "server_side"
        made["revision"] = sample(
            "Revision", id="rev_1", revision_number=1, change_summary="Installed", created_at=MOMENT
        )
        made.pop("deleted_at", None)
        self.installed[made["id"]] = made
        self.secrets[made["id"]] = {name: value for name, value in body["config"].items() if name in hidden}
        self._remember(made)
        return made

    def installActioniq(self, **asked: Any) -> Json:  # noqa: N802
        return self.install(key="actioniq", **asked)

    def installBraze(self, **asked: Any) -> Json:  # noqa: N802
        return self.install(key="braze", **asked)

    def listIntegrations(self, *, query: dict[str, str], **_: Any) -> Json:  # noqa: N802
        return _page(list(self.installed.values()), query)

    def getIntegration(self, *, id: str, **_: Any) -> Json:  # noqa: A002, N802
        return _known(self.installed, id, "installation")

    def changeIntegration(self, *, id: str, body: Json, **_: Any) -> Json:  # noqa: A002, N802
        one = _known(self.installed, id, "installation")
        for name, value in body.get("config", {}).items():
            if name in self.secrets[id]:
                self.secrets[id][name] = value
            elif value is None:
                one["config"].pop(name, None)
            else:
                one["config"][name] = value
        one |= {name: body[name] for name in ("name", "sources") if name in body}
        number = one["revision"]["revision_number"] + 1
        summary = body.get("change_summary") or f"Changed {', '.join(body.get('config', body))}"
        one["revision"] = {**one["revision"], "revision_number": number, "change_summary": summary}
        self._remember(one)
        return one

    def deleteIntegration(self, *, id: str, **_: Any) -> None:  # noqa: A002, N802
        _known(self.installed, id, "installation")
        del self.installed[id]

    def listRevisions(self, *, id: str, query: dict[str, str], **_: Any) -> Json:  # noqa: A002, N802
        return _page(self.revisions[id][::-1], query)

    def enableIntegration(self, *, id: str, **_: Any) -> Json:  # noqa: A002, N802
        return self._switched(id, enabled=True)

    def disableIntegration(self, *, id: str, **_: Any) -> Json:  # noqa: A002, N802
        return self._switched(id, enabled=False)

    def testIntegration(self, *, id: str, **_: Any) -> Json:  # noqa: A002, N802
        key = _known(self.installed, id, "installation")["catalog_key"]
        well = [
            sample("Check", permission=one["name"], status="ok", vendor_status=200, reason="", hint="")
            for one in CATALOG[key]["permissions"]
        ]
        checks = self.checks or well
        return {"ok": all(one["status"] == "ok" for one in checks), "checks": checks}

    # ------------------------------------------------------------ events
    def batch(self, *, body: Json, headers: Mapping[str, str], **_: Any) -> Json:
        given = base64.b64decode(headers["Authorization"].removeprefix("Basic ")).decode().rstrip(":")
        if given not in self.write_keys:
            raise Problem(401, "INVALID_WRITE_KEY", "The write key is not known.")
        faults = [
            {"index": index, "code": "no_event_name", "message": "A track event needs event."}
            for index, one in enumerate(body["batch"])
            if one["type"] == "track" and not one.get("event")
        ]
        refused = {one["index"] for one in faults}
        taken = [one for index, one in enumerate(body["batch"]) if index not in refused]
        self.events += taken
        for one in self.installed.values():
            if one["enabled"] and taken:
                self._delivered(one["id"], taken)
        return {"success": True, "accepted": len(taken), "errors": faults}

    def sdkSettings(self, *, writeKey: str, **_: Any) -> Json:  # noqa: N802, N803
        if writeKey not in self.write_keys:
            raise Problem(401, "INVALID_WRITE_KEY", "The write key is not known.")
        return sample("SdkSettings")

    def description(self, **_: Any) -> Json:
        return {"openapi": DOCUMENT["openapi"], "info": DOCUMENT["info"]}

    def listLiveEvents(self, *, query: dict[str, str], **_: Any) -> Json:  # noqa: N802
        names = ("integration_id", "status", "kind")
        rows = [
            one for one in self.deliveries if all(query.get(name, one[name]) == one[name] for name in names)
        ]
        return _page(
            [{n: v for n, v in one.items() if n not in {"stages", "outcomes"}} for one in rows[::-1]], query
        )

    def getLiveEvent(self, *, delivery_id: str, **_: Any) -> Json:  # noqa: N802
        return _known({one["delivery_id"]: one for one in self.deliveries}, delivery_id, "delivery")

    # ------------------------------------------------------------ what went wrong
    def listDeadLetters(self, *, query: dict[str, str], **_: Any) -> Json:  # noqa: N802
        replayed = query.get("status") == "replayed"
        rows = [one for one in self._letters(query) if bool(one["replayed_at"]) == replayed]
        return _page([{n: v for n, v in one.items() if n != "body"} for one in rows], query)

    def getDeadLetter(self, *, id: str, **_: Any) -> Json:  # noqa: A002, N802
        return _known(self.letters, id, "letter")

    def countDeadLetters(self, *, query: dict[str, str], **_: Any) -> Json:  # noqa: N802
        rows = [one for one in self._letters(query) if not one["replayed_at"]]
        kinds = Counter((one["queue"], one["reason"], one["outcome"], one["integration_id"]) for one in rows)
        day = {"first_day": "2026-11-22", "last_day": "2026-11-22"}
        found = [
            {"queue": queue, "reason": reason, "outcome": outcome, "integration_id": of, "count": count} | day
            for (queue, reason, outcome, of), count in kinds.most_common()
        ]
        return {"data": found, "total": len(rows)}

    def startReplay(self, *, body: Json, **_: Any) -> Json:  # noqa: N802
        held = body.get("held", False)
        rows = [one for one in self._letters(body) if not one["replayed_at"]]
        wanted = [one for one in rows if held or one["outcome"] != "unknown"]
        made = sample(
            "Replay", id=f"rpl_{len(self.replays):x}", status="replaying", total=len(wanted), replayed=0
        )
        made |= {"failed": self.unsent, "remaining": len(wanted), "created_at": MOMENT, "created_by": "Ada"}
        made |= {"reason": body.get("reason"), "integration_id": body.get("integration_id"), "queue": None}
        self.replays[made["id"]] = made
        self.under_way[made["id"]] = wanted
        return self._step(made["id"])

    def getReplay(self, *, id: str, **_: Any) -> Json:  # noqa: A002, N802
        _known(self.replays, id, "replay")
        return self._step(id)

    def listReplays(self, *, query: dict[str, str], **_: Any) -> Json:  # noqa: N802
        return _page(list(self.replays.values()), query)

    def cancelReplay(self, *, id: str, **_: Any) -> Json:  # noqa: A002, N802
        _known(self.replays, id, "replay")["status"] = "cancelled"
        return self.replays[id]

    def _step(self, replay_id: str) -> Json:
        """Two letters further, every time it is looked at."""
        one, letters = self.replays[replay_id], self.under_way[replay_id]
        if one["status"] == "replaying":
            for letter in letters[:2]:
                letter["replayed_at"] = MOMENT
            one["replayed"] += len(letters[:2])
            del letters[:2]
            one["remaining"] = len(letters)
            one["status"] = "replaying" if letters else "done"
        return dict(one)

    def replayDeadLetters(self, *, body: Json, **_: Any) -> Json:  # noqa: N802
        open_ones = [one for one in self._letters(body) if not one["replayed_at"]]
        wanted = [one for one in open_ones if body.get("ids") is None or one["id"] in body["ids"]]
        for one in wanted[:2]:  # two a call, so that there is a next page
            one["replayed_at"] = MOMENT
        left = len(wanted[2:])
        told = {"replayed": len(wanted[:2]), "remaining": left, "unmarked": self.unmarked}
        return told | {"next_cursor": "more" if left else None}

    def getHealth(self, **_: Any) -> Json:  # noqa: N802
        told = [
            {
                "id": one["id"],
                "name": one["name"],
                "catalog_key": one["catalog_key"],
                "enabled": one["enabled"],
            }
            | {"status": "healthy", "reason": None, "message": "Nothing is wrong.", "since": None}
            | self.health.get(one["id"], {})
            for one in self.installed.values()
        ]
        calm = [queue("event"), queue("braze")]
        queues = self.queues.pop(0) if len(self.queues) > 1 else (self.queues or [calm])[0]
        return {"status": "healthy", "installations": told, "queues": queues}

    # ------------------------------------------------------------ runs
    def begin_run(self, run_id: str, *, dry_run: bool, rows: int, **told: Any) -> None:
        """What the bucket's notification starts; it moves one step at each look."""
        codes = [one["code"] for one in self.waits]
        plan = _plan(rows, self.waits, dry_run=dry_run)
        run = sample("AudienceRun", id=run_id, kind="audience", status="planning", created_at=MOMENT, **told)
        ahead: list[Json] = [{"status": "planned", "plan": plan}]
        if self.blocks:
            ahead = [
                {"status": "blocked", "halt": self.blocks, "report_url": self._reported(run_id, "blocked", 0)}
            ]
        elif not dry_run:
            ahead += [{"status": "waiting_approval"}] if codes else []
            ahead += [
                {"status": "syncing", "progress": {"parts": PARTS, "parts_done": n}} for n in range(PARTS + 1)
            ]
            ahead += [
                {"status": "done", "report_url": self._reported(run_id, "done", rows), "ended_at": MOMENT}
            ]
        self.runs[run_id] = run | {"progress": {"parts": 0, "parts_done": 0}, "plan": None, "_ahead": ahead}

    def listRuns(self, *, query: dict[str, str], **_: Any) -> Json:  # noqa: N802
        return _page([_shown(one) for one in list(self.runs.values())[::-1]], query)

    def getRun(self, *, run_id: str, **_: Any) -> Json:  # noqa: N802
        run = _known(self.runs, run_id, "run")
        shown = _shown(run)
        if run["status"] not in {"waiting_approval", "stale"} and run["_ahead"]:
            run |= run["_ahead"].pop(0)
        return shown

    def getRunReport(self, *, run_id: str, query: Mapping[str, str], **_: Any) -> Any:  # noqa: N802
        run = _known(self.runs, run_id, "run")
        if not run["report_url"]:
            raise Problem(404, "NO_REPORT", "The run has not ended: its report is written when it has.")
        if self.long_reports:
            raise Elsewhere(run["report_url"])
        return "<html>the page</html>" if query.get("format") == "html" else self.reports[run_id]

    def getRunRejects(self, *, run_id: str, **_: Any) -> str:  # noqa: N802
        _known(self.runs, run_id, "run")
        return 'line,reason,row\r\n7,no_identifier,"a, b"\r\n'

    def approveRun(self, *, run_id: str, **_: Any) -> Json:  # noqa: N802
        run = _known(self.runs, run_id, "run")
        if run["status"] != "waiting_approval":
            raise Problem(409, "NOT_WAITING", f"The run is {run['status']}: there is nothing to approve.")
        run |= run["_ahead"].pop(0)
        return _shown(run)

    def cancelRun(self, *, run_id: str, **_: Any) -> Json:  # noqa: N802
        run = _known(self.runs, run_id, "run")
        if run["status"] in {"done", "cancelled", "blocked"}:
            raise Problem(409, "ALREADY_ENDED", f"The run is {run['status']}: there is nothing to cancel.")
        halt = {"status": "cancelled", "reason": "cancelled", "detail": "", "by": "Ada"}
        run |= {"status": "cancelled", "_ahead": [], "halt": halt}
        return _shown(run)

    def rollBackRun(self, *, run_id: str, **_: Any) -> Json:  # noqa: N802
        based = _known(self.runs, run_id, "run")
        if based["status"] != "done":
            raise Problem(
                409, "NOT_DONE", f"The run is {based['status']}: it committed nothing to go back to."
            )
        self.begin_run("run_back", dry_run=False, rows=1, origin="rollback", based_on=run_id)
        return _shown(self.runs["run_back"])

    def reconcileRun(self, *, run_id: str, body: Json, **_: Any) -> Json:  # noqa: N802
        based = _known(self.runs, run_id, "run")
        whose = {name: based[name] for name in ("audience_id", "split_id")}
        self.begin_run("run_read", dry_run=False, rows=3, based_on=run_id, **whose)
        run = self.runs["run_read"]
        run["kind"] = "reconcile"
        self.reports["run_read"]["reconcile"] = read_back("run_mended" if body["repair"] else None)
        return _shown(run)

    # ------------------------------------------------------------ inside
    def _id(self, kind: str) -> str:
        return f"{kind}_{next(self._numbers):024x}"

    def _switched(self, one: str, *, enabled: bool) -> Json:
        found = _known(self.installed, one, "installation")
        found["enabled"] = enabled
        return found

    def _remember(self, one: Json) -> None:
        names = ("name", "variant", "delivery_mode", "sources", "config")
        state = {**one["revision"], "integration_id": one["id"], **{name: one[name] for name in names}}
        self.revisions.setdefault(one["id"], []).append(json.loads(json.dumps(state)))

    def _refuse_blank(self, entry: Json, config: Json) -> None:
        lacking = [
            one["key"] for one in entry["config_fields"] if one["required"] and not config.get(one["key"])
        ]
        if lacking:
            faults = [
                {"pointer": f"/config/{name}", "code": "missing", "detail": "is required"} for name in lacking
            ]
            raise Problem(422, "VALIDATION_FAILED", "is required", faults)

    def _delivered(self, integration_id: str, events: list[Json]) -> None:
        shown = [
            {
                "message_id": one["messageId"],
                "type": one["type"],
                "name": one.get("event", ""),
                "user": one.get("userId", ""),
            }
            for one in events
        ]
        made = sample("LiveEvent", delivery_id=self._id("dlv"), integration_id=integration_id, kind="events")
        bad = self.delivers_as != "delivered"
        made |= {
            "status": self.delivers_as,
            "vendor_status": 401 if bad else 200,
            "attempt": 1,
            "at": self.now(),
        }
        made |= {"reason": "unauthorized" if bad else "", "events": shown}
        stages = {
            "input": events,
            "mapped": [{"record_id": "m"}],
            "request": {"records": 1},
            "response": None,
        }
        self.deliveries.append({**made, "stages": stages, "outcomes": None})

    def _letters(self, wanted: Mapping[str, Any]) -> list[Json]:
        names = [name for name in ("reason", "integration_id", "outcome") if wanted.get(name)]
        return [one for one in self.letters.values() if all(one[name] == wanted[name] for name in names)]

    def _reported(self, run_id: str, status: str, rows: int) -> str:
        url = f"https://state.example/{run_id}/report.json"
        self.reports[run_id] = self.links[url] = report(run_id, status, rows)
        return url


def report(run_id: str, status: str, rows: int) -> Json:
    """As audience_plan writes it (bridge.flows.runs.report)."""
    names = ("left", "changed", "requests", "data_points", "full_resend_data_points", "exported", "valid")
    counts = dict.fromkeys(names, 0) | {"kind": "audience", "integration_id": "int_1", "parts": []}
    sent = dict.fromkeys(("rejected", "held", "undelivered"), 0)
    return {
        "id": run_id,
        "status": status,
        "reason": "",
        "detail": "",
        "members": rows,
        "joined": rows,
        **counts,
        "sent": {"accepted": rows, "rejected_by_reason": {}, **sent},
        "seconds": 1.5,
        "snapshot_version": 1,
        "rejected_rows_by_reason": {"no_identifier": 1},
        "rejected_values_by_reason": {},
        "rejected_rows": [{"row": 7, "reason": "no_identifier"}],
    }


def read_back(repair: str | None) -> Json:
    """As bridge.flows.runs.reconcile writes it."""
    counts = {
        "read": 3,
        "unread": 0,
        "unknown_to_braze": 0,
        "drifted": 1,
        "extra_members": 0,
        "not_members": 1,
    }
    example = {"user": "u•••1", "attribute": "city", "kind": "different", "expected": "Ulm", "held": "Bonn"}
    return {**counts, "attributes": {"city": {"different": 1}}, "examples": [example], "repair": repair}


def queue(name: str, **counts: int) -> Json:
    """A lane with nothing in it but what is given."""
    return {"name": name, "waiting": 0, "in_flight": 0, "delayed": 0, "dead_letters": 0, **counts}


def letter(number: int, reason: str = "unauthorized", integration_id: str | None = None) -> Json:
    """A dead letter with its body."""
    made = sample(
        "DeadLetterDetail", id=f"ltr_{number:x}", queue="braze", reason=reason, detail="The key is refused."
    ) | {"outcome": "blocked"}
    return made | {"integration_id": integration_id, "at": MOMENT, "body": '{"items": []}'}


def _plan(rows: int, waits: list[Json], *, dry_run: bool) -> Json:
    counts = {"members": rows, "joined": rows, "left": 0, "changed": 0, "unchanged": 0, "rejected": 0}
    more = {
        "data_points": rows,
        "requests": 1,
        "attributes": {"AIQ_1042_1": rows},
        "warnings": ["invalid_value: one"],
    }
    foreseen = {"seconds_at_limit": 0.0, "biggest_changes": [], "samples": []}
    return {**counts, **more, "waits_for": waits, "dry_run": dry_run, "send_before": None, **foreseen}


def _shown(run: Json) -> Json:
    return {name: value for name, value in run.items() if name != "_ahead"}


def _known(held: Mapping[str, Json], key: str, what: str) -> Json:
    if key not in held:
        raise Problem(404, "NOT_FOUND", f"There is no such {what}.")
    return held[key]


def _page(rows: list[Json], query: Mapping[str, str]) -> Json:
    start, size = int(query.get("cursor", 0)), int(query.get("limit", 50))
    after = start + size if start + size < len(rows) else None
    return {
        "data": rows[start : start + size],
        "next_cursor": after and str(after),
        "has_more": after is not None,
    }


def _document(headers: Mapping[str, str], body: bytes | None) -> Any:
    if body is None:
        return None
    return json.loads(gzip.decompress(body) if headers.get("Content-Encoding") == "gzip" else body)


def _json(status: int, document: Any, headers: Mapping[str, str] | None = None) -> Answer:
    return Answer(status, headers or {}, b"" if document is None else json.dumps(document).encode())
