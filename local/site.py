"""`python -m local.site`: docs/ as a site in .local/site, without a warning, a dead link or a thing from elsewhere."""

import os
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from local.settings import ROOT

SITE = ROOT / ".local" / "site"
LOADED = {"script": "src", "img": "src", "iframe": "src", "source": "srcset", "link": "href"}
"""Elements that make a browser fetch something, and the attribute that says what."""


class Seen(HTMLParser):
    """What one page loads, where it leads, and the anchors it has."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.leads: list[str] = []
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if name := found.get("id"):
            self.anchors.add(name)
        if loaded := found.get(LOADED.get(tag, "")):
            self.loads.append(loaded)
        if tag == "a" and (href := found.get("href")):
            self.leads.append(href)


def build(folder: Path = SITE) -> int:
    """The exit code of mkdocs; every warning is an error."""
    mkdocs = str(ROOT / ".tools" / "docs" / "bin" / "mkdocs")
    command = [mkdocs, "build", "--strict", "--quiet", "--site-dir", str(folder)]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode  # noqa: S603 - our own


def faults(folder: Path) -> list[str]:
    """A sentence for each thing that a page loads from elsewhere and each link that leads nowhere."""
    pages = {path.resolve(): Seen(path.read_text("utf-8")) for path in sorted(folder.rglob("*.html"))}
    return [
        f"{path.relative_to(folder.resolve())} {fault}"
        for path, page in pages.items()
        for fault in [*_from_elsewhere(page), *_dead(path, page, pages)]
    ]


def _from_elsewhere(page: Seen) -> list[str]:
    return [f"loads {url}" for url in page.loads if urlsplit(url).netloc]


def _dead(path: Path, page: Seen, pages: dict[Path, Seen]) -> list[str]:
    dead = []
    for url in [*page.loads, *page.leads]:
        parts = urlsplit(url)
        if parts.scheme or parts.netloc or path.name == "404.html":
            continue
        target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
        if target.is_dir():
            target /= "index.html"
        anchor = unquote(parts.fragment)
        known = pages[target].anchors if target in pages else set()
        if not target.exists() or (anchor and target in pages and anchor not in known):
            dead.append(f"leads nowhere: {url}")
    return dead


def main() -> int:
    """The exit code."""
    if code := build():
        return code
    for fault in (found := faults(SITE)):
        print(f"docs: {fault}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
