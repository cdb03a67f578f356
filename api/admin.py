"""The admin API, route by route; which role a route needs comes from the flows."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from api import catalog
from api.operation import Answer, Operation, header, in_path, query
from api.problems import refusals
from api.shapes import Schema, flag, one_of, text, whole
from bridge.flows.admin.admin_api import Route
from bridge.flows.admin.lists import DEFAULT_LIMIT, MAX_LIMIT
from bridge.flows.admin.managing import Managing
from bridge.flows.admin.operating import Operating
from bridge.flows.authorize import Role
from mapping.catalog import CatalogEntry
from mapping.letter import OUTCOMES

GATEWAY = (401, 403, 413, 429, 500, 503)

LIST = (
    query("limit", whole(minimum=1, maximum=MAX_LIMIT, default=DEFAULT_LIMIT), description="Entries a page."),
    query("cursor", text(), description="`next_cursor` of the page before."),
)
REPEAT = header(
    "Idempotency-Key",
    text(),
    description="The same key and body within 24 h give the first answer again.",
)
TEST = query(
    "test",
    flag() | {"default": False},
    description="Ask the vendor first, as `/test` does, and save only what it lets in: 422 `TEST_FAILED` where it "
    "refuses, 503 `TEST_UNANSWERED` where it does not answer, both with the results in `test`.",
)
INSTALLATION = in_path("id", "An installation's id.")
RUN = in_path("run_id", "A run's id.")
LETTERS = (
    query("reason", text()),
    query("integration_id", text()),
    query("queue", text(), description="The lane, such as `braze`."),
    query("outcome", one_of(*OUTCOMES), description="`unknown`: it may have arrived."),
    query("status", one_of("open", "replayed") | {"default": "open"}),
)


@dataclass(frozen=True, slots=True)
class Described:
    """What the flows do not say of a route. `refuses` is beside 403, 500 and 503, which any may answer."""

    name: str
    summary: str
    tag: str
    answers: Mapping[int, Answer]
    refuses: tuple[int, ...] = ()
    parameters: tuple[Schema, ...] = ()
    body: str = ""
    examples: Mapping[str, Any] = field(default_factory=dict)


def _ok(schema: str, told: str = "So it is.") -> dict[int, Answer]:
    return {200: Answer(told, schema)}


_AT_THE_BUCKET = Answer(
    "It is larger than 4 MB: a link to it that holds for 15 minutes.",
    headers={"Location": {"description": "A signed link.", "schema": text(format="uri")}},
)
_LISTED = (422,)
_BODY = (400, 413, 422)
_GONE = {204: Answer("Done.")}

ROUTES: Mapping[tuple[str, str], Described] = {
    ("GET", "/v1/admin/integration-catalog"): Described(
        "listCatalog",
        "The integration library",
        "Catalog",
        _ok("CatalogPage"),
        _LISTED,
        (
            query("category", text(), description="Such as `cdp`; case does not matter."),
            query("q", text(), description="Looked for in key, name and description."),
            *LIST,
        ),
    ),
    ("GET", "/v1/admin/integration-catalog/{key}"): Described(
        "getCatalogEntry",
        "One integration: its fields, variants, permissions and troubleshooting",
        "Catalog",
        _ok("CatalogEntry"),
        (404,),
        (in_path("key", "Such as `actioniq`.", examples=["actioniq"]),),
    ),
    ("POST", "/v1/admin/integration-catalog/{key}/install"): Described(
        "install",
        "Install an integration",
        "Catalog",
        {201: Answer("Installed and enabled; this is its first revision.", "NewIntegration")},
        (404, 409, *_BODY),
        (in_path("key", "A key of the library.", examples=["actioniq"]), TEST, REPEAT),
        body="InstallRequest",
    ),
    ("GET", "/v1/admin/integrations"): Described(
        "listIntegrations", "Installed integrations", "Integrations", _ok("IntegrationPage"), _LISTED, LIST
    ),
    ("GET", "/v1/admin/integrations/{id}"): Described(
        "getIntegration", "One installation", "Integrations", _ok("Integration"), (404,), (INSTALLATION,)
    ),
    ("PATCH", "/v1/admin/integrations/{id}"): Described(
        "changeIntegration",
        "Change an installation: a new revision, unless nothing differs",
        "Integrations",
        _ok("Integration", "As it is now."),
        (404, 409, *_BODY),
        (INSTALLATION,),
        body="ChangeRequest",
        examples={
            "a new destination": {"config": {"destination_id": "dest-67890"}, "change_summary": "Moved"}
        },
    ),
    ("DELETE", "/v1/admin/integrations/{id}"): Described(
        "deleteIntegration",
        "Delete an installation; its revisions stay, its secret can be restored for 7 days",
        "Integrations",
        _GONE,
        (404, 409),
        (INSTALLATION,),
    ),
    ("GET", "/v1/admin/integrations/{id}/revisions"): Described(
        "listRevisions",
        "Every state an installation has been in",
        "Integrations",
        _ok("RevisionPage"),
        (404, *_LISTED),
        (INSTALLATION, *LIST),
    ),
    ("POST", "/v1/admin/integrations/{id}/enable"): Described(
        "enableIntegration",
        "Deliver its events from now on",
        "Integrations",
        _ok("Integration"),
        (404,),
        (INSTALLATION,),
    ),
    ("POST", "/v1/admin/integrations/{id}/disable"): Described(
        "disableIntegration",
        "Filter its events from now on",
        "Integrations",
        _ok("Integration"),
        (404,),
        (INSTALLATION,),
    ),
    ("POST", "/v1/admin/integrations/{id}/test"): Described(
        "testIntegration",
        "Ask the vendor what the stored key may do; sends nothing a customer could see",
        "Integrations",
        _ok("CheckReport", "One result per permission."),
        (404,),
        (INSTALLATION,),
    ),
    ("GET", "/v1/admin/sources"): Described(
        "listSources", "Where events come from", "Sources", _ok("SourcePage"), _LISTED, LIST
    ),
    ("POST", "/v1/admin/sources"): Described(
        "createSource",
        "Make a source and its write key",
        "Sources",
        {201: Answer("Made; its keys are shown this once.", "NewSource")},
        _BODY,
        body="SourceRequest",
        examples={"a signing server": {"name": "Shop backend", "kind": "server", "hmac": True}},
    ),
    ("DELETE", "/v1/admin/sources/{id}"): Described(
        "deleteSource",
        "Delete a source; its write key is refused within a minute",
        "Sources",
        _GONE,
        (404,),
        (in_path("id", "A source's id."),),
    ),
    ("GET", "/v1/admin/whoami"): Described(
        "whoAmI", "Whose token this is, and what it may do", "Tokens", _ok("WhoAmI")
    ),
    ("GET", "/v1/admin/tokens"): Described(
        "listTokens", "Admin tokens", "Tokens", _ok("TokenPage"), _LISTED, LIST
    ),
    ("POST", "/v1/admin/tokens"): Described(
        "createToken",
        "Make a token with a role",
        "Tokens",
        {201: Answer("Made; it is shown this once.", "NewToken")},
        _BODY,
        body="TokenRequest",
        examples={"a journey's": {"name": "Journeys", "role": "activator", "expires_in_days": 365}},
    ),
    ("DELETE", "/v1/admin/tokens/{id}"): Described(
        "deleteToken",
        "Revoke a token; it is refused within a minute",
        "Tokens",
        _GONE,
        (404,),
        (in_path("id", "A token's id."),),
    ),
    ("GET", "/v1/admin/audit-logs"): Described(
        "listAuditLogs", "Who changed what", "Audit log", _ok("AuditPage"), _LISTED, LIST
    ),
    ("GET", "/v1/admin/live-events"): Described(
        "listLiveEvents",
        "Every planned request to a vendor",
        "Live events",
        _ok("LiveEventPage"),
        _LISTED,
        (
            query("integration_id", text()),
            query("status", text()),
            query("kind", text()),
            query("type", text(), description="Of a listed event: `track`, `identify`, `page`."),
            query("name", text(), description="How a listed event's name begins."),
            query("user", text(), description="How a listed event's user begins; editors and admins only."),
            *LIST,
        ),
    ),
    ("POST", "/v1/admin/live-events/test"): Described(
        "sendTestEvent",
        "Send a test event: one track event, to every enabled installation that wants it",
        "Live events",
        {202: Answer("On its way; it shows among the live events within seconds.", "TrialEvent")},
        _BODY,
        body="TrialRequest",
        examples={"with defaults": {}, "a user of mine": {"event": "Checkout Tested", "user_id": "u-42"}},
    ),
    ("GET", "/v1/admin/live-events/{delivery_id}"): Described(
        "getLiveEvent",
        "A delivery in its four stages",
        "Live events",
        _ok("LiveEventDetail"),
        (404,),
        (in_path("delivery_id", "A delivery's id."),),
    ),
    ("GET", "/v1/admin/dead-letters"): Described(
        "listDeadLetters",
        "What was given up, and why",
        "Dead letters",
        _ok("DeadLetterPage"),
        _LISTED,
        (*LETTERS, *LIST),
    ),
    ("GET", "/v1/admin/dead-letters/groups"): Described(
        "countDeadLetters",
        "How many letters there are of each lane, installation and reason",
        "Dead letters",
        _ok("LetterGroups", "Counted, not read: the answer takes no longer with 100,000 letters."),
        _LISTED,
        LETTERS,
    ),
    ("GET", "/v1/admin/dead-letters/{id}"): Described(
        "getDeadLetter",
        "A dead letter and its body",
        "Dead letters",
        _ok("DeadLetterDetail"),
        (404,),
        (in_path("id", "A letter's id."),),
    ),
    ("POST", "/v1/admin/dead-letters/replay"): Described(
        "replayDeadLetters",
        "Send letters to the queue they came from",
        "Dead letters",
        _ok("Replayed", "At most 1,000 a call; call again with `next_cursor` until it is null."),
        _BODY,
        body="ReplayRequest",
        examples={
            "all of one reason": {"reason": "unauthorized", "integration_id": "int_3f9c0a4be1d27c58b6a0f1e2"}
        },
    ),
    ("GET", "/v1/admin/replays"): Described(
        "listReplays",
        "Replays of many letters: those under way, then those that ended",
        "Dead letters",
        _ok("ReplayPage"),
        _LISTED,
        LIST,
    ),
    ("POST", "/v1/admin/replays"): Described(
        "startReplay",
        "Send all letters, or all that have something in common, to the queues they came from",
        "Dead letters",
        {
            202: Answer(
                "Under way: the first letters are sent, the rest follow at `ReplayPerMinute`. Asked for again "
                "while it lasts, it is the same replay. Letters that may have arrived are left out without `held`.",
                "Replay",
            )
        },
        (409, *_BODY),
        body="ReplayOrder",
        examples={
            "all of one reason": {"reason": "unauthorized", "integration_id": "int_3f9c0a4be1d27c58b6a0f1e2"},
            "everything": {"all": True},
        },
    ),
    ("GET", "/v1/admin/replays/{id}"): Described(
        "getReplay",
        "How far a replay is",
        "Dead letters",
        _ok("Replay"),
        (404,),
        (in_path("id", "A replay's id."),),
    ),
    ("POST", "/v1/admin/replays/{id}/cancel"): Described(
        "cancelReplay",
        "End a replay; what it sent is sent",
        "Dead letters",
        _ok("Replay"),
        (404, 409),
        (in_path("id", "A replay's id."),),
    ),
    ("GET", "/v1/admin/audience-runs"): Described(
        "listRuns", "Exports on their way to Braze", "Audience runs", _ok("RunPage"), _LISTED, LIST
    ),
    ("GET", "/v1/admin/audience-runs/{run_id}"): Described(
        "getRun", "A run: plan, progress, result", "Audience runs", _ok("AudienceRun"), (404,), (RUN,)
    ),
    ("GET", "/v1/admin/audience-runs/{run_id}/report"): Described(
        "getRunReport",
        "What a run counted: JSON, or a page that needs no other host",
        "Audience runs",
        {200: Answer("The report.", "RunReport", or_text=("text/html",)), 303: _AT_THE_BUCKET},
        (404, 422),
        (
            RUN,
            query(
                "format",
                one_of("json", "html"),
                description="Without it the page is for whoever accepts `text/html`.",
            ),
        ),
    ),
    ("GET", "/v1/admin/audience-runs/{run_id}/rejects"): Described(
        "getRunRejects",
        "Every rejected row and every line Braze refused, unmasked, as CSV that a spreadsheet can open",
        "Audience runs",
        {200: Answer("RFC 4180, with a header line.", or_text=("text/csv",)), 303: _AT_THE_BUCKET},
        (404,),
        (RUN,),
    ),
    ("POST", "/v1/admin/audience-runs/{run_id}/approve"): Described(
        "approveRun",
        "Let a waiting or stale run go on",
        "Audience runs",
        _ok("AudienceRun"),
        (404, 409),
        (RUN,),
    ),
    ("POST", "/v1/admin/audience-runs/{run_id}/cancel"): Described(
        "cancelRun",
        "End a run; what Braze has accepted by then is committed",
        "Audience runs",
        _ok("AudienceRun"),
        (404, 409),
        (RUN,),
    ),
    ("POST", "/v1/admin/audience-runs/{run_id}/rollback"): Described(
        "rollBackRun",
        "Go back to what this run committed, by a run of its own that sends only what differs",
        "Audience runs",
        {
            202: Answer(
                "The run that goes back: it is planned, perhaps approved, sent and committed.", "AudienceRun"
            )
        },
        (404, 409),
        (RUN,),
    ),
    ("POST", "/v1/admin/audience-runs/{run_id}/reconcile"): Described(
        "reconcileRun",
        "Compare what Braze holds with what is committed of the run's audience, and mend it if wished",
        "Audience runs",
        {202: Answer("The run that reads back; its report says what differs.", "AudienceRun")},
        (404, 409, *_BODY),
        (RUN,),
        body="ReconcileRequest",
        examples={
            "a sample": {"sample": 1000},
            "everybody, and send again what differs": {"sample": "all", "repair": True},
        },
    ),
    ("POST", "/v1/admin/subjects/erase"): Described(
        "eraseSubject",
        "Remove a person from everything that is kept here; not from Braze, not from ActionIQ",
        "Subjects",
        {202: Answer("Under way; ask for it by its id.", "Erasure")},
        _BODY,
        body="EraseRequest",
        examples={"by Signal's user id": {"user_id": "customer-0042"}},
    ),
    ("GET", "/v1/admin/subjects/erase/{id}"): Described(
        "getErasure",
        "How far an erasure is, and what it does not reach",
        "Subjects",
        _ok("Erasure"),
        (404,),
        (in_path("id", "An erasure's id."),),
    ),
    ("GET", "/v1/admin/health"): Described(
        "getHealth",
        "Whether each installation delivers, and how full the queues are",
        "Health",
        _ok("Health"),
    ),
    ("GET", "/v1/admin/statistics"): Described(
        "getStatistics",
        "The last hour in numbers",
        "Health",
        _ok("Statistics"),
        (422,),
        (query("minutes", whole(minimum=1, maximum=180, default=60), description="How far back."),),
    ),
}


class _Nobody:
    """Stands where a route's collaborators would be: only the table of routes is read."""

    def __getattr__(self, name: str) -> "_Nobody":
        return self


def routes() -> tuple[Route, ...]:
    """As the two admin functions serve them."""
    tables: tuple[Any, ...] = (Managing, Operating)
    served = [route for table in tables for route in table(*(_Nobody() for _ in fields(table))).routes()]
    return tuple(Route(one.method, _braced(one.path), one.needs, one.act) for one in served)


def operations(entries: tuple[CatalogEntry, ...]) -> list[Operation]:
    """Every admin route, and one more per catalog entry, whose path names it and whose body is exact."""
    made = []
    for route in routes():
        if (route.method, route.path) not in ROUTES:
            message = f"{route.method} {route.path} is served but not described: add it to api/admin.py"
            raise LookupError(message)
        described = ROUTES[route.method, route.path]
        if described.name == "install":
            made += [_installing(entry, described, route.needs) for entry in entries]
            described = replace(described, examples={entry.key: catalog.example(entry) for entry in entries})
        made.append(_operation(route.method, route.path, described, route.needs))
    return made


def _operation(method: str, path: str, described: Described, needs: Role) -> Operation:
    return Operation(
        method,
        path,
        described.name,
        described.summary,
        described.tag,
        described.answers,
        refusals(403, 500, 503, *described.refuses, gateway=GATEWAY),
        description=f"Needs the role {needs.value}.",
        parameters=described.parameters,
        body=described.body,
        examples=described.examples,
        security=({"adminToken": []},),
        extensions={"x-required-role": needs.value},
    )


def _installing(entry: CatalogEntry, described: Described, needs: Role) -> Operation:
    body = catalog.config_name(entry, "InstallRequest")
    exact = Described(
        "install" + catalog.config_name(entry, ""),
        f"Install {entry.name}",
        described.tag,
        described.answers,
        tuple(status for status in described.refuses if status != 404),  # noqa: PLR2004 - its own name
        (TEST, REPEAT),
        body,
        {"as documented": catalog.example(entry)},
    )
    return _operation("POST", f"/v1/admin/integration-catalog/{entry.key}/install", exact, needs)


def _braced(path: str) -> str:
    return path.replace("<", "{").replace(">", "}")
