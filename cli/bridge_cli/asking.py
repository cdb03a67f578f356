"""The fields of an integration, as a person gives them: options, then stdin or the environment, then questions."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from bridge_cli.api import Json
from bridge_cli.errors import usage
from bridge_cli.screen import Screen

SECRET_VARIABLE = "BRIDGE_SECRET_"  # noqa: S105 - the beginning of a variable's name
_TRUE, _FALSE = {"true", "yes", "on", "1"}, {"false", "no", "off", "0"}


def settings(fields: Sequence[Json], pairs: Sequence[str]) -> Json:
    """`name=value` pairs in the types the fields have; an empty value is null. Raises CliError."""
    known = {one["key"]: one for one in fields}
    given: Json = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise usage(f"{pair} is not name=value.")
        if name not in known:
            raise usage(f"There is no field {name}.", f"Fields: {', '.join(known)}")
        if known[name]["type"] == "secret":
            raise usage(
                f"{name} is a secret, and others can read command lines.",
                f"Leave it out to be asked, or set {SECRET_VARIABLE}{name.upper()}, or pipe it with --secret-stdin.",
            )
        given[name] = _typed(known[name], value)
    return given


def secrets(fields: Sequence[Json], environ: Mapping[str, str], piped: str | None) -> dict[str, str]:
    """Secrets out of the environment, and over them those of stdin."""
    names = [one["key"] for one in fields if one["type"] == "secret"]
    variables = {name: environ.get(SECRET_VARIABLE + name.upper(), "") for name in names}
    found = {name: value for name, value in variables.items() if value}
    return found if piped is None else found | _piped(names, piped)


def missing(fields: Sequence[Json], config: Json) -> list[Json]:
    """Fields that are required, or that another field's value calls for, and have no value."""
    return [one for one in fields if _needed(one, config) and config.get(one["key"]) in (None, "")]


def ask_for(screen: Screen, fields: Sequence[Json], config: Json) -> Json:
    """`config` with an answer for each field that still lacks one; raises CliError where nobody is there."""
    answered = dict(config)
    while wanted := missing(fields, answered):
        screen.need_person(", ".join(one["key"] for one in wanted), _otherwise(wanted))
        field = wanted[0]
        screen.say(_help(field))
        answer = screen.asked(field["label"], secret=field["type"] == "secret")
        answered[field["key"]] = answer if field["type"] == "secret" else _typed(field, answer)
    return answered


def _needed(field: Json, config: Json) -> bool:
    condition = field.get("required_if")
    called_for = condition is not None and config.get(condition["field"]) == condition["value"]
    return bool(field.get("required")) or called_for


def _otherwise(wanted: Sequence[Json]) -> str:
    ways = [
        f"{SECRET_VARIABLE}{one['key'].upper()} or --secret-stdin"
        if one["type"] == "secret"
        else f"--set {one['key']}={one.get('placeholder') or '…'}"
        for one in wanted
    ]
    return "Give it with: " + ", ".join(ways)


def _help(field: Json) -> str:
    options = [f"{one['value']} ({one['label']})" for one in field.get("options") or ()]
    return str(field.get("help_text", "")) + (f"\n  {', '.join(options)}" if options else "")


def _typed(field: Json, value: str) -> Any:
    """Only what JSON tells apart is converted; the API checks the rest and says what is wrong."""
    kind = field["type"]
    if value == "":
        return None
    if kind == "boolean":
        if value.lower() not in _TRUE | _FALSE:
            raise usage(f"{field['key']} is true or false, not {value}.")
        return value.lower() in _TRUE
    if kind == "integer":
        if not value.lstrip("-").isdecimal():
            raise usage(f"{field['key']} is a whole number, not {value}.")
        return int(value)
    return [one.strip() for one in value.split(",")] if kind == "list" else value


def _piped(names: Sequence[str], text: str) -> dict[str, str]:
    """A JSON object, or `name=value` lines, or the bare value of the only secret."""
    text = text.strip()
    if text.startswith("{"):
        try:
            found = {str(name): str(value) for name, value in json.loads(text).items()}
        except ValueError:
            raise usage("What came on stdin is no JSON object.") from None
    elif len(names) == 1 and not text.startswith(f"{names[0]}="):
        found = {names[0]: text}
    else:
        found = dict(line.partition("=")[::2] for line in text.splitlines() if line.strip())
    if strangers := sorted(set(found) - set(names)):
        raise usage(
            f"stdin gave {', '.join(strangers)}, which is no secret of this integration.",
            f"Its secrets: {', '.join(names)}",
        )
    return found
