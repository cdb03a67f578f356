"""Full and delta exports in any mix: after each, Braze holds what a few plain rules say, at the least of lines."""

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.diff import Session
from mapping.comparison import Old, PartFile, Refused, Sending, SourceFile
from tests.unit.diff.test_sequences import ATTRIBUTE, COLUMNS, KEPT, database

type Row = tuple[str, str, str]
type State = dict[str, dict[str, Any]]

values = st.tuples(
    st.sampled_from(["add", "remove", "ADD"]),
    st.sampled_from(["", "1", "2.5"]),
    st.sampled_from(["", "x", 'y"\n']),
)
rows = st.dictionaries(st.sampled_from(["u1", "u2", "u3", "0004"]), values, max_size=4)
exports = st.lists(st.tuples(st.booleans(), rows), min_size=1, max_size=5)


def wished(before: State, users: Mapping[str, Row], *, full: bool) -> State:
    """The plain rules: who is named and added is a member with these values; the rest of a person stays."""
    after = {user: {**profile, "member": profile["member"] and not full} for user, profile in before.items()}
    for user, (op, n, city) in users.items():
        if full or op.lower() == "add":
            after[user] = {"member": True, "n": float(n) if n else None, "City": city or None}
        elif user in after:
            after[user]["member"] = False
    return after


def play(session: Session, users: Mapping[str, Row], old: Old | None, *, full: bool) -> tuple[list[Any], Old]:
    """One run, of which Braze takes everything."""
    export = session.directory / "export.csv"
    with export.open("w", newline="") as file:
        csv.writer(file).writerows(
            [("external_id", "op", "n", "City"), *((user, *row) for user, row in users.items())]
        )
    session.inspect([SourceFile(1, export, "export.csv")])
    session.load(COLUMNS, identifier="external_id", time_zone="UTC", ops=not full, collapse=True)
    parts: list[PartFile] = []
    sending = Sending(ATTRIBUTE, "external_id", "false", update_existing_only=False)
    session.compare(old, sending, full=full, rows=1, part_rows=2, emit=parts.append)
    written = session.commit(old, session.change_files(), KEPT, Refused(frozenset(), ()))
    return [line for part in parts for line in part.body.splitlines()], Old(
        written.files, KEPT, same_hashing=True
    )


@settings(max_examples=4, deadline=None)
@given(exports)
def test_any_mix_of_full_and_delta_exports_ends_where_the_plain_rules_say(sequence: list[Any]) -> None:
    truth: State = {}
    braze: State = {}
    old: Old | None = None
    session = database()
    with TemporaryDirectory() as root:
        for number, (full, users) in enumerate(sequence):
            session.directory = Path(root, str(number))
            session.directory.mkdir()
            before, truth = truth, wished(truth, users, full=full)
            lines, old = play(session, users, old, full=full)
            for line in map(json.loads, lines):
                profile = braze.setdefault(
                    line.pop("external_id"), {"member": False, "n": None, "City": None}
                )
                sent = {"member" if name == ATTRIBUTE else name: value for name, value in line.items()}
                assert all(profile[name] != value for name, value in sent.items()), "only what differs"
                profile |= sent
            assert braze == truth
            assert len(lines) == sum(truth[user] != before.get(user) for user in truth), "one line a user"
