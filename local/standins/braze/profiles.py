"""The profiles of the workspace and the rules by which an object finds or makes one (facts 2.2, 2.3)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

from local.standins.braze.dates import show_time
from local.standins.braze.values import plain
from local.standins.web import Json


@dataclass(slots=True)
class Tally:
    """First and last time of one event name or product, and how often."""

    first: datetime
    last: datetime
    count: int = 0


@dataclass(slots=True, eq=False)
class Profile:
    """One user; `standard` holds reserved fields, `custom` everything else."""

    ordinal: int
    braze_id: str
    created_at: datetime
    external_id: str | None = None
    aliases: list[tuple[str, str]] = field(default_factory=list)
    standard: dict[str, Any] = field(default_factory=dict)
    custom: dict[str, Any] = field(default_factory=dict)
    events: dict[str, Tally] = field(default_factory=dict)
    purchases: dict[str, Tally] = field(default_factory=dict)
    revenue: float = 0.0
    updated: int = 0

    def view(self) -> Json:
        """Show the profile flat, custom attributes apart, times as ISO 8601."""
        seen: Json = {"external_id": self.external_id, "braze_id": self.braze_id}
        if self.aliases:
            seen["user_aliases"] = [
                {"alias_label": label, "alias_name": name} for label, name in self.aliases
            ]
        seen |= plain(self.standard)
        seen["custom_attributes"] = plain(self.custom)
        return seen

    def tallies(self, which: Mapping[str, Tally], since: datetime) -> list[Json]:
        """List events or purchases whose last occurrence is not older than `since`."""
        return [
            {"name": name, "first": show_time(t.first), "last": show_time(t.last), "count": t.count}
            for name, t in which.items()
            if t.last >= since
        ]


class Profiles:
    """Every profile, found by any identifier."""

    def __init__(self) -> None:
        self.everyone: list[Profile] = []
        self.by_external_id: dict[str, Profile] = {}
        self.by_braze_id: dict[str, Profile] = {}
        self.by_alias: dict[tuple[str, str], Profile] = {}
        self.by_email: defaultdict[str, list[Profile]] = defaultdict(list)
        self.by_phone: defaultdict[str, list[Profile]] = defaultdict(list)
        self.changes = 0

    def create(
        self, now: datetime, *, external_id: str | None = None, braze_id: str | None = None
    ) -> Profile:
        """Make a profile; its braze_id is assigned here unless a test brings one."""
        ordinal = len(self.everyone)
        assigned = braze_id or sha256(f"profile {ordinal}".encode()).hexdigest()[:24]
        profile = Profile(ordinal, assigned, now, external_id)
        self.everyone.append(profile)
        self.by_braze_id[assigned] = profile
        if external_id is not None:
            self.by_external_id[external_id] = profile
        return profile

    def resolve(self, named: Mapping[str, Any], now: datetime, *, create: bool | None) -> Profile | None:
        """Find or make the profile of a checked object; `create` None is the identifier's own default."""
        if (external_id := named.get("external_id")) is not None:
            found = self.by_external_id.get(external_id)
            if found is None and create is not False:
                found = self.create(now, external_id=external_id)
            return found
        if (braze_id := named.get("braze_id")) is not None:
            return self.by_braze_id.get(braze_id)
        if (alias := named.get("user_alias")) is not None:
            return self._by_alias((alias["alias_label"], alias["alias_name"]), now, create=create is True)
        key = "email" if named.get("email") else "phone"
        index = self.by_email if key == "email" else self.by_phone
        matches = index.get(named[key].lower(), [])
        if matches:
            return max(matches, key=lambda one: (one.external_id is not None, one.updated))
        if create is False:
            return None
        made = self.create(now)
        made.standard[key] = named[key]
        self.reindex(made, key, None, named[key])
        return made

    def touch(self, profile: Profile) -> None:
        """Note that this profile was updated last."""
        self.changes += 1
        profile.updated = self.changes

    def reindex(self, profile: Profile, name: str, old: str | None, new: str | None) -> None:
        """Keep the email or phone look-up in step with the field."""
        index = self.by_email if name == "email" else self.by_phone
        if old is not None and profile in index[old.lower()]:
            index[old.lower()].remove(profile)
        if new is not None:
            index[new.lower()].append(profile)

    def sharing_email(self, profile: Profile) -> Iterable[Profile]:
        """Return every profile with this one's email, itself included."""
        email = profile.standard.get("email")
        return list(self.by_email[email.lower()]) if email else [profile]

    def _by_alias(self, alias: tuple[str, str], now: datetime, *, create: bool) -> Profile | None:
        found = self.by_alias.get(alias)
        if found is None and create:
            found = self.create(now)
            found.aliases.append(alias)
            self.by_alias[alias] = found
        return found
