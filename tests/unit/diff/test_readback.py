"""A reconcile's people and findings, as DuckDB picks and counts them; the repair as it compares."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from bridge.diff import Session
from mapping.comparison import Old, PartFile, Sampling, StageColumn
from mapping.run import Column
from tests.unit.diff.test_restoring import CITY, NUMBER, SENDING, snapshot

TAGS = Column(name="tags", type="array", field="v2")
ATTRIBUTE = "AIQ_a_1"


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    opened = Session(tmp_path_factory.mktemp("diff"), memory_limit="200MB", threads=1)
    yield opened
    opened.close()


@pytest.fixture
def now(tmp_path: Path) -> Old:
    rows = (
        "('in', true, 1.5, 'Ulm', '[\"a\"]'), ('bare', true, NULL, NULL, NULL), "
        "('out', false, 3, 'Rom', NULL), ('q\"', true, 2, 'ü', NULL)"
    )
    return snapshot(tmp_path / "now.parquet", (NUMBER, CITY, TAGS), rows)


def sampling(
    most: int | None = None, salt: str = "run_1", names: Sequence[str] = ("n", "City", "tags")
) -> Sampling:
    return Sampling(ATTRIBUTE, "external_id", frozenset(names), salt, most)


def lines(session: Session, old: Old, asked: Sampling, part_rows: int = 3) -> list[dict[str, Any]]:
    parts: list[PartFile] = []
    compared = session.reading(old, asked, part_rows=part_rows, emit=parts.append)
    assert compared.parts == len(parts)
    return [json.loads(line) for part in parts for line in part.body.splitlines()]


def test_a_line_says_what_braze_should_hold_of_a_person(session: Session, now: Old) -> None:
    found = {line.pop("external_id"): line for line in lines(session, now, sampling())}
    assert found == {
        "in": {ATTRIBUTE: True, "n": 1.5, "City": "Ulm", "tags": ["a"]},
        "bare": {ATTRIBUTE: True},
        "out": {ATTRIBUTE: False},
        'q"': {ATTRIBUTE: True, "n": 2, "City": "ü"},
    }


def test_what_cannot_be_compared_is_not_in_a_line(session: Session, now: Old) -> None:
    found = lines(session, now, sampling(names=("n",)))
    assert {name for line in found for name in line} == {"external_id", ATTRIBUTE, "n"}


def test_a_sample_has_its_size_and_follows_its_salt(session: Session, tmp_path: Path) -> None:
    rows = ", ".join(f"('u{n}', true, {n})" for n in range(200))
    old = snapshot(tmp_path / "many.parquet", (NUMBER,), rows)
    picked = [{line["external_id"] for line in lines(session, old, sampling(20, salt))} for salt in "aab"]
    assert [len(one) for one in picked] == [20, 20, 20]
    assert picked[0] == picked[1] != picked[2]


def test_nobody_is_asked_for_of_an_empty_snapshot(session: Session) -> None:
    assert lines(session, Old((), (NUMBER,), same_hashing=True), sampling(5)) == []


def record(user: str, *cells: tuple[str, str], unknown: bool = False) -> str:
    shown = [{"name": name, "kind": kind, "ours": '"o•••"', "braze": "null"} for name, kind in cells]
    return json.dumps({"user": user, "unknown": unknown, "cells": shown}) + "\n"


@pytest.fixture
def findings(tmp_path: Path) -> list[Path]:
    bodies = [
        record("in", ("City", "different"), ("tags", "missing")) + record("bare", unknown=True),
        # A part that was read twice says the same of a person twice.
        record("in", ("City", "different"), ("tags", "missing")) + record("out", (ATTRIBUTE, "extra_member")),
        record('q"', ("n", "only_at_braze")),
    ]
    paths = [tmp_path / f"f{number}.jsonl" for number in range(len(bodies))]
    for path, body in zip(paths, bodies, strict=True):
        path.write_text(body + "{}\n")  # where somebody was erased
    return paths


def test_findings_are_counted_once_a_person(session: Session, findings: list[Path], tmp_path: Path) -> None:
    found = session.gather(findings, tmp_path / "drift.parquet", with_unknown=True)
    assert found.cells == {
        ("City", "different"): 1,
        ("tags", "missing"): 1,
        (ATTRIBUTE, "extra_member"): 1,
        ("n", "only_at_braze"): 1,
    }
    assert (found.people, found.unknown, found.to_repair) == (3, 1, 3)
    assert found.unknown_samples == ("bare",)
    assert {(sample.user, sample.name, sample.ours) for sample in found.samples} >= {("in", "City", '"o•••"')}
    assert session.gather(findings, tmp_path / "drift.parquet", with_unknown=False).to_repair == 2


def test_somebody_can_be_erased_from_what_was_found(
    session: Session, findings: list[Path], tmp_path: Path
) -> None:
    drift, left = tmp_path / "drift.parquet", tmp_path / "left.parquet"
    session.gather(findings, drift, with_unknown=True)
    assert session.forget(drift, ["in"], left)[:2] == (1, 2)


def test_ten_people_are_shown_for_each_kind_of_difference(session: Session, tmp_path: Path) -> None:
    path = tmp_path / "many.jsonl"
    path.write_text("".join(record(f"u{n}", ("City", "missing")) for n in range(30)))
    found = session.gather([path], tmp_path / "drift.parquet", with_unknown=True)
    assert (found.people, len(found.samples)) == (30, 10)


def test_a_repair_sends_what_was_found_to_differ(
    session: Session, now: Old, findings: list[Path], tmp_path: Path
) -> None:
    drift = tmp_path / "drift.parquet"
    session.gather(findings, drift, with_unknown=True)
    columns = [StageColumn(c.name, c.name, c.type, c.field) for c in now.columns]
    staged = session.restore(now, columns, drift)
    parts: list[PartFile] = []
    known = session.held(now, drift, ATTRIBUTE)
    compared = session.compare(known, SENDING, full=False, rows=9, part_rows=9, emit=parts.append)
    sent = [json.loads(line) for part in parts for line in part.body.splitlines()]
    assert {line.pop("external_id"): line for line in sent} == {
        "in": {"City": "Ulm", "tags": ["a"]},
        "bare": {ATTRIBUTE: True},
        "out": {ATTRIBUTE: False},
    }
    assert (staged.usable, compared.joined, compared.left, compared.changed) == (3, 1, 1, 1)
