"""Runs: a line each, the plan, how it goes, the report."""

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.text import Text

from bridge_cli.api import Json
from bridge_cli.screen import clean, facts, table, word

_SAMPLES = 5


def listed(rows: Sequence[Json]) -> RenderableType:
    """Newest first."""
    return table(
        ["run", "what", "status", "joined", "left", "changed", "parts", "at"],
        [
            [
                one["id"],
                subject(one),
                word(one["status"]),
                *((one["plan"] or {}).get(name, "") for name in ("joined", "left", "changed")),
                f"{one['progress']['parts_done']}/{one['progress']['parts']}",
                one["created_at"],
            ]
            for one in rows
        ],
    )


def run(one: Json) -> Iterator[RenderableType]:
    """Where it stands, and its plan."""
    halt = one["halt"] or {}
    stopped = f"{halt['reason']}: {halt['detail']}" if halt else ""
    progress = one["progress"]
    yield facts(
        {
            "run": one["id"],
            "what": subject(one),
            "status": word(one["status"]),
            "why": stopped or (f"waits for {one['waits_on']}" if one["waits_on"] else ""),
            "parts": f"{progress['parts_done']} of {progress['parts']}" if progress["parts"] else "",
            "approved by": one["approved_by"],
            "begun": one["created_at"],
            "ended": one["ended_at"],
        }
    )
    if one["plan"]:
        yield from plan(one)


def plan(one: Json) -> Iterator[RenderableType]:
    """What it will do to whom, what that costs, and what a person has to see first."""
    made = one["plan"]
    counted = ("joined", "left", "changed", "unchanged", "rejected", "members", "requests", "data_points")
    yield facts({name.replace("_", " "): f"{made[name]:,}" for name in counted})
    if made["attributes"]:
        yield table(
            ["attribute", "changes"], [[name, f"{n:,}"] for name, n in sorted(made["attributes"].items())]
        )
    for wait in made["waits_for"]:
        yield Text(f"needs approval ({clean(wait['code'])}): {clean(wait['detail'])}", "yellow")
    for warning in made["warnings"]:
        yield Text(f"note: {clean(warning)}")


def report(document: Json) -> Iterator[RenderableType]:
    """How it ended."""
    sent = document["sent"]
    told = {
        "run": document["id"],
        "status": word(document["status"]),
        "why": ": ".join(part for part in (document["reason"], document["detail"]) if part),
        "members": f"{document['members']:,}",
        **{name: f"{document[name]:,}" for name in ("joined", "left", "changed")},
        **{name: f"{sent[name]:,}" for name in ("accepted", "rejected", "held", "undelivered")},
        "requests": f"{document['requests']:,}",
        "data points": f"{document['data_points']:,} (sending everything: {document['full_resend_data_points']:,})",
        "seconds": document["seconds"],
        "snapshot": document["snapshot_version"],
    }
    yield facts(told)
    for what in ("rejected_rows_by_reason", "rejected_values_by_reason"):
        if document[what]:
            yield table([what.replace("_", " "), ""], sorted(document[what].items()))
    if sent["rejected_by_reason"]:
        yield table(["rejected by Braze", ""], sorted(sent["rejected_by_reason"].items()))
    for row in document["rejected_rows"][:_SAMPLES]:
        yield Text(f"rejected: {clean(row)}")
    if document.get("reconcile"):
        yield from _read_back(document["reconcile"])


def _read_back(found: Json) -> Iterator[RenderableType]:
    """What Braze holds beside what was committed; people are masked by the API."""
    counted = ("read", "unread", "unknown_to_braze", "drifted", "extra_members", "not_members")
    yield facts(
        {**{name.replace("_", " "): f"{found[name]:,}" for name in counted}, "repair": found["repair"]}
    )
    drift = [
        [name, kind, f"{n:,}"] for name, kinds in found["attributes"].items() for kind, n in kinds.items()
    ]
    if drift:
        yield table(["attribute", "how it differs", "people"], drift)
    for one in found["examples"][:_SAMPLES]:
        yield Text(clean(f"{one['user']}: {one['attribute']} is {one['held']!r}, not {one['expected']!r}"))


def subject(one: Json) -> str:
    """What the run is about."""
    if one["audience_id"]:
        what = "reading back " if one["kind"] == "reconcile" else ""
        return f"{what}audience {one['audience_id']} split {one['split_id']}"
    return f"campaign {one['campaign_id']}" if one["kind"] == "campaign" else f"events {one['export_id']}"


def state(one: Json) -> Text:
    """A line of progress."""
    progress = one["progress"]
    told = Text(f"{clean(one['id'])} ").append_text(word(one["status"]))
    if progress["parts"]:
        told.append(f" {progress['parts_done']} of {progress['parts']} parts")
    return told.append(f", waits for {clean(one['waits_on'])}") if one["waits_on"] else told
