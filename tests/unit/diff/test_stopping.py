"""A plan that is stopped ends soon, also where Python works and not DuckDB."""

import gzip
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bridge.diff import Session, bounds, checks, stage
from bridge.errors import Retryable
from mapping.comparison import SourceFile, StageColumn

ROWS = 60


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    found = Session(tmp_path, memory_limit="200MB", threads=1)
    yield found
    found.close()


def stop_after(looks: int, session: Session) -> Callable[[], None]:
    """What the heartbeat does, at a moment of which a test can be sure."""
    look, left = session._stopping.going, iter(range(looks))

    def going() -> None:
        if next(left, None) is None:
            session.interrupt()
        look()

    return going


def inspect(session: Session) -> None:
    body = "external_id,gender,n\n" + "".join(f"u{n},word {n},x\n" for n in range(ROWS))
    path = session.directory / "a.csv.gz"
    path.write_bytes(gzip.compress(body.encode()))
    session.inspect([SourceFile(1, path, "exports/a.csv.gz")])


def load(session: Session) -> None:
    columns = [StageColumn("gender", "gender", "string", "v0"), StageColumn("n", "n", "number", "v1")]
    session.load(columns, identifier="external_id", time_zone="UTC", ops=False, collapse=True)


def test_a_packed_part_is_looked_through_no_further(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounds, "_STRETCH", 64)
    monkeypatch.setattr(session._stopping, "going", stop_after(3, session))
    with pytest.raises(Retryable, match="interrupted"):
        inspect(session)


def test_values_are_checked_no_further(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "CHUNK", 10)
    monkeypatch.setattr(checks, "MOST_WORDS", 0)
    inspect(session)
    monkeypatch.setattr(session._opened(), "_going", stop_after(3, session))
    with pytest.raises(Retryable, match="interrupted"):
        load(session)


def test_rejects_are_told_no_further(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage, "FETCHED", 10)
    inspect(session)
    load(session)
    monkeypatch.setattr(session._opened(), "_going", stop_after(1, session))
    found = session.rejects()
    assert [next(found).row for _ in range(20)] == [row for row in range(1, 11) for _ in range(2)]
    with pytest.raises(Retryable, match="interrupted"):
        next(found)


def test_whatever_is_asked_next_is_not_begun(session: Session) -> None:
    inspect(session)
    load(session)
    session.interrupt()
    with pytest.raises(Retryable, match="interrupted"):
        next(iter(session.rejects()))
