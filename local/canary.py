"""`make deploy CANARY=…`: the built template with an alias on each function, to which traffic is shifted step by step.

SAM publishes a new version when a function's own folder changed, and does not notice that only a layer or a
parameter did. The hash of everything that was built decides here instead, the same for all functions.
"""

import hashlib
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from samtranslator.yaml_helper import yaml_parse

from local.settings import ROOT

ALIAS = "live"
KINDS = re.compile(r"(Canary10Percent(5|10|15|30)Minutes|Linear10PercentEvery(1|2|3|10)Minutes?|AllAtOnce)")
UNQUALIFIED = {"AuthorizerFunction"}
"""The gateway calls its authorizer by the function itself, past any alias."""

Template = dict[str, Any]


def shifted(template: Template, kind: str, fingerprint: str) -> Template:
    """The template with aliases; its alarms of a function, and those of all workers, roll a shift back."""
    resources = {
        name: _shifted(name, resource, kind, fingerprint) for name, resource in template["Resources"].items()
    }
    return template | {"Resources": resources}


def _shifted(name: str, resource: Template, kind: str, fingerprint: str) -> Template:
    properties = resource.get("Properties", {})
    if resource["Type"] == "AWS::Serverless::Function" and name not in UNQUALIFIED:
        alarms = [name.replace("Function", "ErrorsAlarm"), "UnexpectedFailuresAlarm"]
        preference = {"Type": kind, "Alarms": [{"Ref": alarm} for alarm in alarms]}
        more = {
            "AutoPublishAlias": ALIAS,
            "AutoPublishCodeSha256": fingerprint,
            "DeploymentPreference": preference,
        }
        return resource | {"Properties": properties | more}
    if resource["Type"] == "AWS::Lambda::EventSourceMapping":
        function = properties["FunctionName"]["Ref"]
        return resource | {"Properties": properties | {"FunctionName": {"Ref": f"{function}.Alias"}}}
    return resource


def fingerprint(build: Path, *settings: str) -> str:
    """Of every file that was built, and of what the stage sets."""
    digest = hashlib.sha256(json.dumps(settings).encode())
    for path in _files(build):
        digest.update(str(path.relative_to(build)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _files(build: Path) -> Iterator[Path]:
    return (path for path in sorted(build.rglob("*")) if path.is_file())


def main() -> int:
    """`canary <build> <kind>`: rewrite <build>/template.yaml in place; the exit code."""
    build, kind = Path(sys.argv[1]), sys.argv[2]
    if not KINDS.fullmatch(kind):
        print(f"canary: {kind} is none of CodeDeploy's: Canary10Percent5Minutes, …", file=sys.stderr)
        return 2
    path = build / "template.yaml"
    built = fingerprint(build, (ROOT / "samconfig.toml").read_text(encoding="utf-8"))
    made = shifted(yaml_parse(path.read_text(encoding="utf-8")), kind, built)
    path.write_text(yaml.safe_dump(made, sort_keys=False, allow_unicode=True), encoding="utf-8")
    print(f"canary: every function is shifted by {kind}, version {built[:10]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
