"""What the install function is told."""

from dataclasses import dataclass

from bridge.settings import CommaList, Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallSettings(Settings):
    """Catalog, installations, sources, tokens, audit; the deliveries table for what is noted of their health."""

    stack_name: str
    installations_table: str
    deliveries_table: str
    extra_allowed_hosts: CommaList = ()
    actioniq_base_url: str = ""
