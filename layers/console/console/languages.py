"""The console's words in four languages; what is not translated is said in English."""

import tomllib
from functools import cache
from importlib.resources import files

LANGUAGES = {"en": "English", "fr": "Français", "pt": "Português", "de": "Deutsch"}


@cache
def words(language: str) -> dict[str, str]:
    """All texts of a language by key; a blank or missing one is the English one."""
    english = _read("en")
    return (
        english
        if language == "en"
        else {**english, **{key: text for key, text in _read(language).items() if text}}
    )


def chosen(remembered: str, accepted: str) -> str:
    """The language of the cookie, else the first of Accept-Language that we speak, else English."""
    if remembered in LANGUAGES:
        return remembered
    for part in accepted.split(","):
        tag = part.partition(";")[0].strip().lower().partition("-")[0]
        if tag in LANGUAGES:
            return tag
    return "en"


@cache
def _read(language: str) -> dict[str, str]:
    text = files("console").joinpath("locales", f"{language}.toml").read_text(encoding="utf-8")
    return {
        f"{group}.{key}": value for group, keys in tomllib.loads(text).items() for key, value in keys.items()
    }
