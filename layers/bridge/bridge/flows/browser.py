"""What a browser may not say: its write key is public, so anyone can send anything with it."""

from mapping.event import Event

MEMBERSHIP_PREFIX = "aiq_"
"""Only a run sets `AIQ_<audience>_<split>`; other cases are refused too, lest one be taken for the other."""

CONSENT_FIELDS = frozenset({"emailsubscribe", "pushsubscribe", "subscriptiongroups", "subscriptiongroupid"})


def forbidden(event: Event) -> tuple[str, str] | None:
    """(code, message) when a canonical event from a browser source sets what it must not, else None."""
    for trait in event.get("traits") or ():
        name = trait.strip()
        plain = name.replace("_", "").replace("-", "").replace(" ", "").lower()
        if name.lower().startswith(MEMBERSHIP_PREFIX):
            return "reserved_trait", f"{name[:80]}: audience membership cannot be set from a browser"
        if plain in CONSENT_FIELDS:
            return "consent_trait", f"{name[:80]}: consent cannot be set from a browser"
    return None
