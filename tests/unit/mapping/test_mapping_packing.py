"""How many packs a number of events makes, and what closes one."""

import pytest

from mapping.event import Event
from mapping.json_values import encode
from mapping.packing import pack
from tests.unit.mapping.signal_events import event


def one(_: Event) -> int:
    """Every event is one object."""
    return 1


@pytest.mark.parametrize("many", [0, 1, 74, 75, 76, 149, 150, 151, 1000])
def test_n_objects_make_exactly_as_many_packs_as_they_need(many: int) -> None:
    packs = pack([event()] * many, max_items=500, max_objects=75, max_bytes=10**9, count=one)
    assert len(packs) == -(-many // 75)
    assert [index for chosen in packs for index in chosen] == list(range(many))


def test_items_objects_and_bytes_each_close_a_pack() -> None:
    events = [event()] * 6
    size = len(encode(event())) + 1
    assert pack(events, max_items=2, max_objects=9, max_bytes=10**9, count=one) == [[0, 1], [2, 3], [4, 5]]
    assert pack(events, max_items=9, max_objects=4, max_bytes=10**9, count=lambda _: 2) == [
        [0, 1],
        [2, 3],
        [4, 5],
    ]
    assert pack(events, max_items=9, max_objects=9, max_bytes=3 * size, count=one) == [[0, 1, 2], [3, 4, 5]]


def test_an_event_over_the_limit_stands_alone() -> None:
    packs = pack([event()] * 3, max_items=9, max_objects=9, max_bytes=100, count=one, sizes=[10, 500, 10])
    assert packs == [[0], [1], [2]]


def test_a_legacy_account_counts_per_array() -> None:
    events = [event(), event("identify")] * 75
    packs = pack(
        events,
        max_items=500,
        max_objects=75,
        max_bytes=10**9,
        count=one,
        array=lambda given: str(given["type"]),
    )
    assert [len(chosen) for chosen in packs] == [150]
    uneven = [event()] * 100 + [event("identify")] * 10
    packs = pack(
        uneven,
        max_items=500,
        max_objects=75,
        max_bytes=10**9,
        count=one,
        array=lambda given: str(given["type"]),
    )
    assert [len(chosen) for chosen in packs] == [75, 35]
