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


TEXT = st.text(st.characters(exclude_categories=()), max_size=8) | st.sampled_from(
    [
        "",
        " ",
        "x" * 255,
        "x" * 256,
        "é" * 494,
        "\0",
        "\ud83d",
        "2026-09-01",
        "2026-09-01T12:00:00+02:00",
        "9999-12-31",
        "20260901T12",
        "2026-W36-2",
        "1/2/2026",
    ]
)
NUMBER = st.integers() | st.floats() | st.sampled_from([2**63, 2**64, -(2**63) - 1, 10**999, 1e308])
LEAF = st.none() | st.booleans() | NUMBER | TEXT
DEEP = st.sampled_from([nested(31), nested(32), nested(100)])
JSON = (
    st.recursive(
        LEAF,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
        max_leaves=6,
    )
    | DEEP
)
OPERATION = st.dictionaries(
    st.sampled_from(["inc", "add", "remove", "$add", "$remove", "$update", "$time", "a b"]), JSON, max_size=2
)
NAME = TEXT | st.sampled_from(
    sorted(
        {
            *STANDARD_ATTRIBUTES,
            *RESERVED_ATTRIBUTES,
            *TRAIT_NAMES,
            "address",
            "time",
            "event_name",
            "AIQ_1_2",
            "$a",
        }
    )
)
OBJECT = st.dictionaries(NAME, JSON | OPERATION, max_size=4)
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
    {
        "type": st.sampled_from(["track", "page", "identify"]),
        "event": st.just("e"),
        "userId": st.text("ab", min_size=1),
    },
    optional={"properties": OBJECT, "traits": OBJECT, "timestamp": TIME},
)
EVENTS = st.fixed_dictionaries({}, optional=FIELDS) | LIKELY | JSON


@st.composite
def texts(draw: st.DrawFn) -> str:
    """JSON as text that no encoder writes: names that come twice, NaN and Infinity as tokens, endless digits."""
    text = json.dumps(draw(LIKELY), default=str)
    odd = draw(
        st.sampled_from(
            ["NaN", "Infinity", "-Infinity", "1e999", "9" * 5_000, '"\\ud83d"', "[" * 100 + "]" * 100]
        )
    )
    return text[:-1] + f', "userId": "twice", "properties": {{"": {odd}, "": {odd}}}}}'
