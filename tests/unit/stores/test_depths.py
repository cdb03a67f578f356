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
