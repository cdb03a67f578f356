"""`make audit`: what checkov finds in the template, known faults of what is shipped, and the bill of materials."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from local.settings import ROOT

BILL = ROOT / ".local" / "sbom.json"
CHECKS = ROOT / ".checkov.yaml"


def shipped() -> list[Path]:
    """The locks of everything that a deployment contains."""
    return sorted([*ROOT.glob("layers/*/requirements.txt"), *ROOT.glob("functions/*/requirements.txt")])


def tool(environment: str, name: str) -> str:
    """A tool in an environment of its own."""
    return str(ROOT / ".tools" / environment / "bin" / name)


def template() -> bool:
    """Print what checkov objects to and .checkov.yaml does not excuse; false when there is anything."""
    argv = [tool("checkov", "checkov"), "--file", "template.yaml", "--config-file", str(CHECKS)]
    done = _run(argv)
    if done.returncode:
        print(done.stdout + done.stderr, file=sys.stderr)
    else:
        print("audit: checkov has nothing against the template but what .checkov.yaml excuses")
    return done.returncode == 0


def dependencies() -> bool:
    """Print the known faults of what is shipped; false when there is one, true when nobody could be asked."""
    argv = [tool("audit", "pip-audit"), "--require-hashes", "--disable-pip", "--progress-spinner", "off"]
    argv += ["--format", "json", *(part for lock in shipped() for part in ("--requirement", str(lock)))]
    lines, clean = verdict(_run(argv).stdout)
    print("\n".join(f"audit: {line}" for line in lines), file=sys.stdout if clean else sys.stderr)
    return clean


def verdict(report: str) -> tuple[list[str], bool]:
    """What pip-audit's JSON comes to; an empty report means that the index could not be reached."""
    try:
        found: list[dict[str, Any]] = json.loads(report)["dependencies"]
    except (ValueError, KeyError):
        found = []
    asked = [one for one in found if "skip_reason" not in one]
    faults = [
        f"{one['name']} {one['version']}: {fault['id']}, mended in {', '.join(fault['fix_versions']) or 'none'}"
        for one in asked
        for fault in one["vulns"]
    ]
    if faults:
        return faults, False
    if not asked:
        return ["NOT DONE: no index of known faults can be reached from here"], True
    unknown = [one["name"] for one in found if "skip_reason" in one]
    left = [f"not in the index: {', '.join(unknown)}"] if unknown else []
    return [f"no known fault in {len(asked)} packages", *left], True


def bill() -> bool:
    """Write .local/sbom.json (CycloneDX) from the locks."""
    text = "\n".join(lock.read_text(encoding="utf-8") for lock in shipped())
    argv = [tool("audit", "cyclonedx-py"), "requirements", "-", "--of", "JSON", "--output-reproducible"]
    done = _run(argv, text)
    if done.returncode:
        print(done.stderr, file=sys.stderr)
        return False
    BILL.parent.mkdir(exist_ok=True)
    BILL.write_text(done.stdout, encoding="utf-8")
    number = len(json.loads(done.stdout)["components"])
    print(f"audit: {number} components in {BILL.relative_to(ROOT)}")
    return True


def _run(argv: Sequence[str], text: str = "") -> subprocess.CompletedProcess[str]:
    env = dict(os.environ) | {"NO_COLOR": "1"}
    return subprocess.run(argv, cwd=ROOT, env=env, input=text, capture_output=True, text=True, check=False)  # noqa: S603 - our own argv


def main() -> int:
    """Return the exit code: 0 when nothing was found."""
    return int(not all([template(), dependencies(), bill()]))


if __name__ == "__main__":
    sys.exit(main())
