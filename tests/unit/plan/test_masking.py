"""Samples are recognised and not read."""

import pytest

from bridge.flows.runs.masking import HIDDEN, masked, masked_row


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("jane.doe@example.com", "j•••@e•••.com"),
        ("j@x", "j•••@x•••"),
        ("+49 170 1234567", "+•••67"),
        ("(030) 123-4567", "•••67"),
        ("customer-0042", "cu•••42"),
        ("5f2b8c9d1e", "5f•••1e"),
        ("0042", "0•••"),
        ("7", HIDDEN),
        ("", ""),
        (" Ann ", "A•••"),
        (1234.5, "1•••"),
        (12345678, "•••78"),
        (True, True),
        (None, None),
        (["a", "b"], "[2]"),
        ({"street": "Main"}, "{1}"),
        ("a@b@c.example", "a@•••le"),
    ],
)
def test_a_value_is_shown_by_its_ends(value, shown):
    assert masked(value) == shown


@pytest.mark.parametrize(
    "value", ["Maria Schmidt", "maria.schmidt@example.org", "+15551234567", "u-99887766"]
)
def test_more_than_half_of_what_matters_stays_hidden(value):
    left = masked(value).replace(HIDDEN, "")
    assert len(left) <= len(value) / 2


def test_two_values_of_one_shape_and_other_length_look_alike():
    assert masked("customer-1-42") == masked("customer-4711-42")


def test_a_row_keeps_only_what_is_named():
    row = {"id": "customer-0042", "AIQ_a_1": True, "city": "Berlin", "reason": "empty_identifier"}
    assert masked_row(row, keep={"reason"}) == {
        "id": "cu•••42",
        "AIQ_a_1": True,
        "city": "B•••",
        "reason": "empty_identifier",
    }
