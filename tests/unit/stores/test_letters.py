"""Dead letters: filed once, found by reason, claimed by one replay at a time."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from bridge.errors import Rejected
from bridge.stores import letter_feed
from bridge.stores.letters import LetterStore, letter_id
from tests.unit.stores.admin_tables import Clock, aws, deliveries_table, state_bucket


@dataclass
class Desk:
    letters: LetterStore
    clock: Clock
    s3: Any

    def file(self, message_id: str = "m1", body: str = "{}", **changes: Any) -> str:
        facts = {"queue": "braze", "reason": "unauthorized", "integration_id": "int_1", "receive_count": 3}
        self.letters.file(body, message_id=message_id, **facts | changes)
        return letter_id(changes.get("queue", "braze"), message_id)


@pytest.fixture
def desk() -> Iterator[Desk]:
    with aws() as client:
        dynamodb, s3, clock = client("dynamodb"), client("s3"), Clock()
        yield Desk(LetterStore(dynamodb, deliveries_table(dynamodb), s3, state_bucket(s3), clock), clock, s3)


def test_a_letter_is_read_back_with_its_body_byte_for_byte(desk):
    body = '{"a":1e400,  "é":"\\ud800"}\n not even JSON'
    letter = desk.file(body=body, detail="401", delivery_id="dlv_1")
    assert desk.letters.get(letter) == {
        "id": letter,
        "queue": "braze",
        "reason": "unauthorized",
        "detail": "401",
        "integration_id": "int_1",
        "delivery_id": "dlv_1",
        "receive_count": 3,
        "at": "2026-11-22T12:00:00.000Z",
        "replayed_at": None,
    }
    assert desk.letters.body(letter) == body


def test_the_same_message_filed_twice_is_one_letter(desk):
    facts = {"queue": "braze", "message_id": "m1", "reason": "r"}
    assert desk.letters.file("{}", **facts) is True
    assert desk.letters.file("{}", **facts) is False
    assert desk.letters.count() == 1


def test_the_same_message_id_on_another_queue_is_another_letter(desk):
    assert desk.file(queue="braze") != desk.file(queue="actioniq")


def test_other_rows_of_the_table_are_no_letters(desk):
    assert desk.letters.get("dlv_1") is None


def test_pages_are_newest_first_without_gap_or_repeat(desk):
    wanted = []
    for number in range(11):
        wanted.append(desk.file(f"m{number}"))
        desk.clock.forward(seconds=1)
    seen: list[str] = []
    cursor = None
    while True:
        letters, cursor = desk.letters.page(3, cursor)
        seen += [letter["id"] for letter in letters]
        if cursor is None:
            break
    assert seen == wanted[::-1]


def test_letters_of_the_same_moment_are_all_listed(desk):
    wanted = {desk.file(f"m{number}") for number in range(10)}
    seen: set[str] = set()
    cursor = None
    while True:
        letters, cursor = desk.letters.page(3, cursor)
        seen |= {letter["id"] for letter in letters}
        if cursor is None:
            break
    assert seen == wanted


def test_letters_are_found_by_reason_and_installation(desk):
    desk.file("m1", reason="unauthorized", integration_id="int_1")
    desk.file("m2", reason="unauthorized", integration_id="int_2")
    desk.file("m3", reason="not_found", integration_id="int_1")
    assert len(desk.letters.page(10, reason="unauthorized")[0]) == 2
    assert len(desk.letters.page(10, reason="unauthorized", integration_id="int_2")[0]) == 1
    assert desk.letters.count(reason="not_found") == 1


def test_a_filter_that_matches_little_gives_short_pages_that_go_on(desk, monkeypatch):
    monkeypatch.setattr(letter_feed, "MOST_QUERIES", 4)
    monkeypatch.setattr(letter_feed, "FILTERED_READ", 1)
    wanted = desk.file("first", reason="rare")
    for number in range(20):
        desk.clock.forward(seconds=1)
        desk.file(f"m{number}")
    letters, cursor = desk.letters.page(10, reason="rare")
    assert letters == []
    while not letters:
        letters, cursor = desk.letters.page(10, cursor, reason="rare")
    assert [letter["id"] for letter in letters] == [wanted]


@pytest.mark.parametrize("cursor", ["nonsense", "{}", '["~"]', "[1, 2, 3, 4]"])
def test_an_invented_cursor_is_refused(desk, cursor):
    with pytest.raises(Rejected, match="invalid_cursor"):
        desk.letters.page(1, cursor)


def test_only_one_replay_gets_a_letter(desk):
    letter = desk.file()
    assert [one["id"] for one in desk.letters.claim([letter, letter])] == [letter]
    assert desk.letters.claim([letter]) == []


def test_a_released_letter_can_be_claimed_again(desk):
    letter = desk.file()
    desk.letters.claim([letter])
    desk.letters.release([letter])
    assert len(desk.letters.claim([letter])) == 1


def test_a_replay_that_died_gives_its_letters_back_after_five_minutes(desk):
    letter = desk.file()
    desk.letters.claim([letter])
    desk.clock.forward(minutes=6)
    assert len(desk.letters.claim([letter])) == 1


def test_a_replayed_letter_moves_to_the_replayed_ones_for_good(desk):
    letter = desk.file()
    desk.letters.claim([letter])
    desk.letters.mark_replayed([letter])
    assert desk.letters.page(10)[0] == []
    assert [one["replayed_at"] for one in desk.letters.page(10, replayed=True)[0]] == [
        "2026-11-22T12:00:00.000Z"
    ]
    desk.clock.forward(hours=1)
    assert desk.letters.claim([letter]) == []


def test_claiming_an_unknown_letter_gives_nothing(desk):
    assert desk.letters.claim(["ltr_000000"]) == []


def test_many_bodies_come_in_the_order_asked_for(desk):
    letters = [desk.file(f"m{number}", body=str(number)) for number in range(5)]
    assert desk.letters.bodies(letters) == ["0", "1", "2", "3", "4"]


def test_what_the_table_does_not_take_is_told_and_stays_claimed(desk, monkeypatch):
    letters = [desk.file(message_id=str(number)) for number in range(3)]
    desk.letters.claim(letters)
    update, bad = desk.letters._update, letters[1]

    def refuse(letter_id, change, values):
        if letter_id == bad:
            raise ClientError({"Error": {"Code": "ThrottlingException"}}, "UpdateItem")
        update(letter_id, change, values)

    monkeypatch.setattr(desk.letters, "_update", refuse)
    assert desk.letters.mark_replayed(letters) == [bad]
    desk.letters.release([bad])
    monkeypatch.undo()
    assert [one["id"] for one in desk.letters.page(10)[0]] == [bad]
    assert desk.letters.claim([bad]) == []
    desk.clock.forward(seconds=301)
    assert [one["id"] for one in desk.letters.claim([bad])] == [bad]


def test_a_letters_row_is_kept_as_many_days_as_its_body(desk):
    kept = LetterStore(desk.letters._dynamodb, desk.letters._table, desk.s3, "state", desk.clock, 7)
    kept.file("{}", queue="braze", message_id="m", reason="why")
    key = {"pk": {"S": letter_id("braze", "m")}}
    row = desk.letters._dynamodb.get_item(TableName=desk.letters._table, Key=key)["Item"]
    assert int(row["expires_at"]["N"]) - int(desk.clock().timestamp()) == 7 * 86_400
