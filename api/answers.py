"""What the admin API answers with, thing by thing."""

from typing import Any

from api.shapes import (
    Schema,
    anything,
    array,
    flag,
    mapping,
    moment,
    nullable,
    of_model,
    one_of,
    page,
    record,
    ref,
    text,
    whole,
)
from bridge.flows.admin import runs_admin
from mapping.catalog import CatalogEntry
from mapping.export import RunPlan
from mapping.installation import Revision
from mapping.letter import OUTCOMES
from mapping.run import Run

PAGES = {
    "CatalogPage": ("CatalogEntry", "The integration library, by name."),
    "IntegrationPage": ("Integration", "Installed integrations, oldest first."),
    "RevisionPage": ("IntegrationRevision", "Revisions, newest first."),
    "SourcePage": ("Source", "Sources, oldest first, without their keys."),
    "TokenPage": ("Token", "Admin tokens, oldest first, expired ones included."),
    "AuditPage": ("AuditEntry", "Audit entries, newest first."),
    "LiveEventPage": (
        "LiveEvent",
        "Deliveries, newest first; a page may be short and still have a next one.",
    ),
    "DeadLetterPage": ("DeadLetter", "Dead letters, newest first."),
    "ReplayPage": ("Replay", "Replays: those under way, then those that ended, newest first."),
    "RunPage": ("AudienceRun", "Runs, newest first."),
}

_PARTS_OF_A_RUN = {"Halt", "Wait", "Reconciling", "RunKind", "RunOrigin", "RunStatus"}


def answer_schemas(configs: list[str]) -> dict[str, Schema]:
    """`configs` names the schemas a shown configuration may have."""
    made = {name: page(ref(of), told) for name, (of, told) in PAGES.items()}
    made |= _catalog() | _integrations(configs) | _access() | _deliveries() | _letters() | _runs() | _health()
    return made


def _catalog() -> dict[str, Schema]:
    entry, others = of_model(CatalogEntry, answers=True)
    return {"CatalogEntry": entry, **others}


def _integrations(configs: list[str]) -> dict[str, Schema]:
    common: dict[str, Schema] = {
        "name": text("Unique, ignoring case."),
        "variant": text(),
        "delivery_mode": text(),
        "sources": nullable(
            array(text(), "Ids of the sources that feed it; null is every source but test sources.")
        ),
        "config": {"anyOf": [ref(name) for name in configs], "description": "Secrets are `***`."},
    }
    revision, _ = of_model(Revision, answers=True)
    shown = {
        "id": text(examples=["int_3f9c0a4be1d27c58b6a0f1e2"]),
        "catalog_key": text(),
        **common,
        "enabled": flag("A disabled installation's events are filtered."),
        "revision": ref("Revision"),
        "created_at": moment(),
        "updated_at": moment(),
        "deleted_at": moment(),
    }
    new = {**shown, "test": {**ref("CheckReport"), "description": "With `?test=true`: what the vendor said."}}
    state = {**revision["properties"], "integration_id": text(), **common}
    check = record(
        {
            "permission": text("What the key must be allowed to do."),
            "status": one_of("ok", "failed", "unknown", description="`unknown` is worth another try."),
            "vendor_status": nullable(whole("What the vendor answered.")),
            "reason": text(
                "`invalid_key`, `missing_permission`, `wrong_address`, …; empty when nothing is wrong."
            ),
            "hint": text("What to do; empty when nothing is wrong."),
        }
    )
    checks = array(ref("Check"), "One per permission.")
    return {
        "Integration": record(shown, "An installed integration.", optional=("deleted_at",)),
        "NewIntegration": record(new, "What was installed.", optional=("deleted_at", "test")),
        "Revision": {**revision, "required": list(revision["properties"])},
        "IntegrationRevision": record(state, "One immutable state of an installation."),
        "Check": check,
        "CheckReport": record({"ok": flag("Whether every check is `ok`."), "checks": checks}),
    }


def _access() -> dict[str, Schema]:
    source = {
        "id": text(),
        "name": text(),
        "kind": one_of("browser", "server", description="A browser's key is public."),
        "test": flag("Its events reach only installations that name it."),
        "enabled": flag(),
        "key_prefix": text("The beginning of its write key."),
        "created_at": moment(),
    }
    once = {
        "write_key": text("Shown this once.", pattern="^dk_(live|test)_"),
        "hmac_secret": text("Shown this once, when it was asked for."),
    }
    token = {
        "id": text(),
        "name": text(),
        "role": one_of("viewer", "editor", "admin", "activator"),
        "prefix": text("The beginning of the token."),
        "created_at": nullable(moment()),
        "expires_at": nullable(moment("Null for never.")),
        "last_used_at": nullable(moment("To the hour.")),
    }
    change = record({"old": anything("Before."), "new": anything("After.")})
    entry = {
        "id": text(),
        "action": text("`<resource>.<past tense>`, such as `integration.created`."),
        "outcome": text(
            "`requested` until the end is known; whoever asked was told the end all the same.",
            enum=["requested", "done", "failed"],
        ),
        "user_id": text("The token's id, or a JWT's `sub`."),
        "user_name": text("The token's name, or what a JWT calls its holder."),
        "resource_type": text(),
        "resource_id": text(),
        "changes": mapping(change, "Field by field; never a secret."),
        "ip_address": text(),
        "user_agent": text(),
        "timestamp": moment(),
    }
    return {
        "Source": record(source, "Where events come from."),
        "NewSource": record({**source, **once}, "A source and its write key.", optional=("hmac_secret",)),
        "Token": record(token, "An admin token, without itself."),
        "NewToken": record(
            {**token, "token": text("Shown this once.", pattern="^sb_")}, "A token, itself included."
        ),
        "AuditEntry": record(entry, "Who changed what."),
        "WhoAmI": record(
            {
                "token_id": text(),
                "name": text(),
                "role": token["role"],
                "expires_at": nullable(moment("Null for never.")),
            },
            "The token of this call.",
        ),
    }


def _deliveries() -> dict[str, Schema]:
    event = {name: text() for name in ("message_id", "type", "name", "user")}
    row: dict[str, Schema] = {
        "delivery_id": text(),
        "integration_id": text(),
        "kind": text("`events`, `campaign`, …"),
        "status": text("`planned`, `sending`, `delivered`, `partial`, `filtered`, `rejected`, `blocked`, …"),
        "vendor_status": nullable(whole("The vendor's HTTP status.")),
        "attempt": whole("Requests that went out.", minimum=0),
        "latency_ms": whole(minimum=0),
        "reason": text("A stable code; empty when all went well."),
        "detail": text(),
        "counts": mapping(whole(minimum=0), "Items by outcome."),
        "events": array({"type": "object", "properties": event}, "The first of its items."),
        "events_cut": whole("How many items are not listed.", minimum=0),
        "correlation_ids": array(text(), "The requests, or queue messages, that the items came in with."),
        "at": moment(),
    }
    stage_names = ("input", "mapped", "request", "response")
    stages = record({name: anything("Null once it has expired.") for name in stage_names}, "The four stages.")
    return {
        "LiveEvent": record(row, "A planned request to a vendor and what became of it."),
        "LiveEventDetail": record(
            {**row, "stages": stages, "outcomes": anything("Item by item; null once expired.")}
        ),
    }


_OUTCOME: Schema = one_of(*OUTCOMES) | {
    "description": "`blocked`: the installation was misconfigured; `dead`: attempts or receives were used up; "
    "`unknown`: a request went out and nobody knows whether it arrived."
}


def _letters() -> dict[str, Schema]:
    letter: dict[str, Schema] = {
        "id": text(),
        "queue": text("The lane it fell out of."),
        "reason": text("A stable code, such as `unauthorized` or `crashes_the_worker`."),
        "outcome": _OUTCOME,
        "detail": text(),
        "integration_id": nullable(text()),
        "delivery_id": nullable(text()),
        "message_id": text("The id of the queue message that it was first."),
        "receive_count": whole(minimum=0),
        "at": moment(),
        "replayed_at": nullable(moment()),
    }
    replayed = {
        "replayed": whole("Letters sent again.", minimum=0),
        "remaining": whole("Letters that still wait.", minimum=0),
        "next_cursor": nullable(text("Call again with it until it is null.")),
        "unmarked": array(
            text(),
            "Letters that were sent and could not be marked: they still show as open. Replayed again after five "
            "minutes they are sent again, and what had been delivered by then is not delivered twice.",
        ),
    }
    group = {name: letter[name] for name in ("queue", "integration_id", "outcome", "reason")}
    group |= {"count": whole(minimum=1), "first_day": text(format="date"), "last_day": text(format="date")}
    groups = {"data": array(record(group), "The most first."), "total": whole(minimum=0)}
    number = whole(minimum=0)
    replay: dict[str, Schema] = {
        "id": text(),
        "status": one_of("replaying", "done", "cancelled"),
        **dict.fromkeys(("reason", "integration_id", "queue"), nullable(text())),
        "outcomes": array(_OUTCOME, "Which kinds of letters it takes."),
        "total": {**number, "description": "Letters that there were when it began."},
        "replayed": {**number, "description": "Sent again."},
        "failed": {**number, "description": "Still open at its end, or without a queue or a body."},
        "remaining": number,
        "waits_for": nullable(
            one_of("lane", "queue", "claims", "filing")
            | {
                "description": "Why it stands still: more than 3,000 messages wait in the lane, the queue takes "
                "none, another replay has the letters, or the index follows."
            }
        ),
        "created_at": moment(),
        "created_by": text(),
        "ended_at": nullable(moment()),
    }
    return {
        "DeadLetter": record(letter, "What a queue gave up."),
        "LetterGroups": record(groups),
        "Replay": record(replay, "Letters that are sent again, as far as it is."),
        "DeadLetterDetail": record({**letter, "body": text("The message as it was received.")}),
        "Replayed": record(replayed),
    }


def _runs() -> dict[str, Schema]:
    run, others = of_model(Run, answers=True)
    plan, parts_of_plan = of_model(RunPlan, answers=True)
    shown = {name: run["properties"][name] for name in run["properties"] if name in runs_admin._SHOWN}  # noqa: SLF001 - the list the answer is made by
    planned = {name: one for name, one in plan["properties"].items() if name in runs_admin._PLANNED}  # noqa: SLF001 - as above
    share = nullable({"type": "number", "description": "Of those who stay; null in a first run."})
    change = {
        "attribute": text(),
        "changed": whole(minimum=0),
        "of_stayers": whole(minimum=0),
        "share": share,
    }
    planned |= {
        "seconds_at_limit": nullable({"type": "number", "description": "At Braze's rate limit alone."}),
        "biggest_changes": nullable(array(record(change), "By how many people they change for.")),
        "samples": nullable(array({"type": "object"}, "Lines as they would go out, people's values masked.")),
    }
    more = {
        "plan": nullable(record(planned, "What it will do; null before it is planned.")),
        "progress": _progress(),
        "report_url": nullable(text("A link to the report as JSON that holds for 15 minutes.", format="uri")),
        "report_page_url": nullable(text("The same as a page.", format="uri")),
    }
    parts = {name: one for name, one in (parts_of_plan | others).items() if name in _PARTS_OF_A_RUN}
    return {
        "RunReport": _report(),
        "Erasure": _erasure(),
        "AudienceRun": record({**shown, **more}, "An export, or an order of a person, on its way to Braze."),
        **parts,
    }


def _progress() -> Schema:
    count = whole(minimum=0)
    counts = dict.fromkeys(("accepted", "rejected", "held"), count)
    part = {
        "part": whole(minimum=1),
        "status": one_of("done", "sending", "waiting"),
        "rows": nullable(count),
        **counts,
    }
    one_run = {
        "rows": nullable(whole("Lines planned.", minimum=0)),
        **counts,
        "rows_per_second": {"type": "number", "description": "Accepted, since the first part began."},
        "seconds_left": nullable({"type": "number", "description": "At that pace."}),
        "by_part": array(record(part), "Parts somebody has begun, as of their last checkpoint."),
    }
    told = "All but the number of parts only where one run is asked for."
    return record({"parts": count, "parts_done": count, **one_run}, told, tuple(one_run))


def _report() -> Schema:
    count = whole(minimum=0)
    named = ("exported", "valid", "joined", "left", "changed", "members", "requests", "data_points")
    pace = record({"at": moment(), "rows_per_second": {"type": "number"}})
    shown = {
        **dict.fromkeys(("id", "kind", "integration_id", "status"), text()),
        **dict.fromkeys(named, count),
        "sent": {"type": "object", "description": "Lines by what became of them."},
        "history": array({"type": "object"}, "The last runs of the same audience or campaign, oldest first."),
        "parts": array({"type": "object"}),
        "throughput": array(pace, "Accepted rows a second, each up to its moment; empty when none was."),
    }
    told = "What a run counted; samples of rows are masked."
    return record(shown, told, ("history", "throughput")) | {"additionalProperties": True}


def _erasure() -> Schema:
    shown: dict[str, Schema] = {
        "id": text("The same for the same identifiers."),
        "status": one_of("queued", "running", "done"),
        "subject": text("SHA-256 of the identifiers: they themselves are kept nowhere."),
        "requested_at": moment(),
        "requested_by": text(),
        "ended_at": nullable(moment()),
        "erased": mapping(whole(minimum=0), "How many rows and objects held the person, by kind."),
        "waits_on": array(text(), "Runs and audiences that are busy; they are looked at again every minute."),
        "not_erased": array(text(), "What it does not reach."),
    }
    return record(shown, "The removal of a person.")


def _health() -> dict[str, Schema]:
    state = one_of("healthy", "degraded", "blocked")
    installation = {
        "id": text(),
        "name": text(),
        "catalog_key": text(),
        "enabled": flag(),
        "status": state,
        "reason": nullable(text()),
        "message": text("What is the matter and what to do."),
        "since": nullable(moment()),
    }
    count: dict[str, Any] = whole("Approximate.", minimum=0)
    counts = dict.fromkeys(("waiting", "in_flight", "delayed", "dead_letters"), count)
    report = {
        "status": {**state, "description": "The worst of those enabled."},
        "installations": array(record(installation)),
        "queues": array(record({"name": text(), **counts})),
    }
    share = nullable({"type": "number", "description": "Of 1; null when nothing was tried."})
    summary = {
        "events": whole("Items delivered.", minimum=0),
        "filtered": whole(minimum=0),
        "failed": whole("Items tried and not delivered.", minimum=0),
        "success": share,
        "latency_ms": nullable(whole("The vendor's, on average.", minimum=0)),
        "lag_ms": nullable(whole("From the event's time to the vendor's answer, on average.", minimum=0)),
    }
    points = dict.fromkeys(("sent", "full_resend", "saved", "runs"), whole(minimum=0))
    statistics = {
        "from": moment("The beginning of the first minute."),
        "to": moment(),
        "totals": record(summary),
        "integrations": array(record({"integration_id": text(), "name": text(), **summary})),
        "minutes": array(record({"at": moment()})),
        "series": array(
            record({"label": text("The installation's name."), "values": array(whole(minimum=0))}),
            "Items delivered, minute by minute.",
        ),
        "data_points": record(points, "Of the newest audience runs, at most a hundred."),
        "runs_waiting": whole("Of the same runs, those that a person can let go on.", minimum=0),
    }
    trial = {"message_id": text("Look for it among the live events."), "event": text(), "user_id": text()}
    return {
        "Health": record(report),
        "Statistics": record(statistics),
        "TrialEvent": record(trial, "A test event on its way."),
    }
