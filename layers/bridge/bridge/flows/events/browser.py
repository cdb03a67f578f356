"""What a browser may not say: its write key is public, so anyone can send anything with it."""

from mapping.event import Event

MEMBERSHIP_PREFIX = "aiq_"
"""Only a run sets `AIQ_<audience>_<split>`; other cases are refused too, lest one be taken for the other."""

CONSENT_FIELDS = frozenset({"emailsubscribe", "pushsubscribe", "subscriptiongroups", "subscriptiongroupid"})


_FIRST = frozenset("aAeEpPsS")
"""With which letters those names begin, behind what is neither letter nor digit."""


def forbidden(event: Event) -> tuple[str, str] | None:
    """(code, message) when a canonical event from a browser source sets what it must not, else None."""
    for trait in event.get("traits", ()):
        # Most names are told by their first letter; nothing is remembered, since anyone can make names up.
        first = trait[:1]
        if (first in _FIRST or not first.isalnum()) and (denied := _denied(trait)) is not None:
            return denied
    return None


def _denied(trait: str) -> tuple[str, str] | None:
    name = trait.strip().lower()
    if name.startswith(MEMBERSHIP_PREFIX):
        return "reserved_trait", f"{trait[:80]}: audience membership cannot be set from a browser"
    if name.replace("_", "").replace("-", "").replace(" ", "") in CONSENT_FIELDS:
        return "consent_trait", f"{trait[:80]}: consent cannot be set from a browser"
    return None
