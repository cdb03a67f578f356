"""Is there anything to deliver to, may its keys do what is needed, and does anything feed it."""

from collections.abc import Iterator

from bridge_cli.api import Json
from bridge_cli.doctor.finding import Finding, Level, Patient
from bridge_cli.errors import CliError


def installations(patient: Patient) -> Iterator[Finding]:
    """None, only disabled ones, or some that are blocked."""
    rows = patient.installed
    if not rows:
        hint = "Install one with bridge install actioniq or bridge install braze; the library: bridge catalog"
        yield Finding("installations", "failed", "Nothing is installed.", hint)
        return
    enabled = [one for one in rows if one["enabled"]]
    for one in rows:
        if not one["enabled"]:
            said = f"{one['name']} is disabled: its events are filtered."
            level: Level = "warning" if enabled else "failed"
            yield Finding("installations", level, said, f"bridge enable {one['id']}")
    if enabled:
        yield Finding("installations", "ok", f"Enabled: {', '.join(one['name'] for one in enabled)}.")


def health(patient: Patient) -> Iterator[Finding]:
    """What the workers noted of those that are enabled."""
    ours = [one for one in patient.health()["installations"] if one["id"] in patient.ids and one["enabled"]]
    ill = [one for one in ours if one["status"] != "healthy"]
    for one in ill:
        level: Level = "failed" if one["status"] == "blocked" else "warning"
        said = f"{one['name']} is {one['status']} ({one['reason']}): {one['message']}"
        yield Finding("health", level, said, f"When mended: bridge test {one['id']}, then bridge replay")
    if ours and not ill:
        yield Finding("health", "ok", "Every installation that is enabled delivers.")


def permissions(patient: Patient) -> Iterator[Finding]:
    """Ask each vendor what the stored key may do."""
    enabled = [one for one in patient.installed if one["enabled"]]
    if patient.role == "viewer" and enabled:
        hint = "Log in with the role editor to have them asked."
        yield Finding(
            "permissions", "warning", "The vendors were not asked: that needs the role editor.", hint
        )
    elif patient.ask_vendors:
        for one in enabled:
            yield from _asked(patient, one)


def sources(patient: Patient) -> Iterator[Finding]:
    """Whether each installation is fed by a source that there is, and whether our write key is known."""
    rows = [one for one in patient.api.pages("/sources") if one["enabled"]]
    if not rows:
        hint = "Make one with: bridge sources create NAME --use"
        yield Finding("sources", "failed", "There is no source: nobody can send events over HTTP.", hint)
        return
    starved = [one for one in patient.installed if one["enabled"] and not _fed(one, rows)]
    for one in starved:
        hint = f"bridge configure {one['id']} --every-source, or --source ID (bridge sources list)"
        yield Finding("sources", "warning", f"No source feeds {one['name']}.", hint)
    if not starved:
        yield Finding("sources", "ok", f"Sources: {len(rows)}; each installation is fed by one.")
    yield from _write_key(patient)


def _asked(patient: Patient, one: Json) -> Iterator[Finding]:
    try:
        report = patient.api.post(f"/integrations/{one['id']}/test", again=True)
    except CliError as error:
        yield Finding("permissions", "failed", f"{one['name']}: {error.message}", error.hint)
        return
    for check in report["checks"]:
        if check["status"] != "ok":
            level: Level = "failed" if check["status"] == "failed" else "warning"
            reason = f" ({check['reason']})" if check["reason"] else ""
            said = f"{one['name']}: {check['permission']}{reason}. {check['hint']}"
            to_do = "With another key: bridge rotate" if level == "failed" else "Ask again with: bridge test"
            yield Finding("permissions", level, said, f"{to_do} {one['id']}")
    if report["ok"]:
        yield Finding(
            "permissions", "ok", f"{one['name']}: the key may do all {len(report['checks'])} things."
        )


def _fed(one: Json, sources: list[Json]) -> bool:
    if one["sources"] is None:
        return any(not source["test"] for source in sources)
    return bool({source["id"] for source in sources} & set(one["sources"]))


def _write_key(patient: Patient) -> Iterator[Finding]:
    key = patient.session.profile.write_key
    if not key:
        return
    try:
        patient.api.settings(key)
    except CliError as error:
        if error.status != 401:
            raise
        hint = "Make another with: bridge sources create NAME --use"
        yield Finding("sources", "failed", "The write key of this profile is refused.", hint)
    else:
        yield Finding("sources", "ok", "The write key of this profile is known.")
