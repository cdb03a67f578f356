"""A queue against SQS as moto plays it, and against one that answers 200 with failures."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from bridge.stores.queues import MAX_CALL_BYTES, Queue, QueueUnavailable
from tests.unit.stores.admin_tables import aws

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


@pytest.fixture
def sqs() -> Iterator["SQSClient"]:
    with aws() as client:
        yield client("sqs")


@pytest.fixture
def url(sqs: "SQSClient") -> str:
    return sqs.create_queue(QueueName="events", Attributes={"MaximumMessageSize": "1048576"})["QueueUrl"]


def received(sqs: "SQSClient", url: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while batch := sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"], MessageAttributeNames=["All"]
    ).get("Messages"):
        found += batch  # type: ignore[arg-type]
    return found


def test_each_body_may_have_attributes_of_its_own(sqs: "SQSClient", url: str) -> None:
    named = [{"replay_of": f"ltr_{number}"} for number in range(12)]
    assert Queue(sqs, url).offer([str(number) for number in range(12)], attributes=named) == ()
    found = {}
    while answer := sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
    ).get("Messages"):
        found |= {one["Body"]: one["MessageAttributes"]["replay_of"]["StringValue"] for one in answer}
    assert found == {str(number): f"ltr_{number}" for number in range(12)}


def test_every_body_arrives_in_its_group_with_its_attributes(sqs: "SQSClient", url: str) -> None:
    bodies = [f"body {number} é" for number in range(25)]
    assert Queue(sqs, url).offer(bodies, group="int_1", attributes={"reason": "r", "detail": ""}) == ()
    found = received(sqs, url)
    assert sorted(one["Body"] for one in found) == sorted(bodies)
    assert {one["Attributes"]["MessageGroupId"] for one in found} == {"int_1"}
    assert found[0]["MessageAttributes"] == {"reason": {"StringValue": "r", "DataType": "String"}}


def test_a_hidden_message_stays_out_of_sight(sqs: "SQSClient", url: str) -> None:
    queue = Queue(sqs, url)
    queue.send(["body"])
    (one,) = sqs.receive_message(QueueUrl=url)["Messages"]
    queue.hide(one["ReceiptHandle"], 0)
    (again,) = sqs.receive_message(QueueUrl=url)["Messages"]
    queue.hide(again["ReceiptHandle"], 10**9)
    assert "Messages" not in sqs.receive_message(QueueUrl=url)


def test_a_message_that_cannot_be_hidden_is_left_alone(sqs: "SQSClient", url: str) -> None:
    Queue(sqs, url).hide("no such handle", 5)


class Stubborn:
    """Answers each call as its plan says: the ids to fail (with blame), or an error to raise."""

    def __init__(self, *plan: dict[str, bool] | Exception) -> None:
        self.plan = list(plan)
        self.calls: list[list[str]] = []

    def send_message_batch(self, *, QueueUrl: str, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        self.calls.append([entry["Id"] for entry in Entries])
        step = self.plan.pop(0) if self.plan else {}
        if isinstance(step, Exception):
            raise step
        bad = [{"Id": one, "Code": "X", "SenderFault": fault} for one, fault in step.items()]
        good = [{"Id": entry["Id"]} for entry in Entries if entry["Id"] not in step]
        return {"Successful": good, "Failed": bad} if bad else {"Successful": good}


def queue(client: Stubborn) -> Queue:
    return Queue(client, "https://sqs")  # type: ignore[arg-type]


def test_only_what_failed_is_sent_again() -> None:
    client = Stubborn({"1": False}, {})
    assert queue(client).offer(["a", "b", "c"]) == ()
    assert client.calls == [["0", "1", "2"], ["1"]]


def test_what_fails_for_good_is_named_by_position() -> None:
    client = Stubborn({"11": False}, {"11": False}, {"11": False})
    client.plan.insert(0, {})
    assert queue(client).offer(["x"] * 12) == (11,)


def test_a_body_that_sqs_blames_us_for_is_not_sent_again() -> None:
    client = Stubborn({"0": True})
    assert queue(client).offer(["a", "b"]) == (0,)
    assert len(client.calls) == 1


@pytest.mark.parametrize(
    "error",
    [
        EndpointConnectionError(endpoint_url="https://sqs"),
        ClientError({"Error": {"Code": "AccessDenied", "Message": ""}}, "SendMessageBatch"),
    ],
)
def test_a_call_without_an_answer_counts_as_not_taken_and_the_next_call_is_made(error: Exception) -> None:
    client = Stubborn(error)
    assert queue(client).offer(["x"] * 12) == tuple(range(10))
    with pytest.raises(QueueUnavailable) as caught:
        queue(Stubborn(error)).send(["x"] * 12)
    assert caught.value.unsent == list(range(10))
    assert caught.value.reason == "queue_unavailable"


def test_no_call_holds_more_than_ten_entries_or_one_mebibyte() -> None:
    client = Stubborn()
    queue(client).offer(["x" * (MAX_CALL_BYTES // 4 - 20)] * 9 + ["é" * (MAX_CALL_BYTES // 4)] * 3)
    assert [len(call) for call in client.calls] == [4, 4, 2, 2]
    client.calls.clear()
    queue(client).offer(["x"] * 21, attributes={"reason": "r" * (MAX_CALL_BYTES // 5)})
    assert [len(call) for call in client.calls] == [4, 4, 4, 4, 4, 1]


def test_nothing_is_called_for_nothing() -> None:
    client = Stubborn()
    queue(client).send([])
    assert client.calls == []
