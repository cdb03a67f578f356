"""The description as the tests read it, and one operation of it."""

import json
from typing import Any

import schemathesis
from schemathesis.config import SchemathesisConfig

from local.settings import ROOT
from tests.api.strictness import strict

ALIASES = r"^/v1/([bptigas]|import|events|page|identify|group|alias|screen)$"
"""Other ways in to what /v1/track and /v1/batch are asked at length."""

NO_BORROWING = {"extra-data-sources": {"responses": False}}
"""An id out of an answer is an id of somebody's."""

CONFIG: dict[str, Any] = {
    "seed": 20261122,
    "generation": {
        "deterministic": True,
        "database": "none",
        "max-examples": 10,
        "no-shrink": True,
        "with-security-parameters": False,
    },
    "phases": {
        "examples": NO_BORROWING,
        "coverage": {"unexpected-methods": [], **NO_BORROWING},
        "fuzzing": NO_BORROWING,
        "stateful": {"enabled": False},
    },
    "operations": [{"include-path-regex": ALIASES, "phases": {"coverage": {"enabled": False}}}],
    "checks": {
        # A name that is taken or an id that was never given out fits the schema all the same.
        "positive_data_acceptance": {"enabled": False},
        # The gateway knows no 405: another method on an admin path is our 404.
        "unsupported_method": {"enabled": False},
        # Who may do what is asked role by role in test_roles.py.
        "ignored_auth": {"enabled": False},
    },
}
DOCUMENT: dict[str, Any] = json.loads((ROOT / "docs" / "openapi.json").read_text(encoding="utf-8"))
schema = schemathesis.openapi.from_dict(strict(DOCUMENT), config=SchemathesisConfig.from_dict(CONFIG))


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    """Method, path and what is said of them."""
    return [
        (method.upper(), path, one)
        for path, methods in DOCUMENT["paths"].items()
        for method, one in methods.items()
    ]
