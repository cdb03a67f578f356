"""Queue depths, as health shows them."""

from bridge.stores.depths import QueueDepths
from tests.unit.stores.admin_tables import aws


def test_each_lane_shows_what_waits_and_its_letters():
    with aws() as client:
        sqs = client("sqs")
        queue = sqs.create_queue(QueueName="braze")["QueueUrl"]
        letters = sqs.create_queue(QueueName="braze-letters")["QueueUrl"]
        for _ in range(3):
            sqs.send_message(QueueUrl=queue, MessageBody="{}")
        sqs.receive_message(QueueUrl=queue)
        sqs.send_message(QueueUrl=letters, MessageBody="{}")
        assert QueueDepths(sqs, {"braze": (queue, letters)}).all() == [
            {"name": "braze", "waiting": 2, "in_flight": 1, "delayed": 0, "dead_letters": 1}
        ]


def test_a_letter_counts_until_it_is_filed():
    with aws() as client:
        sqs = client("sqs")
        queue = sqs.create_queue(QueueName="braze")["QueueUrl"]
        letters = sqs.create_queue(QueueName="braze-letters")["QueueUrl"]
        depths = QueueDepths(sqs, {"braze": (queue, letters)})
        sqs.send_message(QueueUrl=letters, MessageBody="{}")
        [message] = sqs.receive_message(QueueUrl=letters)["Messages"]
        assert depths.all()[0]["dead_letters"] == 1
        sqs.delete_message(QueueUrl=letters, ReceiptHandle=message["ReceiptHandle"])
        assert depths.all()[0]["dead_letters"] == 0
