"""Does it flow: queues, dead letters, runs, and the bucket that exports are put into."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice

from bridge_cli.api import Json
from bridge_cli.doctor.finding import Finding, Patient
from bridge_cli.errors import CliError

MANY = 10_000
"""Messages that wait: more than a burst."""
LOOK_AGAIN_SECONDS = 5.0
OLD = timedelta(minutes=15)
RUNS_READ = 100
RECENT = timedelta(days=1)


def queues(patient: Patient) -> Iterator[Finding]:
    """A queue from which nobody takes, a long one, one whose oldest message is old."""
    first = patient.health()["queues"]
    suspects = {one["name"] for one in first if one["waiting"] and not one["in_flight"]}
    if suspects:
        patient.session.world.wait(LOOK_AGAIN_SECONDS)
    waited = {one["name"]: one["waiting"] for one in first}
    rows = patient.health()["queues"] if suspects else first
    found = [finding for one in rows for finding in _queue(one, waited if one["name"] in suspects else {})]
    found += list(_old(patient, [one for one in rows if one["waiting"] or one["in_flight"]]))
    yield from found or [
        Finding("queues", "ok", f"All {len(rows)} queues move; {_waiting(rows)} messages wait.")
    ]


def dead_letters(patient: Patient) -> Iterator[Finding]:
    """Open ones, by reason, with the detail of the newest."""
    counts: Counter[str] = Counter()
    for one in patient.api.get("/dead-letters/groups")["data"]:
        if not patient.only or one["integration_id"] in patient.ids:
            counts[one["reason"]] += one["count"]
    if not counts:
        yield Finding("dead letters", "ok", "There are no open dead letters.")
    for reason, count in counts.most_common():
        newest = next(iter(patient.api.pages("/dead-letters", reason=reason, limit=1)), None)
        detail = newest["detail"] if newest else ""
        said = f"{count} dead letters: {reason}{'. ' + detail if detail else ''}"
        yield Finding("dead letters", "failed", said, f"When mended: bridge replay --reason {reason}")


def runs(patient: Patient) -> Iterator[Finding]:
    """Runs that wait for a person, and those that were blocked within a day."""
    now = patient.session.world.clock()
    rows = [
        one
        for one in islice(patient.api.pages("/audience-runs"), RUNS_READ)
        if not patient.only or one["integration_id"] in patient.ids
    ]
    told = [finding for one in rows for finding in _run(one, now)]
    yield from told or [Finding("runs", "ok", "No audience run waits for a person or was blocked today.")]


def bucket(patient: Patient) -> Iterator[Finding]:
    """Whether these credentials can put an export there; leaves nothing behind."""
    name = patient.session.profile.bucket
    if not name:
        hint = "Needed for bridge audience push: bridge login --stack NAME, or --bucket"
        yield Finding("export bucket", "warning", "The profile names no export bucket.", hint)
        return
    patient.session.account.check_writable(name)
    yield Finding("export bucket", "ok", f"Exports can be put into {name}.")


def _queue(one: Json, before: dict[str, int]) -> Iterator[Finding]:
    name, waiting = one["name"], one["waiting"]
    if name in before and not one["in_flight"] and waiting >= before[name]:
        said = f"{waiting:,} messages wait in {name} and nobody takes them."
        hint = "Look at the function's event source mapping and its log: it may be disabled, throttled or failing."
        yield Finding("queues", "failed", said, hint)
    elif waiting > MANY:
        hint = "They go on by themselves; raise the lane's MaximumConcurrency if this lasts."
        yield Finding("queues", "warning", f"{waiting:,} messages wait in {name}.", hint)
    if one["dead_letters"]:
        said = f"{one['dead_letters']} messages in the dead-letter queue of {name} are not filed yet."
        yield Finding("queues", "warning", said, "If this lasts, look at the log of DeadLetterFunction.")


def _old(patient: Patient, rows: list[Json]) -> Iterator[Finding]:
    """CloudWatch alone knows how old a message is: asked where something waits and the stack's name is known."""
    stack = patient.session.profile.stack
    if not stack or not rows:
        return
    account, now = patient.session.account, patient.session.world.clock()
    try:
        outputs = {name.casefold(): url for name, url in account.outputs(stack).items()}
        for one in rows:
            url = outputs.get(f"{one['name'].replace('_', '').removesuffix('queue')}queueurl".casefold(), "")
            age = timedelta(seconds=(account.oldest(url, now) if url else None) or 0)
            if age > OLD:
                said = (
                    f"The oldest message of {one['name']} has waited {age.total_seconds() / 60:.0f} minutes."
                )
                yield Finding("queues", "warning", said, "See what is paused or fails: bridge events tail")
    except CliError as error:
        yield Finding("queues", "warning", f"How old messages are is not known: {error.message}", error.hint)


def _run(one: Json, now: datetime) -> Iterator[Finding]:
    what = f"{one['id']} (audience {one['audience_id']})" if one["audience_id"] else one["id"]
    if one["status"] in {"waiting_approval", "stale"}:
        why = "; ".join(wait["detail"] for wait in (one["plan"] or {}).get("waits_for", ()))
        yield Finding(
            "runs", "warning", f"{what} waits for approval: {why}", f"bridge audience approve {one['id']}"
        )
    if (
        one["status"] == "blocked"
        and now - datetime.fromisoformat(one["updated_at"] or one["created_at"]) < RECENT
    ):
        halt = one["halt"] or {"reason": "blocked", "detail": ""}
        said = f"{what} was blocked: {halt['reason']}. {halt['detail']}".rstrip(". ") + "."
        yield Finding(
            "runs", "warning", said, f"bridge runs report {one['id']}; a new export goes on from there."
        )


def _waiting(rows: list[Json]) -> int:
    return sum(int(one["waiting"]) for one in rows)
