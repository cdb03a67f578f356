"""The arithmetic of the load benchmarks."""

import json
import math
import time
from pathlib import Path

from benchmarks._load import Pace, Taken, percentile, stream
from benchmarks._round import behind
from benchmarks.soak import failed, fifths


def test_every_event_of_a_stream_has_an_id_of_its_own_and_every_batch_its_time() -> None:
    batches = list(stream("t", 20, (10, 50), (100, 30)))
    assert [due for due, _ in batches] == [0.0, 2.0, 4.0, 5.0, 5.2]
    ids = [one for _, batch in batches for one in batch.ids]
    assert len(set(ids)) == 80
    sent = [event["messageId"] for _, batch in batches for event in json.loads(batch.body)["batch"]]
    assert sent == ids


def test_a_stream_without_a_rate_is_due_at_once_and_ends_in_time() -> None:
    pace = Pace(stream("t", 10, (math.inf, 10**9)), ends=time.time() + 0.01)
    while (found := pace.next()) is not None:
        assert found[1].due == pace.started
    assert pace.taken


def test_a_percentile_is_a_value_that_was_measured() -> None:
    assert percentile([5.0, 1.0, 4.0, 2.0, 3.0], 0.5) == 3.0
    assert percentile(range(1, 101), 0.99) == 99
    assert percentile([7.0], 0.99) == 7.0


def test_the_oldest_event_under_way_is_the_first_accepted_one_that_is_not_there() -> None:
    taken = [Taken(("a", "b"), 0.0, accepted=10.0), Taken(("c", "d"), 0.0, accepted=12.0)]
    assert behind(taken, arrived=1, now=20.0) == 10.0
    assert behind(taken, arrived=2, now=20.0) == 8.0
    assert behind(taken, arrived=4, now=20.0) == 0.0
    assert behind(taken, arrived=4, now=11.0) == 0.0


def test_the_second_fifth_is_held_against_the_last() -> None:
    seen = [(100.0 + second, second) for second in range(50)]
    early, late = fifths(seen, 100.0, 50)
    assert (early, late) == (list(range(10, 20)), list(range(40, 50)))


def test_failed_invocations_are_counted_from_the_run_s_beginning(tmp_path: Path) -> None:
    log = tmp_path / "emulator.log"
    log.write_text("ESM: Lambda A failed processing SQS batch from q\n")
    begin = log.stat().st_size
    with log.open("a") as lines:
        lines.write("ESM: Lambda A processed 1 SQS messages from q (1 partial failures)\n")
        lines.write("ESM: Lambda A failed processing SQS batch from q\n")
        lines.write("Lambda A timed out after 30s -- killing worker\n")
    assert failed(log, begin) == 2
