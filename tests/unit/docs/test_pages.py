"""The pages of docs/ as GitHub shows them: every link leads somewhere, every page stands in the site's contents."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import yaml

from api.reference import METHODS, SLOT, on_page_markdown
from local.settings import ROOT
from tests.console.screens import LOOKS, SCREENS

DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
READ = [ROOT / "README.md", *PAGES]
CONTENTS: Any = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"]
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_PICTURE = re.compile(r'(?:src|srcset)="([^"]+)"')
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def prose(path: Path) -> str:
    return _FENCE.sub("", path.read_text(encoding="utf-8"))


def anchors(path: Path) -> set[str]:
    """Headings as GitHub and the site name them."""
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in _HEADING.findall(prose(path)))
    return {heading.strip().replace(" ", "-") for heading in plain}


def listed(node: Any) -> Iterator[str]:
    """The files of the contents, or of a part of them."""
    if isinstance(node, str):
        yield node
    for below in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from listed(below)


@pytest.mark.parametrize("page", READ, ids=name)
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    dead = []
    for link in [*_LINK.findall(prose(page)), *_PICTURE.findall(prose(page))]:
        place, _, anchor = link.partition("#")
        if "://" in place or place.startswith("mailto:"):
            continue
        target = page.parent / unquote(place) if place else page
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            dead.append(link)
    assert dead == []


def test_every_page_stands_in_the_contents_once() -> None:
    pages = sorted(path.relative_to(DOCS).as_posix() for path in PAGES)
    assert sorted(listed(CONTENTS)) == pages, "a page needs its line under nav in mkdocs.yml"


def test_every_picture_is_shown_by_a_page() -> None:
    shown = {
        (page.parent / link).resolve()
        for page in PAGES
        for link in [*_LINK.findall(page.read_text("utf-8")), *_PICTURE.findall(page.read_text("utf-8"))]
    }
    pictures = {path for path in (DOCS / "images").rglob("*") if path.is_file()}
    assert {name(path) for path in pictures - shown} == set()
    assert {name(path) for path in pictures if path.stat().st_size > 60 * 1024} == set()


def test_every_screen_of_the_console_is_shown_in_every_look() -> None:
    taken = {path.name for path in (DOCS / "images" / "console").glob("*.png")}
    assert taken == {f"{screen}-{look}.png" for screen in ("sign-in", *SCREENS) for look in LOOKS}


def test_every_operation_stands_on_the_page_of_the_api() -> None:
    described = json.loads((DOCS / "openapi.json").read_text(encoding="utf-8"))
    page = on_page_markdown((DOCS / "api.md").read_text(encoding="utf-8"))
    operations = {
        f"### {method.upper()} {path}"
        for path, item in described["paths"].items()
        for method in METHODS
        if method in item
    }
    assert SLOT not in page
    assert set(re.findall(r"^### .+$", page, re.MULTILINE)) == operations


def test_a_page_without_the_slot_is_left_as_it_is() -> None:
    assert on_page_markdown("# A page\n") == "# A page\n"
