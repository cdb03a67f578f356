"""Books in which one thing is out of order: the ledger finds it, and nothing else."""

from collections.abc import Callable

import pytest

from tests.unit.chaos.books import BRAZE, Books, entry, track


def test_books_in_order_have_no_faults_and_their_sums_match() -> None:
    line = Books().line()
    assert line.faults == []
    assert line.states == {"delivered": 1, "rejected": 1, "dead-lettered": 1, "filtered": 1}
    assert (line.accepted, line.pending) == (4, 0)


FAULTS: dict[str, tuple[Callable[[Books], object], list[str]]] = {
    "a lost event": (lambda books: books.lose("m3"), ["m3: nowhere"]),
    "an event that is still under way": (
        lambda books: books.change("m3", state="under way"),
        ["m3: still under way"],
    ),
    "an event in two states": (
        lambda books: books.entries.append(entry("m1", "rejected", delivery="dlv_2")),
        ["m1: in delivered and rejected"],
    ),
    "an event delivered by two deliveries": (
        lambda books: books.entries.append(entry("m1", delivery="dlv_2")),
        ["m1: delivered by 2 deliveries"],
    ),
    "an event doubled in silence": (
        lambda books: books.copies.update(m1=2),
        ["m1: 2 times at the vendor, and not listed as sent without an answer"],
    ),
    "a delivery that never arrived": (
        lambda books: books.copies.clear(),
        ["m1: delivered, and not at the vendor"],
    ),
    "a refused event that arrived": (
        lambda books: books.copies.update(m2=1),
        ["m2: rejected, and at the vendor"],
    ),
    "a dead letter that arrived": (
        lambda books: books.copies.update(m3=1),
        ["m3: dead-lettered, and at the vendor"],
    ),
    "a dead letter that is not on file": (
        lambda books: books.letters.clear(),
        ["m3: dead-lettered, and dlv_1 has no open letter"],
    ),
    "an event that is wanted and was left out": (
        lambda books: books.change("m3", state="filtered", reason="not_mapped"),
        ["m3: filtered as not_mapped, and wanted"],
    ),
    "an event that was to be left out": (
        lambda books: (books.change("p1", state="delivered", reason=""), books.copies.update(p1=1)),
        ["p1: delivered, and not for this installation"],
    ),
    "a copy without its original": (
        lambda books: books.change("m1", state="filtered", reason="duplicate"),
        ["m1: a copy was dropped, and there is no original", "m1: lost, and at the vendor"],
    ),
    "an event from nowhere": (
        lambda books: books.copies.update(m9=1),
        ["m9: at the vendor, and nobody sent it"],
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_single_fault_is_found(name: str) -> None:
    spoil, found = FAULTS[name]
    books = Books()
    spoil(books)
    assert sorted(books.off_by()) == sorted(found)


def test_a_copy_that_was_dropped_is_counted_and_no_fault() -> None:
    books = Books()
    books.entries.append(entry("m1", "filtered", reason="duplicate", delivery="dlv_2"))
    assert (books.line().copies_dropped, books.off_by()) == (1, [])


def test_a_copy_that_came_while_the_installation_was_off_is_a_dropped_copy_too() -> None:
    books = Books(off=[(90.0, 95.0)])
    books.entries += [entry("m1", "filtered", reason="disabled", delivery=f"dlv_{n}") for n in (2, 3)]
    assert (books.line().copies_dropped, books.off_by()) == (2, [])
    books.copies.clear()
    books.entries = [one for one in books.entries if one.state != "delivered"]
    assert (books.line().states["filtered"], books.off_by()) == (2, [])


def test_what_was_under_way_when_its_installation_was_switched_off_is_there_only_if_its_row_says_it_may_be() -> (
    None
):
    books = Books(off=[(99.0, 105.0)])
    books.change("m1", state="filtered", reason="disabled", perhaps=True)
    assert books.off_by() == []
    books.change("m1", perhaps=False)
    assert books.off_by() == ["m1: filtered, and at the vendor"]


@pytest.mark.parametrize("message", ["m1", "m2", "m3"])
def test_what_a_row_calls_sent_without_an_answer_may_be_there_once_more(message: str) -> None:
    books = Books()
    books.change(message, perhaps=True)
    books.copies[message] = 2
    assert (books.line().doubled, books.off_by()) == ([message], [])


def test_a_profile_update_may_go_out_twice_but_must_not_vanish() -> None:
    books = Books()
    books.accept(track("i1", type="identify"))
    books.entries += [entry("i1"), entry("i1", "filtered", reason="unchanged", delivery="dlv_2")]
    assert books.off_by() == []
    books.lose("i1")
    assert books.off_by() == ["i1: nowhere"]


def test_an_event_that_nobody_answered_for_may_have_arrived() -> None:
    books = Books(unanswered={"m9"})
    books.copies["m9"] = 1
    assert books.off_by() == []


@pytest.mark.parametrize(
    ("off", "routed", "found"),
    [
        ((90.0, 95.0), 101.0, []),
        ((100.5, 120.0), 101.0, []),
        ((50.0, 60.0), 101.0, ["m1: nowhere"]),
        ((105.0, 120.0), 101.0, ["m1: nowhere"]),
    ],
)
def test_an_event_is_left_out_only_while_its_installation_may_have_been_off(
    off: tuple[float, float], routed: float, found: list[str]
) -> None:
    books = Books(off=[off])
    books.lose("m1")
    del books.copies["m1"]
    books.entries.append(entry("m1", installation="int_other", at=routed))
    assert books.off_by() == found
    assert books.line().states["switched off"] == 1 - len(found)


def test_an_event_may_be_filtered_as_disabled_by_an_installation_that_was_switched() -> None:
    books = Books(off=[(90.0, 95.0)])
    books.change("m1", state="filtered", reason="disabled")
    books.copies.clear()
    assert books.off_by() == []
    books.off.clear()
    assert books.off_by() == ["m1: filtered as disabled, and wanted"]
    assert books.line().name == "Braze"
    assert {one.installation for one in books.entries} == {BRAZE}
