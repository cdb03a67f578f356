"""Dead letters: filed once, found by reason, claimed by one replay at a time."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from bridge.errors import Rejected, Retryable
from bridge.stores import letters as stored
from bridge.stores.letter_rows import letter_id
from bridge.stores.letters import LetterStore
from mapping.letter import Group, Wanted
from tests.unit.stores.admin_tables import Clock, aws, deliveries_table, state_bucket

ANY = Wanted()


@dataclass
class Desk:
    letters: LetterStore
    clock: Clock
    s3: Any
    dynamodb: Any

    def file(self, identity: str = "m1", body: str = "{}", **changes: Any) -> str:
        facts = {"queue": "braze", "reason": "unauthorized", "outcome": "blocked", "integration_id": "int_1"}
        self.letters.file(body, identity=identity, receive_count=3, **facts | changes)
        return letter_id(changes.get("queue", "braze"), identity)

    def claim(self, *letter_ids: str, owner: str = "me") -> list[str]:
        return [one["id"] for one in self.letters.claim(self.letters.several(letter_ids), owner)]

    def mark(self, *letter_ids: str) -> list[str]:
        return self.letters.mark_replayed(self.letters.several(letter_ids))

    def open(self, **wanted: Any) -> int:
        return sum(one.open for one in self.letters.counted() if Wanted(**wanted).has(one.group))


@pytest.fixture
def desk() -> Iterator[Desk]:
    with aws() as client:
        dynamodb, s3, clock = client("dynamodb"), client("s3"), Clock()
        yield Desk(
            LetterStore(dynamodb, deliveries_table(dynamodb), s3, state_bucket(s3), clock),
            clock,
            s3,
            dynamodb,
        )


def test_a_letter_is_read_back_with_its_body_byte_for_byte(desk):
    body = '{"a":1e400,  "é":"\\ud800"}\n not even JSON'
    letter = desk.file(body=body, detail="401", delivery_id="dlv_1")
    assert desk.letters.get(letter) == {
        "id": letter,
        "queue": "braze",
        "reason": "unauthorized",
        "outcome": "blocked",
        "detail": "401",
        "integration_id": "int_1",
        "delivery_id": "dlv_1",
        "message_id": "",
        "receive_count": 3,
        "at": "2026-11-22T12:00:00.000Z",
        "replayed_at": None,
    }
    assert desk.letters.body(letter) == body


def test_the_same_message_filed_twice_is_one_letter(desk):
    facts = {"queue": "braze", "identity": "m1", "reason": "r", "outcome": "dead"}
    assert desk.letters.file("{}", **facts) is True
    assert desk.letters.file("{}", **facts) is False
    assert desk.open() == 1


def test_what_was_replayed_and_is_given_up_by_an_older_copy_is_filed_anew(desk):
    facts = {"queue": "braze", "reason": "r", "outcome": "dead", "identity": "dlv_1/"}
    assert desk.letters.file("{}", otherwise="m1", **facts) is True
    assert desk.letters.file("{}", otherwise="m2", **facts) is False
    desk.mark(letter_id("braze", "dlv_1/"))
    assert desk.letters.file("{}", otherwise="m3", **facts) is True
    assert desk.letters.file("{}", otherwise="m3", **facts) is False
    assert desk.open() == 1


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
        letters, cursor = desk.letters.page(3, cursor, ANY)
        seen += [letter["id"] for letter in letters]
        if cursor is None:
            break
    assert seen == wanted[::-1]


def test_letters_of_the_same_moment_are_all_listed(desk):
    wanted = {desk.file(f"m{number}") for number in range(10)}
    seen: set[str] = set()
    cursor = None
    while True:
        letters, cursor = desk.letters.page(3, cursor, ANY)
        seen |= {letter["id"] for letter in letters}
        if cursor is None:
            break
    assert seen == wanted


def test_letters_are_found_by_what_they_have_in_common(desk):
    desk.file("m1", reason="unauthorized", integration_id="int_1")
    desk.file("m2", reason="unauthorized", integration_id="int_2")
    held = desk.file("m3", reason="no_answer", integration_id="int_1", outcome="unknown")
    other = desk.file("m4", queue="event", integration_id="")

    def found(**wanted):
        return {one["id"] for one in desk.letters.page(10, None, Wanted(**wanted))[0]}

    assert len(found(reason="unauthorized")) == 3
    assert len(found(reason="unauthorized", integration_id="int_2")) == 1
    assert found(outcomes=("unknown",)) == {held}
    assert found(queue="event") == found(integration_id="") == {other}
    assert desk.open(reason="unauthorized") == 3


def test_a_page_reads_no_row_that_it_does_not_give(desk):
    """One rare letter among many is one query for one row, whatever else there is."""
    rare = desk.file("first", reason="rare")
    for number in range(20):
        desk.file(f"m{number}")
    asked = []
    desk.letters._feed.client.meta.events.register(
        "provide-client-params.dynamodb.Query", lambda params, **_: asked.append(params), unique_id="spy"
    )
    try:
        letters, cursor = desk.letters.page(10, None, Wanted(reason="rare"))
    finally:
        desk.letters._feed.client.meta.events.unregister(
            "provide-client-params.dynamodb.Query", unique_id="spy"
        )
    assert ([one["id"] for one in letters], cursor) == ([rare], None)
    assert len(asked) == 1
    assert "FilterExpression" not in asked[0]


def test_letters_of_many_days_and_groups_come_in_order_both_ways(desk):
    wanted = []
    for number in range(9):
        wanted.append(desk.file(f"m{number}", reason=f"r{number % 3}"))
        desk.clock.forward(hours=8)
    for limit in (1, 4, 100):
        seen, cursor = [], None
        while True:
            letters, cursor = desk.letters.page(limit, cursor, ANY)
            seen += [one["id"] for one in letters]
            if cursor is None:
                break
        assert seen == wanted[::-1]
        seen, after = [], ""
        while after is not None:
            letters, after = desk.letters.oldest(limit, ANY, after=after, until="2026-12-31T00:00:00.000Z")
            seen += [one["id"] for one in letters]
        assert seen == wanted


def test_the_oldest_letters_end_where_they_shall(desk):
    first = desk.file("m1")
    until = "2026-11-22T12:00:00.000Z"
    desk.clock.forward(seconds=1)
    desk.file("m2")
    assert [one["id"] for one in desk.letters.oldest(9, ANY, after="", until=until)[0]] == [first]


@pytest.mark.parametrize("cursor", ["nonsense", "{}", '["~"]', "2026-11-22T12:00:00.000Z"])
def test_an_invented_cursor_is_refused(desk, cursor):
    with pytest.raises(Rejected, match="invalid_cursor"):
        desk.letters.page(1, cursor, ANY)


def test_letters_are_counted_by_day_and_group(desk):
    desk.file("m1")
    desk.file("m2", reason='a "reason" | of # any kind')
    desk.clock.forward(days=1)
    done = desk.file("m3")
    desk.mark(done)
    odd = Group("braze", "int_1", "blocked", 'a "reason" | of # any kind')
    usual = Group("braze", "int_1", "blocked", "unauthorized")
    assert desk.letters.counted() == [
        ("2026-11-23", usual, 0, 1),
        ("2026-11-22", usual, 1, 0),
        ("2026-11-22", odd, 1, 0),
    ]


def test_counts_go_when_their_letters_do(desk):
    desk.file("m1")
    rows = desk.dynamodb.scan(TableName="deliveries")["Items"]
    counts = next(one for one in rows if one["pk"]["S"].startswith("LETTERS#"))
    (letter,) = [one for one in rows if one["pk"]["S"].startswith("ltr_")]
    assert int(counts["expires_at"]["N"]) > int(letter["expires_at"]["N"])
    desk.clock.forward(days=32)
    assert desk.letters.counted() == []


def test_only_one_replay_gets_a_letter(desk):
    letter = desk.file()
    assert desk.claim(letter, letter) == [letter]
    assert desk.claim(letter, owner="another") == []


def test_a_replay_that_was_killed_has_its_own_claims_again(desk):
    letters = [desk.file(f"m{number}") for number in range(3)]
    desk.claim(*letters[:2])
    desk.claim(letters[2], owner="another")
    assert desk.claim(*letters) == letters[:2]


def test_a_released_letter_can_be_claimed_again(desk):
    letter = desk.file()
    desk.claim(letter)
    desk.letters.release(desk.letters.several([letter]))
    assert desk.claim(letter, owner="another") == [letter]


def test_a_replay_that_died_gives_its_letters_back_after_five_minutes(desk):
    letter = desk.file()
    desk.claim(letter)
    desk.clock.forward(minutes=6)
    assert desk.claim(letter, owner="another") == [letter]


def test_a_replayed_letter_moves_to_the_replayed_ones_for_good(desk):
    letter = desk.file()
    desk.claim(letter)
    assert desk.mark(letter) == desk.mark(letter) == []
    assert desk.letters.page(10, None, ANY)[0] == []
    assert desk.open() == 0
    (done,) = desk.letters.page(10, None, ANY, replayed=True)[0]
    assert done["replayed_at"] == "2026-11-22T12:00:00.000Z"
    assert sum(one.replayed for one in desk.letters.counted()) == 1
    desk.clock.forward(hours=1)
    assert desk.claim(letter) == []


def test_letters_that_do_not_exist_are_not_found(desk):
    assert desk.letters.several(["ltr_000000", "dlv_1"]) == []


def test_more_than_a_transaction_of_letters_are_claimed_and_marked(desk, monkeypatch):
    monkeypatch.setattr(stored, "TOGETHER", 5)
    letters = [desk.file(f"m{number}") for number in range(12)]
    assert desk.claim(*letters) == letters
    assert desk.mark(*letters) == []
    assert desk.open() == 0
    assert sum(one.replayed for one in desk.letters.counted()) == 12


def test_many_bodies_come_in_the_order_asked_for(desk):
    letters = [desk.file(f"m{number}", body=str(number)) for number in range(5)]
    assert desk.letters.bodies(letters) == ["0", "1", "2", "3", "4"]


def test_a_body_past_its_retention_is_none_among_the_others(desk):
    letters = [desk.file(f"m{number}", body=str(number)) for number in range(3)]
    desk.s3.delete_object(Bucket="state", Key=f"letters/{letters[1]}.json")
    assert desk.letters.bodies(letters) == ["0", None, "2"]


def test_what_the_table_does_not_take_is_told_and_stays_claimed(desk, monkeypatch):
    letters = [desk.file(str(number)) for number in range(3)]
    desk.claim(*letters)

    def refuse(*_):
        raise Retryable("table_busy")

    monkeypatch.setattr(type(desk.letters._transactions), "write", refuse)
    assert desk.mark(*letters) == letters
    desk.letters.release(desk.letters.several(letters))
    assert desk.claim(*letters, owner="another") == []
    monkeypatch.undo()
    assert desk.open() == 3
    assert desk.claim(*letters, owner="another") == []


def test_two_that_write_the_same_counts_at_once_both_do(desk, monkeypatch):
    write, refused = desk.dynamodb.transact_write_items, []

    def busy(**asked):
        if len(refused) < 3:
            refused.append(1)
            reasons = [{"Code": "None"}, {"Code": "TransactionConflict"}]
            told = {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": reasons}
            raise ClientError(told, "TransactWriteItems")
        return write(**asked)

    monkeypatch.setattr(desk.dynamodb, "transact_write_items", busy)
    desk.file()
    assert desk.open() == 1


@pytest.mark.parametrize("code", ["TransactionConflict", "ValidationError"])
def test_a_letter_that_cannot_be_written_comes_back(desk, monkeypatch, code):
    def busy(**_):
        told = {"Error": {"Code": "x"}, "CancellationReasons": [{"Code": "None"}, {"Code": code}]}
        raise ClientError(told, "TransactWriteItems")

    monkeypatch.setattr(desk.dynamodb, "transact_write_items", busy)
    with pytest.raises(Retryable):
        desk.file()


def test_a_letters_row_is_kept_as_many_days_as_its_body(desk):
    kept = LetterStore(desk.letters._dynamodb, desk.letters._table, desk.s3, "state", desk.clock, 7)
    kept.file("{}", queue="braze", identity="m", reason="why", outcome="dead")
    key = {"pk": {"S": letter_id("braze", "m")}}
    row = desk.letters._dynamodb.get_item(TableName=desk.letters._table, Key=key)["Item"]
    assert int(row["expires_at"]["N"]) - int(desk.clock().timestamp()) == 7 * 86_400
