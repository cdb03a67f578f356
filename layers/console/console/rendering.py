"""Templates into HTML: everything is escaped, every text comes from the visitor's language."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from console.languages import LANGUAGES, words
from console.visits import Shown, Visitor

ASSETS = {
    "app.css": "text/css",
    "app.js": "text/javascript",
    "icon.svg": "image/svg+xml",
    "vendor/htmx.min.js": "text/javascript",
    "vendor/uPlot.iife.min.js": "text/javascript",
    "vendor/uPlot.min.css": "text/css",
}


NOTHING = "\N{EN DASH}"
PARTS = ("status_mark", "action", "chart")


def asset(name: str) -> bytes:
    """A file the pages load; raises KeyError for one that is none of ours."""
    if name not in ASSETS:
        raise KeyError(name)
    return files("console").joinpath("static", *name.split("/")).read_bytes()


@dataclass(frozen=True, slots=True)
class Setting:
    """What every page knows beside its own content."""

    language: str
    path: str
    visitor: Visitor | None = None
    said: str = ""
    partial: bool = False


class Templates:
    """Made once a worker; `clock` is the time in UTC against which ages are told."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._environment = Environment(
            loader=PackageLoader("console"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._versions: dict[str, str] = {}
        self._environment.globals |= {"asset": self._asset, "languages": LANGUAGES}
        self._environment.filters |= {
            "t": _translated,
            "category": _category,
            "number": _number,
            "percent": _percent,
            "ms": _milliseconds,
            "moment": _moment,
            "age": self._age,
            "pretty": _pretty,
            "readable": _readable,
        }
        # Parts are known everywhere, a block that is rendered alone included.
        parts = self._environment.get_template("parts.html").module
        self._environment.globals |= {name: getattr(parts, name) for name in PARTS}

    def render(self, shown: Shown, setting: Setting) -> str:
        """The whole page, or for a partial visit the block that lives."""
        template = self._environment.get_template(shown.template)
        content: dict[str, Any] = {
            **shown.content,
            "words": words(setting.language),
            "language": setting.language,
            "path": setting.path,
            "visitor": setting.visitor,
            "said": setting.said,
        }
        if setting.partial and shown.part:
            context = template.new_context(content)
            return "".join(template.blocks[shown.part](context))
        text: str = template.render(content)
        return text

    def _asset(self, name: str) -> str:
        """The address of a file, with a mark of its content: browsers may keep it for ever."""
        mark = self._versions.get(name)
        if mark is None:
            mark = self._versions[name] = sha256(asset(name)).hexdigest()[:12]
        return f"/console/static/{name}?v={mark}"

    def _age(self, moment: str | None) -> str:
        """Such as `12 s` or `3 h`; the unit is the largest that fits."""
        if not moment:
            return NOTHING
        seconds = max(0, round((self._clock() - datetime.fromisoformat(moment)).total_seconds()))
        for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
            if seconds >= size:
                return f"{seconds // size} {unit}"
        return f"{seconds} s"


@pass_context
def _translated(context: Context, key: str, **values: Any) -> str:
    """The text of that key; `{name}` in it is filled with a value. An unknown key is an error: see the locales."""
    return str(context["words"][key]).format(**values) if values else str(context["words"][key])


@pass_context
def _category(context: Context, key: str) -> str:
    """A category of the library in the visitor's language; one we have no word for by its own."""
    known: str | None = context["words"].get(f"category.{key}")
    return known or key.replace("_", " ").capitalize()


def _number(value: float | None) -> str:
    """With thin groups of three, as all four languages read it; nothing is a dash."""
    if value is None:
        return NOTHING
    whole = f"{value:,.1f}".rstrip("0").rstrip(".") if isinstance(value, float) else f"{value:,}"
    return whole.replace(",", "\N{NARROW NO-BREAK SPACE}")


def _percent(share: float | None) -> str:
    return NOTHING if share is None else f"{share * 100:.1f} %"


def _milliseconds(value: int | None) -> str:
    return NOTHING if value is None else f"{_number(value)} ms"


def _moment(moment: str | None) -> Markup:
    """A time element in UTC, which the page's script turns into the reader's own zone."""
    if not moment:
        return Markup("&ndash;")
    at = datetime.fromisoformat(moment).astimezone(UTC)
    return Markup('<time datetime="{}">{} UTC</time>').format(
        at.isoformat(), at.strftime("%Y-%m-%d %H:%M:%S")
    )


def _pretty(document: Mapping[str, Any] | list[Any] | None) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False, sort_keys=False)


def _readable(text: str) -> str:
    """JSON line by line, anything else as it is."""
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text
