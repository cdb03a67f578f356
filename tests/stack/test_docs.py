"""Every command of the docs, run as it is printed against the running stack, page by page in the order of reading.

The runbooks and the command line have tests of their own (test_runbooks, tests/unit/cli/test_docs).
Like `make demo`, this has the stack to itself: what is installed goes, and the stand-ins are emptied. The doctor's
answer is that of a new stack, which `make commands` brings up.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from local.demo.prepare import ACTIONIQ
from local.demo.stack import Stack
from local.settings import ROOT
from tests.stack.house import BRAZE_KEY, ask
from tests.stack.shell import Command, answers, console, environment, follow

ELSEWHERE = ("cli", "runbooks")
PAGES = [
    path
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    if console(path) and not set(ELSEWHERE) & {path.stem, path.parent.name}
]
NOT_RUN = {
    "deploy": {
        "Needs an AWS account": [
            "make deploy STAGE=dev",
            "make deploy STAGE=prod CANARY=Canary10Percent5Minutes",
            "bridge login --stack signal-bridge-dev --region eu-west-1 --first-token",
            ".tools/sam/bin/sam delete --stack-name signal-bridge-dev --region eu-west-1",
        ]
    },
}
"""All that is not run: the block says why in its title. `make` is run dry, for it would begin with these tests."""

LOGIN = "bridge login --local"
RUN_TWICE = f"""{LOGIN}
for city in Ulm Bonn; do
    printf "external_id,home_city\\nuser-1,$city\\n" > members.csv
    bridge audience push members.csv --audience 9 --split 1 --yes
done
PICK="import json, sys; print([one['id'] for one in json.load(sys.stdin)['data'] if one['audience_id'] == '9'][1])"
export RUN=$(bridge runs list --json | python3 -c "$PICK")"""
BEFORE = {
    "audience-runs": RUN_TWICE,
    "audiences": LOGIN,
    "campaigns": LOGIN,
    "events": LOGIN,
    "export-files": LOGIN,
    "install-actioniq": LOGIN,
    "install-braze": LOGIN,
}
"""What a reader of the page has done before."""
FRESH = {"README", "quick-start", "install-actioniq", "install-braze"}
"""Pages that install something; the others begin with both integrations."""


@pytest.fixture
def alone(stack: Stack) -> Iterator[None]:
    """Nothing installed, both stand-ins as they start, before and after."""

    def admin(method: str, path: str) -> list[Mapping[str, str]]:
        _, body = ask(method, f"{stack.api_url}/v1/admin/{path}", bearer=stack.admin_token)
        return list(body.get("data", []))

    def clear() -> None:
        for one in admin("GET", "integrations?limit=100"):
            admin("DELETE", f"integrations/{one['id']}")
        for site in (stack.actioniq_url, stack.braze_url):
            assert ask("POST", f"{site}/_standin/reset")[0] < 300

    clear()
    yield
    clear()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a reader would stand: beside the stack's own file."""
    (tmp_path / ".local").symlink_to(ROOT / ".local")
    return tmp_path


def install(stack: Stack) -> None:
    """Both integrations, with the stand-ins' own keys."""
    for key, config in (
        ("actioniq", ACTIONIQ["config"]),
        ("braze", {"rest_api_key": BRAZE_KEY, "rest_endpoint": stack.braze_url}),
    ):
        url = f"{stack.api_url}/v1/admin/integration-catalog/{key}/install"
        status, made = ask(
            "POST", url, {"name": f"{key} of before", "config": config}, bearer=stack.admin_token
        )
        assert status == 201, made


def runs(commands: list[Command]) -> list[Command]:
    return [one for one in commands if not one.title.startswith("Needs ")]


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem if page.parent != ROOT else "readme")
def test_every_command_of_a_page_works_and_answers_as_shown(page: Path, stack: Stack, folder: Path) -> None:
    variables = environment(stack) | {"BRIDGE_CONFIG": str(folder / "config.json")}
    variables |= {"ADMIN_TOKEN": stack.admin_token}
    if page.stem not in FRESH:
        install(stack)
    commands = [Command(BEFORE.get(page.stem, "true")), *runs(console(page))]
    for command, printed in follow(commands, stack, variables, folder):
        if command.answer:
            assert answers(printed, command.answer, stack), f"$ {command.text}\n{printed}"


def test_what_is_not_run_is_listed_here_with_its_reason() -> None:
    found: dict[str, dict[str, list[str]]] = {}
    for page in PAGES:
        for one in console(page):
            if one not in runs([one]):
                found.setdefault(page.stem, {}).setdefault(one.title, []).append(one.text)
    assert found == NOT_RUN


def test_commands_stand_behind_a_prompt_so_that_they_are_run() -> None:
    others = [
        path.name
        for path in (ROOT / "docs").glob("*.md")
        if re.search(r"^```(sh|bash|shell)", path.read_text(encoding="utf-8"), re.MULTILINE)
    ]
    assert others == []


def test_an_answer_that_is_another_is_seen(stack: Stack) -> None:
    assert answers('{"id":"int_1","name":"A"}\n', '{"id":"int_…","name":"A"}', stack)
    assert not answers('{"id":"int_1","name":"B"}\n', '{"id":"int_…","name":"A"}', stack)
