"""Going back to a snapshot, as DuckDB compares it with the one of now."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from bridge.diff import Session
from mapping.comparison import Old, PartFile, Sending, StageColumn, Staged
from mapping.run import Column

NUMBER = Column(name="n", type="number", field="v0")
CITY = Column(name="City", type="string", field="v1")
SENDING = Sending("AIQ_a_1", "external_id", "false", update_existing_only=False)


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    opened = Session(tmp_path_factory.mktemp("diff"), memory_limit="200MB", threads=1)
    yield opened
    opened.close()


def snapshot(path: Path, columns: tuple[Column, ...], rows: str) -> Old:
    fields = ", ".join(("id", "member", *(column.field for column in columns)))
    with duckdb.connect() as connection:
        connection.execute(f"COPY (SELECT * FROM (VALUES {rows}) t({fields})) TO '{path}' (FORMAT parquet)")
    return Old((path,), columns, same_hashing=True)


def back(session: Session, wished: Old, now: Old, *types: Column) -> tuple[Staged, dict[str, Any]]:
    known = {column.name for column in wished.columns}
    columns = [StageColumn(c.name, c.name, c.type, c.field) for c in types or now.columns if c.name in known]
    staged = session.restore(wished, columns)
    parts: list[PartFile] = []
    session.compare(now, SENDING, full=True, rows=9, part_rows=9, emit=parts.append)
    lines = [json.loads(line) for part in parts for line in part.body.splitlines()]
    return staged, {line.pop("external_id"): line for line in lines}


def test_members_and_leavers_of_then_are_what_is_wished(session: Session, tmp_path: Path) -> None:
    then = snapshot(
        tmp_path / "then.parquet",
        (NUMBER, CITY),
        "('stays', true, 1.5, 'Ulm'), ('went', true, 2, NULL), ('out', false, 3, 'Rom')",
    )
    now = snapshot(
        tmp_path / "now.parquet",
        (NUMBER, CITY),
        "('stays', true, 1.5, 'Bonn'), ('went', false, 2, 'Pisa'), ('out', true, 4, 'Rom'), ('new', true, 5, 'Köln')",
    )
    staged, lines = back(session, then, now)
    assert lines == {
        "stays": {"City": "Ulm"},
        "went": {"AIQ_a_1": True, "City": None},
        "out": {"AIQ_a_1": False, "n": 3},
        "new": {"AIQ_a_1": False},
    }
    assert (staged.usable, staged.members, staged.values) == (3, 2, {"v0": 3, "v1": 2})


def test_an_attribute_that_came_later_is_left_alone(session: Session, tmp_path: Path) -> None:
    then = snapshot(tmp_path / "then.parquet", (NUMBER,), "('u', true, 1.0)")
    now = snapshot(tmp_path / "now.parquet", (NUMBER, CITY), "('u', true, 2.0, 'Bonn')")
    assert back(session, then, now)[1] == {"u": {"n": 1}}


def test_a_value_that_does_not_fit_the_type_of_now_stays_as_it_is(session: Session, tmp_path: Path) -> None:
    text = Column(name="n", type="string", field="v0")
    then = snapshot(tmp_path / "then.parquet", (text,), "('u', true, 'many'), ('w', true, '7')")
    now = snapshot(tmp_path / "now.parquet", (NUMBER,), "('u', true, 2.0), ('w', true, 8.0)")
    staged, lines = back(session, then, now)
    assert lines == {"w": {"n": 7}}
    assert staged.rejected_values == {"invalid_value:n": 1}


def test_an_empty_snapshot_is_a_state_too(session: Session, tmp_path: Path) -> None:
    now = snapshot(tmp_path / "now.parquet", (NUMBER,), "('u', true, 2.0)")
    staged, lines = back(session, Old((), (NUMBER,), same_hashing=True), now)
    assert lines == {"u": {"AIQ_a_1": False}}
    assert staged.usable == 0
