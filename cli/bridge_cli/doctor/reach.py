"""Is the right stack there, and does it know us: profile, address, clock, token."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from bridge_cli.api import read
from bridge_cli.config import readable_by_others
from bridge_cli.doctor.finding import Finding, Level, Patient
from bridge_cli.identity import identity

SKEW_WARNS, SKEW_FAILS = timedelta(seconds=30), timedelta(minutes=4)
"""Signed requests may be 5 minutes off, and S3's 15."""
EXPIRES_SOON = timedelta(days=14)


def emulator(patient: Patient) -> Iterator[Finding]:
    """The ports of a local stack: a process that died leaves its own closed."""
    one = patient.session.profile
    if not one.local:
        return
    places = {"API": one.api_url, "emulator": one.emulator_url, **one.standins}
    closed = {name: url for name, url in places.items() if not _listens(patient, url)}
    for name, url in closed.items():
        yield Finding(
            "local stack", "failed", f"Nothing listens at {url} ({name}).", "Bring it up with: make up"
        )
    if not closed:
        yield Finding("local stack", "ok", f"All {len(places)} ports of the local stack listen.")


def profile(patient: Patient) -> Iterator[Finding]:
    """The file with the tokens."""
    session = patient.session
    one = session.profile
    if readable_by_others(session.config_path):
        hint = f"chmod 600 {session.config_path}"
        yield Finding("profile", "warning", f"{session.config_path} can be read by others.", hint)
    yield Finding("profile", "ok", f"Profile {one.name}: {one.api_url}")


def address(patient: Patient) -> Iterator[Finding]:
    """Whether this API answers, and whether its clock and ours agree."""
    answer = patient.api.description()
    version = read(answer).get("info", {}).get("version", "")
    if not version:
        hint = "Compare the address with the stack's output ApiUrl: bridge login"
        yield Finding("api", "failed", "What answers is not Signal Bridge.", hint)
        return
    yield Finding("api", "ok", f"Signal Bridge {version} answers.")
    told = answer.headers.get("date")
    if told:
        skew = abs(patient.session.world.clock() - _moment(told))
        yield _clock(skew)


def token(patient: Patient) -> Iterator[Finding]:
    """What the token may do, and how long."""
    who = identity(patient.api)
    patient.role = who["role"]
    said = f"The token {who['name'] or who['token_id']} has the role {who['role']}"
    renew = "Make one with bridge tokens create, and log in with it."
    if who["expires_at"] is None:
        yield Finding("token", "ok", f"{said} and does not expire.")
        return
    left = datetime.fromisoformat(who["expires_at"]) - patient.session.world.clock()
    level: Level = "ok" if left > EXPIRES_SOON else "warning"
    yield Finding("token", level, f"{said} and expires in {left.days} days.", "" if level == "ok" else renew)


def _clock(skew: timedelta) -> Finding:
    seconds = f"{skew.total_seconds():.0f} s"
    if skew < SKEW_WARNS:
        return Finding("clock", "ok", "This machine's clock and the API's agree.")
    hint = "Set this machine's clock: signed requests are refused at 5 minutes."
    return Finding(
        "clock", "failed" if skew >= SKEW_FAILS else "warning", f"The clocks differ by {seconds}.", hint
    )


def _moment(told: str) -> datetime:
    return parsedate_to_datetime(told).astimezone(UTC)


def _listens(patient: Patient, url: str) -> bool:
    parts = urlsplit(url)
    return patient.session.world.port_open(parts.hostname or "", parts.port or 0)
