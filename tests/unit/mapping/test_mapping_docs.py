"""docs/mapping.md says what the code does."""

import re

import pytest

from tests.unit.mapping.mapping_tables import PAGE, renewed, tables


def test_every_table_of_the_page_is_the_codes() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert renewed(page) == page, "python tests/unit/mapping/mapping_tables.py writes the tables anew"


@pytest.mark.parametrize("name", tables())
def test_no_table_is_missing_from_the_page(name: str) -> None:
    assert f"<!-- table: {name} -->" in PAGE.read_text(encoding="utf-8")


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
