"""Who is to be erased, and where a document names them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Self

KINDS = ("external_id", "braze_id", "anonymous_id")

_NAMING = frozenset(
    {
        *KINDS,
        "userId",
        "user_id",
        "anonymousId",
        "previousId",
        "external_user_id",
        "user",
        "brazeId",
    }
)
"""Fields whose value is an identifier: of events, records, Braze's objects, recipients, and lines of Live Events."""
_HOLDING = ("identifiers", "context", "recipient", "subject")
"""Objects inside one that name whom it is about."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A person by up to three identifiers; Signal's `userId` is Braze's `external_id`."""

    external_id: str = ""
    braze_id: str = ""
    anonymous_id: str = ""

    @classmethod
    def of(cls, named: Mapping[str, Any]) -> Self:
        """From what `named()` gave."""
        return cls(**{kind: str(named[kind]) for kind in KINDS if named.get(kind)})

    def named(self) -> dict[str, str]:
        """Identifiers by kind, those that are known."""
        return {kind: value for kind in KINDS if (value := getattr(self, kind))}

    @property
    def values(self) -> frozenset[str]:
        """All of them."""
        return frozenset(self.named().values())

    @property
    def digest(self) -> str:
        """What stands for the person where nobody shall read who it was."""
        return sha256(json.dumps(self.named(), sort_keys=True).encode("utf-8", "surrogatepass")).hexdigest()

    @property
    def job_id(self) -> str:
        """The same person has the same job, however often they ask."""
        return f"era_{self.digest[:24]}"

    def needles(self) -> tuple[bytes, ...]:
        """Bytes of which any document that names them holds at least one: escaped JSON, plain JSON, plain text."""
        found = {
            form
            for value in self.values
            for form in (
                json.dumps(value)[1:-1].encode(),
                json.dumps(value, ensure_ascii=False)[1:-1].encode("utf-8", "surrogatepass"),
                value.encode("utf-8", "surrogatepass"),
            )
        }
        return tuple(sorted(found))

    def is_named_in(self, document: Mapping[str, Any]) -> bool:
        """Whether an object is about them: one of its own identifiers is theirs."""
        held = {name: document[name] for name in _HOLDING if isinstance(document.get(name), Mapping)}
        return self._named(document) or any(
            self._named(one, anywhere=name == "identifiers") for name, one in held.items()
        )

    def _named(self, document: Mapping[str, Any], *, anywhere: bool = False) -> bool:
        values = self.values
        return any(
            isinstance(value, str) and value in values
            for name, value in document.items()
            if anywhere or name in _NAMING
        )
