"""Every command of the runbooks, run as it is printed against the running stack."""

import json
import re
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest

from local.demo import clues
from local.demo.api import Api
from local.demo.aws import Account
from local.demo.stack import Stack
from local.demo.watch import Patience, Watch
from local.settings import REGION, ROOT, ROOT_KEY
from tests.stack.house import House, Json, until
from tests.stack.shell import environment, run
from tests.stack.test_exports import Bench

PAGES = sorted((ROOT / "docs" / "runbooks").glob("*.md"))
_BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)


def commands(page: Path) -> list[str]:
    """Lines of shell, one command each; the setting up of variables is done by these tests."""
    blocks = _BLOCK.findall(page.read_text(encoding="utf-8"))
    return [
        line for block in blocks for line in block.splitlines() if line.startswith(("curl", "aws", "sleep"))
    ]


@pytest.fixture(scope="module")
def house(stack: Stack) -> Iterator[House]:
    made = House(stack)
    made.open()
    yield made
    made.close()


@pytest.fixture(scope="module")
def refused(house: House) -> Json:
    """An ActionIQ installation with a key that was taken away, and its dead letter."""
    installation = house.install("actioniq", config={"api_key": "aiq_gone"})
    house.send({"batch": [house.track(house.user())]})

    def letter() -> Json | None:
        _, page = house.admin("GET", "dead-letters?limit=100")
        return next((one for one in page["data"] if one["integration_id"] == installation), None)

    return {"installation": installation, **until(letter, "the dead letter")}


@pytest.fixture(scope="module")
def bench(stack: Stack, house: House) -> Bench:
    api, account = Api(stack), Account(stack)
    watch = Watch(lambda: clues.gather(api, account), Patience(total=120))
    return Bench(stack, api, account, watch, uuid.uuid4().hex[:8], house.install("braze"))


def waiting_run(bench: Bench, audience: str) -> str:
    """An untyped column that is new to the installation waits for a person."""
    rows = [{"external_id": f"{bench.tag}-u", f"odd_{uuid.uuid4().hex[:6]}": "x"}]
    run = bench.put(f"audience={bench.tag}-{audience}/split=1", rows)
    bench.becomes(run, "waiting_approval")
    return run


@pytest.fixture(scope="module")
def variables(stack: Stack, house: House, refused: Json, bench: Bench) -> Mapping[str, str]:
    return environment(stack) | {
        "FUNCTION": "BrazeDelivery",
        "FOLDER": "actioniq_delivery",
        "INSTALLATION": refused["installation"],
        "LETTER": refused["id"],
        "REASON": refused["reason"],
        "KEY_FIELD": "api_key",
        "NEW_KEY": house.actioniq_key,
        "RUN": waiting_run(bench, "first"),
        "OTHER_RUN": waiting_run(bench, "other"),
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_command_of_a_page_works_as_printed(page: Path, variables: Mapping[str, str]) -> None:
    listed = commands(page)
    assert listed
    for command in listed:
        done = run(command, variables)
        assert done.returncode == 0, f"{command}\n{done.stdout[-500:]}{done.stderr[-500:]}"


def test_the_variables_of_the_pages_are_found_as_they_say(variables: Mapping[str, str]) -> None:
    block = _BLOCK.findall((ROOT / "docs" / "runbooks" / "README.md").read_text(encoding="utf-8"))[0]
    _, define, export = block.splitlines()
    done = run(f"{define}\n{export.replace('sb_…', 'sb_x')}\necho $API", variables)
    assert done.stdout.strip().startswith("http"), done.stderr


def test_following_the_page_of_a_blocked_installation_delivers_what_was_given_up(
    house: House, refused: Json, variables: Mapping[str, str]
) -> None:
    for command in commands(ROOT / "docs" / "runbooks" / "installation-blocked.md"):
        assert run(command, variables).returncode == 0
    row = until(
        lambda: next(iter(house.rows(refused["installation"], status="delivered")), None), "the delivery"
    )
    assert row["vendor_status"] == 200
    assert row["correlation_ids"]

    def well() -> Any:
        _, told = house.admin("GET", "health")
        (mine,) = [one for one in told["installations"] if one["id"] == refused["installation"]]
        return mine if mine["status"] == "healthy" else None

    assert "not active" in until(well, "health")["message"]


def test_a_waiting_run_is_told_on_the_topic_once(stack: Stack, bench: Bench) -> None:
    account = boto3.Session(ROOT_KEY, ROOT_KEY, region_name=REGION)
    sqs, sns, functions = (
        account.client(name, endpoint_url=stack.emulator_url) for name in ("sqs", "sns", "lambda")
    )
    queue = sqs.create_queue(QueueName=f"told-{uuid.uuid4().hex[:8]}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    allowed = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Resource": arn}
    policy = {"Version": "2012-10-17", "Statement": [allowed | {"Action": "sqs:SendMessage"}]}
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps(policy)})
    subscribed = sns.subscribe(TopicArn=stack.outputs["AlarmTopicArn"], Protocol="sqs", Endpoint=arn)
    try:
        waiting = waiting_run(bench, "told")
        names = [one["FunctionName"] for one in functions.list_functions()["Functions"]]
        (watch,) = [name for name in names if "WatchFunction" in name]
        counted = [json.loads(functions.invoke(FunctionName=watch)["Payload"].read()) for _ in range(2)]
        assert all(one["RunsWaiting"] >= 1 for one in counted)
        mails: list[str] = []

        def told() -> list[str]:
            answer = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1)
            mails.extend(json.loads(one["Body"])["Message"] for one in answer.get("Messages", []))
            return [text for text in mails if waiting in text]

        (mail,) = until(told, "the mail")
        assert f"/v1/admin/audience-runs/{waiting}/approve" in mail
        bench.api.cancel(waiting)
    finally:
        sns.unsubscribe(SubscriptionArn=subscribed["SubscriptionArn"])
        sqs.delete_queue(QueueUrl=queue)
