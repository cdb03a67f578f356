"""Where the running local stack listens, as `make up` wrote it down."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

DEFAULT_PATH = Path(__file__).parents[2] / ".local" / "stack.json"


@dataclass(frozen=True, slots=True)
class Stack:
    """Addresses and keys of one local stack; `outputs` are CloudFormation's."""

    api_url: str
    admin_token: str
    write_key: str
    actioniq_url: str
    braze_url: str
    emulator_url: str
    outputs: Mapping[str, str]

    @classmethod
    def read(cls, path: Path = DEFAULT_PATH) -> "Stack":
        """The stack of this checkout; `FileNotFoundError` when none is up."""
        found = json.loads(path.read_text(encoding="utf-8"))
        return cls(**{name: found[name] for name in cls.__dataclass_fields__})
