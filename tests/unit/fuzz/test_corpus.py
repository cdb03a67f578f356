"""What fuzzing once found worth keeping still holds, and a case whose answer is wrong is noticed."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bridge.diff.stage import Stage
from bridge.flows.events import front_door
from bridge.flows.events.collect import Taken, take
from tests.fuzz import collect, export

CORPUS = Path(__file__).parents[2] / "fuzz" / "corpus"
CHECKS: dict[str, Callable[[bytes], None]] = {"collect": collect.check, "export": export.check}
TRACK = b'POST /v1/t\nauthorization: Bearer dk_s\n\n{"event":"E","userId":"u"}'
TWICE = b"audience\n%%\n\n%%\np.csv\nexternal_id,n\nu,1\nu,2\n"


@pytest.mark.parametrize("target", CHECKS)
def test_every_kept_case_ends_as_it_may(target: str) -> None:
    cases = sorted((CORPUS / target).iterdir())
    assert len(cases) > 20
    for case in cases:
        try:
            CHECKS[target](case.read_bytes())
        except Exception as error:
            error.add_note(f"tests/fuzz/corpus/{target}/{case.name}")
            raise


def test_the_kept_cases_stay_small() -> None:
    assert sum(path.stat().st_size for path in CORPUS.rglob("*") if path.is_file()) < 300_000


def test_an_answer_that_counts_more_than_was_queued_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def miscounted(*given: object) -> Taken:
        taken = take(*given)  # type: ignore[arg-type]
        return Taken(taken.accepted + 1, taken.refused, taken.unsent)

    collect.check(TRACK)
    monkeypatch.setattr(front_door, "take", miscounted)
    with pytest.raises(AssertionError):
        collect.check(TRACK)


def test_a_row_that_is_lost_without_a_word_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    export.check(TWICE)
    collapse = Stage._collapse

    def lossy(stage: Stage) -> int:
        collapse(stage)
        return 0

    monkeypatch.setattr(Stage, "_collapse", lossy)
    with pytest.raises(AssertionError):
        export.check(TWICE)
