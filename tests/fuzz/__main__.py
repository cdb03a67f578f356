"""`python -m tests.fuzz <target> <seconds>`: libFuzzer (atheris) on one target; ends non-zero at the first finding.

What it finds worth keeping lies in `.local/fuzz/<target>/corpus`, a finding in `.local/fuzz/<target>/found`.
`python -m tests.fuzz <target> keep` adds to `tests/fuzz/corpus/<target>` what reaches code that nothing kept reaches.
`python -m tests.fuzz <target> <file>` tries one case again.
"""

import sys
from importlib import import_module
from pathlib import Path

import atheris

TARGETS = ("collect", "export")
# What the coverage is measured in: ours, and the readers in Python that ours hands strangers' bytes to.
MEASURED = ["bridge", "mapping", "json", "csv", "gzip", "base64", "urllib.parse"]
LIMITS = (
    "-rss_limit_mb=2048",
    "-timeout=20",
    "-max_len=4096",
    "-use_value_profile=1",
    "-print_final_stats=1",
)
HERE = Path(__file__).parent


def arguments(target: str, order: str) -> list[str]:
    """What libFuzzer is told."""
    work, kept = Path(".local", "fuzz", target), HERE / "corpus" / target
    corpus, found = work / "corpus", work / "found"
    for folder in (corpus, found, kept):
        folder.mkdir(parents=True, exist_ok=True)
    if order == "keep":
        return [*LIMITS, "-use_counters=0", "-set_cover_merge=1", str(kept), str(corpus)]
    told = [f"-dict={HERE / target}.dict", f"-artifact_prefix={found}/", "-use_value_profile=1", *LIMITS]
    return [*told, f"-max_total_time={order}", str(corpus), str(kept)] if order.isdigit() else [*told, order]


def again(target: str) -> Path:
    """What libFuzzer runs when it needs a process of its own: this program with its arguments as they are."""
    script = Path(".local", "fuzz", target, "again").absolute()
    script.write_text(
        f'#!/bin/sh\nexec "{sys.executable}" -m tests.fuzz {target} -- "$@"\n', encoding="utf-8"
    )
    script.chmod(0o700)
    return script


def main() -> None:
    """Instrument, then hand over to libFuzzer, which ends the process."""
    _, target, order, *raw = sys.argv
    if target not in TARGETS:
        sys.exit(f"one of {', '.join(TARGETS)}")
    told = raw if order == "--" else arguments(target, order)
    with atheris.instrument_imports(include=MEASURED, enable_loader_override=False):
        module = import_module(f"tests.fuzz.{target}")
    atheris.Setup([str(again(target)), *told], module.check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
