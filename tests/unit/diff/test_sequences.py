"""Any sequence of exports: Braze ends up with the last one, at the least number of requests and data points."""

import csv
import io
import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.diff import Session
from mapping.comparison import Old, PartFile, Refused, Sending, SourceFile, StageColumn
from mapping.run import Column

COLUMNS = [StageColumn("n", "n", "number", "v0"), StageColumn("City", "City", "string", "v1")]
KEPT = tuple(Column(name=column.name, type=column.type, field=column.field) for column in COLUMNS)
ATTRIBUTE = "AIQ_a_1"

people = st.dictionaries(
    st.sampled_from(["u1", "u2", "u3", "ü4"]),
    st.tuples(st.sampled_from(["", "1", "2.5"]), st.sampled_from(["", "x", 'y"\n'])),
    max_size=4,
)
exports = st.lists(
    st.tuples(people, st.booleans(), st.sampled_from(["false", "null"])), min_size=1, max_size=3
)


@cache
def database() -> Session:
    """One for all: opening one is most of what a small comparison costs."""
    return Session(Path(_directory().name), memory_limit="200MB", threads=1)


@cache
def _directory() -> TemporaryDirectory[str]:
    return TemporaryDirectory()


def play(
    rows: Sequence[Any], old: Old | None, directory: Path, *, on_leave: str, whole: bool
) -> tuple[list[Any], Old]:
    """One run; what was sent, and the snapshot after it. Unless `whole`, every second line is refused."""
    session = database()
    session.directory = directory
    text = io.StringIO()
    csv.writer(text).writerows([("external_id", "n", "City"), *rows])
    (directory / "export.csv").write_text(text.getvalue())
    session.inspect([SourceFile(1, directory / "export.csv", "export.csv")])
    session.load(COLUMNS, identifier="external_id", time_zone="UTC", ops=False, collapse=True)
    parts: list[PartFile] = []
    sending = Sending(ATTRIBUTE, "external_id", on_leave, update_existing_only=False)
    session.compare(old, sending, full=True, rows=1, part_rows=2, emit=parts.append)
    lines = [
        (part.number, at, json.loads(line))
        for part in parts
        for at, line in enumerate(part.body.splitlines())
    ]
    taken = [line for number, at, line in lines if whole or at == 0]
    refused = tuple((number, at) for number, at, _ in lines if not whole and at)
    written = session.commit(old, session.change_files(), KEPT, Refused(frozenset(), refused))
    return taken, Old(written.files, KEPT, same_hashing=True)


@settings(max_examples=4, deadline=None)
@given(exports)
def test_braze_ends_up_with_the_last_export(sequence: Sequence[Any]) -> None:
    braze: dict[str, dict[str, Any]] = {}
    old: Old | None = None
    with TemporaryDirectory() as root:
        steps = [*sequence, (sequence[-1][0], True, sequence[-1][2])]
        for number, (export, whole, on_leave) in enumerate(steps):
            before = json.loads(json.dumps(braze))
            directory = Path(root, str(number))
            directory.mkdir()
            rows = [(user, *values) for user, values in export.items()]
            sent, old = play(rows, old, directory, on_leave=on_leave, whole=whole)
            for line in sent:
                profile = braze.setdefault(line.pop("external_id"), {})
                assert all(profile.get(name) != value for name, value in line.items()), "only what differs"
                profile |= line
            changed = {user for user in braze if braze[user] != before.get(user)}
            assert len(sent) == len(changed), "one line a user who changed"
    for user, profile in braze.items():
        assert (profile.get(ATTRIBUTE) is True) == (user in sequence[-1][0])
    for user, (n, city) in sequence[-1][0].items():
        assert braze[user].get("n") == (float(n) if n else None)
        assert braze[user].get("City") == (city or None)
