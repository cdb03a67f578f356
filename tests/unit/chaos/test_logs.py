"""The scan of the logs: it finds what is hidden in whatever form, and reads every line."""

import base64
import json
from typing import Any

import pytest

from local.chaos import logs

SECRET = 'key-"ö"-4711'
HIDDEN = {"a key": SECRET}


@pytest.mark.parametrize(
    "line",
    [
        f"sent {SECRET}!",
        json.dumps({"key": SECRET}),
        repr({"key": SECRET}),
        *(base64.b64encode(b"x" * before + f"{SECRET}:".encode()).decode() for before in range(3)),
    ],
)
def test_a_secret_is_found_however_it_is_written(line: str) -> None:
    found = logs.scan([("collect", "fine"), ("install", line)], HIDDEN)
    assert (found.lines, found.found) == (2, {("a key", "install"): 1})


def test_clean_lines_are_counted_and_nothing_is_found() -> None:
    written = ["START RequestId: 1", "{}", "END RequestId: 1", "REPORT RequestId: 1"]
    assert logs.scan([("collect", line) for line in written], HIDDEN) == logs.Scan(lines=4, own=1)


@pytest.mark.parametrize("lines", [0, 1, 9_999, 10_000, 10_001, 25_000])
def test_every_line_is_read_once_however_many_there_are(lines: int) -> None:
    kept = [{"timestamp": number // 3, "message": str(number)} for number in range(lines)]

    def page(start: int) -> list[dict[str, Any]]:
        return [event for event in kept if event["timestamp"] >= start][: logs.PAGE]

    assert [event["message"] for event in logs.paged(page, 0)] == [str(number) for number in range(lines)]


def test_more_lines_in_a_millisecond_than_can_be_shown_are_no_silent_gap() -> None:
    page = [{"timestamp": 1, "message": ""}] * logs.PAGE
    with pytest.raises(ValueError, match="one millisecond"):
        list(logs.paged(lambda _: page, 0))
