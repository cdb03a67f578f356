"""What is built is looked through: nothing from elsewhere, no dead link."""

from pathlib import Path

import pytest

from local.site import faults

OTHER = '<h2 id="there">There</h2>'


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (
            '<a href="other.html#there">x</a><a href="#top" id="top">x</a><a href="https://a.example">x</a>',
            [],
        ),
        ('<script src="https://cdn.example/a.js"></script>', ["page.html loads https://cdn.example/a.js"]),
        ('<link href="//fonts.example/a.css">', ["page.html loads //fonts.example/a.css"]),
        ('<img src="gone.png">', ["page.html leads nowhere: gone.png"]),
        ('<a href="gone.html">x</a>', ["page.html leads nowhere: gone.html"]),
        ('<a href="other.html#here">x</a>', ["page.html leads nowhere: other.html#here"]),
    ],
)
def test_a_page_is_told_for_what_it_loads_and_where_it_leads(
    tmp_path: Path, body: str, found: list[str]
) -> None:
    (tmp_path / "page.html").write_text(body)
    (tmp_path / "other.html").write_text(OTHER)
    assert faults(tmp_path) == found
