"""`make openapi` writes the description; `--check` only says whether what is there is up to date."""

import json
import sys
import tomllib
from pathlib import Path

from api.document import document

ROOT = Path(__file__).parents[1]
READABLE = ROOT / "docs" / "openapi.json"
SERVED = ROOT / "functions" / "collect" / "openapi.json"
"""The same without blanks, beside the function that serves it."""


def written() -> dict[Path, str]:
    """What each file has to hold."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    made = document(project["version"])
    compact = json.dumps(made, separators=(",", ":"), ensure_ascii=False)
    return {READABLE: json.dumps(made, indent=1, ensure_ascii=False) + "\n", SERVED: compact + "\n"}


def stale() -> list[Path]:
    """Files that are missing or say something else."""
    return [
        path
        for path, text in written().items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]


def main(arguments: list[str]) -> int:
    """Return the exit code."""
    if "--check" in arguments:
        for path in (found := stale()):
            print(f"{path.relative_to(ROOT)} is not up to date: make openapi", file=sys.stderr)  # noqa: T201 - a tool
        return 1 if found else 0
    for path, text in written().items():
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
