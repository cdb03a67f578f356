"""What a run does not do before a person has seen it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

from mapping.braze_fields import CONSENT_ATTRIBUTES as CONSENT
from mapping.export import Wait

REMOVES = 0.3
CHANGES = 0.3
DATA_POINTS = 10
QUIET = 0.01
"""Data points a member that count as usual where the last runs had nothing to send."""
CONTACTS = ("email", "phone")


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a planned run; counts are of people unless they say otherwise."""

    members_before: int = 0
    left: int = 0
    members: int = 0
    lines: int = 0
    data_points: int = 0
    data_points_before: tuple[int, ...] = ()
    stayers_changed_of: dict[str, int] = field(default_factory=dict)
    changed_of: dict[str, int] = field(default_factory=dict)
    exported_at: str = ""
    committed_export: str = ""
    approve_recipients: int | None = None
    columns: tuple[Wait, ...] = ()


def decide(facts: Facts) -> tuple[Wait, ...]:
    """Everything that waits for approval, each with a stable code, a sentence and a count."""
    return (
        *_removals(facts),
        *_contacts(facts),
        *facts.columns,
        *_consent(facts),
        *_cost(facts),
        *_time(facts),
        *_recipients(facts),
    )


def _removals(facts: Facts) -> Sequence[Wait]:
    if not facts.members_before or not facts.left:
        return ()
    if not facts.members:
        return (Wait(code="empties_audience", detail="nobody would stay in the audience", count=facts.left),)
    share = facts.left / facts.members_before
    if share > REMOVES:
        return (
            Wait(code="removes_many", detail=f"{share:.0%} of the audience would leave", count=facts.left),
        )
    return ()


def _contacts(facts: Facts) -> Sequence[Wait]:
    if not facts.members_before:
        return ()
    shares = {name: facts.stayers_changed_of.get(name, 0) / facts.members_before for name in CONTACTS}
    return tuple(
        Wait(
            code="contacts_change",
            detail=f"{name} would change for {share:.0%} of the audience",
            count=facts.stayers_changed_of[name],
        )
        for name, share in shares.items()
        if share > CHANGES
    )


def _consent(facts: Facts) -> Sequence[Wait]:
    return tuple(
        Wait(code="consent_change", detail=f"{name} would change", count=facts.changed_of[name])
        for name in sorted(CONSENT)
        if facts.changed_of.get(name)
    )


def _cost(facts: Facts) -> Sequence[Wait]:
    if not facts.data_points_before:
        return ()
    usual = median(facts.data_points_before[-5:])
    if facts.data_points <= DATA_POINTS * (usual or QUIET * facts.members_before):
        return ()
    detail = f"{facts.data_points} data points, where a run usually has {usual:.0f}"
    return (Wait(code="many_data_points", detail=detail, count=facts.data_points),)


def _time(facts: Facts) -> Sequence[Wait]:
    if facts.committed_export and facts.exported_at < facts.committed_export:
        detail = f"exported {facts.exported_at}, before the one committed ({facts.committed_export})"
        return (Wait(code="stale_export", detail=detail),)
    return ()


def _recipients(facts: Facts) -> Sequence[Wait]:
    if facts.approve_recipients is None or facts.lines <= facts.approve_recipients:
        return ()
    return (
        Wait(code="many_recipients", detail=f"{facts.lines} people would be messaged", count=facts.lines),
    )
