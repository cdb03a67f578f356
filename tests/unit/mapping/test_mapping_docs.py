"""docs/mapping.md, and the tables of other pages, say what the code does."""

import re
from pathlib import Path

import pytest

from tests.unit.mapping.mapping_tables import PAGE, PAGES, renewed, tables


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_every_table_of_a_page_is_the_codes(path: Path) -> None:
    page = path.read_text(encoding="utf-8")
    assert renewed(page) == page, "python tests/unit/mapping/mapping_tables.py writes the tables anew"


@pytest.mark.parametrize("name", tables())
def test_no_table_is_missing_from_the_pages(name: str) -> None:
    assert [path for path in PAGES if f"<!-- table: {name} -->" in path.read_text(encoding="utf-8")]


def test_every_reason_a_mapping_gives_is_explained() -> None:
    sources = PAGE.parents[1] / "layers" / "mapping" / "mapping"
    text = "\n".join(file.read_text(encoding="utf-8") for file in sources.glob("*.py"))
    given = set(
        re.findall(
            r"(?:(?:rejected|filtered|InvalidEvent|InvalidValue|_array_problem|return)\(?\s*"
            r'|left_out\(\w+, |leave_out\(\w+, |reason = )"([a-z]+(?:_[a-z]+)*)"',
            text,
        )
    )
    page = PAGE.read_text(encoding="utf-8")
    assert len(given) > 20
    assert {reason for reason in given if f"`{reason}`" not in page} == set()
