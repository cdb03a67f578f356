"""The benchmark's own arithmetic."""

import json
from pathlib import Path

from benchmarks.full_log import Measured, keep, lost_and_doubled


def test_lost_and_doubled_are_counted_apart() -> None:
    """One missing and one twice do not make up for each other."""
    assert lost_and_doubled(["a", "b", "c"], ["a", "a", "b"]) == (1, 1)
    assert lost_and_doubled(["a", "b"], ["b", "a"]) == (0, 0)


def test_a_stranger_counts_as_doubled() -> None:
    """Something arrived that nobody sent."""
    assert lost_and_doubled(["a"], ["a", "stranger"]) == (0, 1)


def test_figures_are_kept_beside_those_of_other_benchmarks(tmp_path: Path) -> None:
    """Measuring again replaces its own."""
    path = tmp_path / "bench.json"
    path.write_text('[{"name": "other", "value": 1}]')
    for seconds in (100.0, 50.0):
        keep(Measured(orders=1000, accepted=seconds, delivered=200.0, lost=0, doubled=0).rows(), path)
    found = {row["name"]: row["value"] for row in json.loads(path.read_text())}
    assert found["other"] == 1
    assert found["full log: events/s accepted"] == 20.0
    assert len(found) == 5
