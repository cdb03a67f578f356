"""Values as strangers send them: deep, huge, half characters, empty names, names that mean something to a vendor."""

import json
from datetime import UTC, timedelta, timezone
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from mapping.braze_fields import RESERVED_ATTRIBUTES, STANDARD_ATTRIBUTES, TRAIT_NAMES


def bounded(examples: int) -> settings:
    """The same few examples every time."""
    return settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )


def nested(levels: int, value: Any = 1) -> Any:
    """A value under that many lists and objects, in turn."""
    for level in range(levels):
        value = [value] if level % 2 else {"a": value}
    return value


ODD_TEXTS = [
    *("", " ", "x" * 255, "x" * 256, "é" * 494, "\0", "\ud83d", "male", "u"),
    *("2026-09-01", "2026-09-01T12:00:00+02:00", "9999-12-31", "20260901T12", "2026-W36-2", "1/2/2026"),
]
ODD_VALUES: list[Any] = [
    *(None, True, 2**63, 1e308, -0.0, nested(31), [], {}, ["x" * 256], ["a"] * 501, {"a": None, "b": [None]}),
    *(
        {"inc": 1},
        {"inc": 1.5},
        {"add": ["a"]},
        {"remove": [1]},
        {"$add": [1]},
        {"$add": [{"a": 1}]},
        {"$or": 1},
    ),
    *(
        {"a b": 1},
        {"x" * 256: 1},
        {"$time": "soon"},
        {"at": {"$time": "2026-09-01"}},
        {"at": {"$time": "3001-01-01"}},
    ),
    *({"city": "Ulm", "country": "DE", "zip": 1}, {"longitude": 1, "latitude": 2.5}, {"longitude": "1"}),
]
REFUSED = [float("nan"), float("inf"), 2**64, -(2**63) - 1, 10**999, nested(32), nested(100)]
ODD_NAMES = [
    *("", " ", "$a", "a b", "x" * 256, "é" * 128, "\0", "\ud83d", "time", "event_name", "address", "AIQ_1_2"),
    *(
        "email",
        " email",
        "n",
        "n ",
        "gender",
        "language",
        "dob",
        "firstName",
        "_merge_objects",
        "external_id",
    ),
]
TEXT = st.sampled_from(ODD_TEXTS) | st.text(st.characters(exclude_categories=()), max_size=8)
LEAF = st.none() | st.booleans() | st.integers() | st.floats() | TEXT
JSON = (
    st.recursive(
        LEAF,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
        max_leaves=6,
    )
    | st.sampled_from(ODD_VALUES)
    | st.sampled_from(REFUSED)
)
FIT = st.sampled_from(ODD_VALUES) | TEXT | st.integers(-(2**63), 2**63)
NAME = (
    st.sampled_from(ODD_NAMES)
    | st.sampled_from(sorted({*STANDARD_ATTRIBUTES, *RESERVED_ATTRIBUTES, *TRAIT_NAMES}))
    | TEXT
)
OBJECT = st.dictionaries(NAME, JSON, max_size=4)
FITTING = st.dictionaries(NAME, FIT, max_size=6)
ZONES = st.sampled_from([UTC, *(timezone(timedelta(minutes=offset)) for offset in (-720, -210, 345, 840))])
TIME = JSON | st.datetimes().map(str) | st.datetimes(timezones=ZONES).map(lambda moment: moment.isoformat())
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "type": st.sampled_from(["track", "page", "identify", "group", "alias", "screen"]) | JSON,
    "event": TEXT | JSON,
    "name": JSON,
    "userId": TEXT | JSON,
    "anonymousId": JSON,
    "properties": OBJECT | JSON,
    "traits": OBJECT | JSON,
    "context": st.fixed_dictionaries({}, optional={"traits": JSON, "braze_id": JSON, "page": JSON}) | JSON,
    "timestamp": TIME,
    "originalTimestamp": TIME,
    "sentAt": TIME,
    "receivedAt": TIME,
    "messageId": JSON,
    "sourceId": JSON,
    "sourceKind": JSON,
    "integrations": JSON,
}
LIKELY = st.fixed_dictionaries(
    {"type": st.sampled_from(["track", "page", "identify"]), "event": st.just("e")},
    optional={
        "userId": st.sampled_from(["u", "v", 7, "é" * 494]),
        "anonymousId": st.just("a"),
        "context": st.just({"braze_id": "b"}),
        "properties": FITTING,
        "traits": FITTING,
        "timestamp": TIME,
    },
)
EVENTS = LIKELY | st.fixed_dictionaries({}, optional=FIELDS) | LIKELY | JSON


@st.composite
def texts(draw: st.DrawFn) -> str:
    """JSON as text that no encoder writes: names that come twice, NaN and Infinity as tokens, endless digits."""
    text = json.dumps(draw(LIKELY))
    odd = draw(
        st.sampled_from(
            ["NaN", "Infinity", "-Infinity", "1e999", "9" * 5_000, '"\\ud83d"', "[" * 100 + "]" * 100]
        )
    )
    return text[:-1] + f', "userId": "twice", "properties": {{"": {odd}, "": {odd}}}}}'
