"""Checking a configuration against its fields: every error at once, and never a value in one."""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from mapping.catalog.fields import ConfigField

MASK: Final = "***"
MAX_STRING: Final = 2_048
MAX_TEXT: Final = 20_000
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")


class InvalidConfig(ValueError):
    """What is wrong: `errors` of pointer (RFC 6901), code and detail, without any value."""

    def __init__(self, errors: Sequence[dict[str, str]]) -> None:
        super().__init__(", ".join(f"{error['pointer']} {error['code']}" for error in errors))
        self.errors = list(errors)


class _Wrong(Exception):
    def __init__(self, code: str, detail: str, item: int | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail
        self.item = item


def validate_fields(
    fields: Sequence[ConfigField], config: object, *, partial: bool
) -> tuple[dict[str, Any], dict[str, str]]:
    """Plain values and secrets of `config`; raises `InvalidConfig`."""
    if not isinstance(config, dict):
        raise InvalidConfig([_error("", "wrong_type", "config is an object")])
    known = {field.key for field in fields}
    errors = [
        _error(key, "unknown_field", "this integration has no such field")
        for key in config
        if key not in known
    ]
    plain: dict[str, Any] = {}
    secrets: dict[str, str] = {}
    for field in fields:
        try:
            value = _value(field, config.get(field.key), partial=partial)
        except _Wrong as wrong:
            errors.append(_error(field.key, wrong.code, wrong.detail, wrong.item))
            continue
        if value is not None and (partial or value != ""):
            (secrets if field.type == "secret" else plain)[field.key] = value
    if not partial:
        wrong_already = {error["pointer"] for error in errors}
        lacking = [
            _error(key, "required", f"needed when {why}") for key, why in _lacking(fields, plain, secrets)
        ]
        errors += [error for error in lacking if error["pointer"] not in wrong_already]
    if errors:
        raise InvalidConfig(errors)
    return plain, secrets


def _lacking(
    fields: Sequence[ConfigField], plain: dict[str, Any], secrets: dict[str, str]
) -> Iterator[tuple[str, str]]:
    """The absent fields that another field's value calls for, and that value."""
    for field in fields:
        need = field.required_if
        if need and field.key not in plain | secrets and plain.get(need.field) == need.value:
            yield field.key, f"{need.field} is {need.value}"


def _value(field: ConfigField, given: Any, *, partial: bool) -> Any:
    if field.type == "secret" and given == MASK:
        if not partial:
            raise _Wrong("masked_secret", "the mask stands for a stored value, and there is none yet")
        return None
    if given is not None:
        return _CHECKS[field.type](field, given)
    if partial:
        return None
    if field.required:
        raise _Wrong("required", "this field is required")
    return field.default


def _text(field: ConfigField, given: Any) -> str:
    if not isinstance(given, str):
        raise _Wrong("wrong_type", "a string is needed")
    limit = MAX_TEXT if field.type == "textarea" else MAX_STRING
    if len(given) > limit:
        raise _Wrong("too_long", f"at most {limit} characters")
    text = given.strip()
    if not text:
        if field.required:
            raise _Wrong("empty", "this field cannot be empty")
        return field.default if isinstance(field.default, str) else ""
    if field.type != "textarea" and not text.isprintable():
        raise _Wrong("bad_characters", "control characters are not allowed")
    if field.pattern and not re.fullmatch(field.pattern, text):
        raise _Wrong("bad_format", f"the whole text matches {field.pattern}")
    return _FORMATS[field.format](text) if field.format else text


def _secret(_field: ConfigField, given: Any) -> str:
    if not isinstance(given, str):
        raise _Wrong("wrong_type", "a string is needed")
    secret = given.strip()
    if not secret:
        raise _Wrong("empty", "a secret cannot be empty; leave it out to keep the stored one")
    if len(secret) > MAX_STRING:
        raise _Wrong("too_long", f"at most {MAX_STRING} characters")
    if not secret.isascii() or not secret.isprintable() or " " in secret:
        raise _Wrong("bad_characters", "only printable ASCII characters without blanks can be a key")
    return secret


def _select(field: ConfigField, given: Any) -> str:
    if not isinstance(given, str):
        raise _Wrong("wrong_type", "a string is needed")
    if all(given != option.value for option in field.options):
        raise _Wrong("not_an_option", _choices(field))
    return given


def _list(field: ConfigField, given: Any) -> list[str]:
    """Each item once, in the order given."""
    if not isinstance(given, list):
        raise _Wrong("wrong_type", "a list is needed")
    offered = {option.value for option in field.options}
    for index, item in enumerate(given):
        if not isinstance(item, str):
            raise _Wrong("wrong_type", "a string is needed", index)
        if item not in offered:
            raise _Wrong("not_an_option", _choices(field), index)
    return list(dict.fromkeys(given))


def _choices(field: ConfigField) -> str:
    return f"one of: {', '.join(option.value for option in field.options)}"


def _boolean(_field: ConfigField, given: Any) -> bool:
    if not isinstance(given, bool):
        raise _Wrong("wrong_type", "true or false is needed")
    return given


def _integer(field: ConfigField, given: Any) -> int:
    if not isinstance(given, int) or isinstance(given, bool):
        raise _Wrong("wrong_type", "an integer is needed")
    if field.minimum is not None and given < field.minimum:
        raise _Wrong("too_small", f"at least {field.minimum}")
    if field.maximum is not None and given > field.maximum:
        raise _Wrong("too_large", f"at most {field.maximum}")
    return given


_CHECKS: Final[dict[str, Callable[[ConfigField, Any], Any]]] = {
    "string": _text,
    "textarea": _text,
    "secret": _secret,
    "select": _select,
    "boolean": _boolean,
    "integer": _integer,
    "list": _list,
}


def _url(text: str) -> str:
    """https, or http on loopback; which hosts a key may go to is the stack's setting."""
    try:
        url = urlsplit(text)
        host, _port = url.hostname, url.port
    except ValueError:
        raise _Wrong("bad_url", "an absolute https URL is needed") from None
    secure = url.scheme == "https" or (url.scheme == "http" and host in _LOOPBACK)
    if not secure or not host or not text.isascii() or " " in text or "\\" in text:
        raise _Wrong("bad_url", "an absolute https URL is needed")
    if url.username is not None or url.password is not None or "?" in text or "#" in text:
        raise _Wrong("bad_url", "no user, query or fragment belongs into this URL")
    return text.rstrip("/")


def _path_template(text: str) -> str:
    if (
        not text.startswith("/")
        or text.startswith("//")
        or not text.isascii()
        or any(c in text for c in " ?#\\")
    ):
        raise _Wrong("bad_path", "a path begins with one slash and has no query, fragment or blank")
    if set(_PLACEHOLDER.findall(text)) != {"account_id", "destination_id"}:
        raise _Wrong(
            "bad_placeholder", "the path holds {account_id} and {destination_id} and no other placeholder"
        )
    return text


def _header_template(text: str) -> str:
    name, colon, value = text.partition(":")
    if not colon or not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", name) or not text.isascii():
        raise _Wrong("bad_header", "a header is written `Name: value`")
    if _PLACEHOLDER.findall(value) != ["api_key"]:
        raise _Wrong("bad_placeholder", "the value holds {api_key} once and no other placeholder")
    return text


_FORMATS: Final[dict[str, Callable[[str], str]]] = {
    "url": _url,
    "path_template": _path_template,
    "header_template": _header_template,
}


def _error(key: object, code: str, detail: str, item: int | None = None) -> dict[str, str]:
    part = str(key)[:100].replace("~", "~0").replace("/", "~1")
    pointer = f"/config/{part}" if part else "/config"
    return {"pointer": pointer if item is None else f"{pointer}/{item}", "code": code, "detail": detail}
