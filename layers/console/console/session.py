"""The session is the visitor's own token, in a cookie that no script can read and no other site can send."""

import re
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

COOKIE, LANGUAGE_COOKIE = "signal_bridge_session", "signal_bridge_language"
HOURS = 8
LONGEST_TOKEN = 4096
_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]+")
"""RFC 6750's b68token, which a JWT is too."""
_LOCAL = {"localhost", "127.0.0.1"}


def cookies(headers: Mapping[str, str], listed: list[str] | None) -> dict[str, str]:
    """Payload 2.0 lists cookies apart from the headers; a malformed one is none."""
    found: dict[str, str] = {}
    for text in listed or [headers.get("cookie", "")]:
        try:
            found |= {name: morsel.value for name, morsel in SimpleCookie(text).items()}
        except CookieError:
            continue
    return found


def name(host: str) -> str:
    """The session's cookie: over https one that no other host, path or plain connection can have set."""
    return COOKIE if _local(host) else f"__Host-{COOKIE}"


def opened(token: str, host: str) -> str:
    """A Set-Cookie that starts a session; `host` as the browser knows it."""
    return _cookie(name(host), token, host, HOURS * 3600)


def closed(host: str) -> str:
    """A Set-Cookie that ends it."""
    return _cookie(name(host), "", host, 0)


def language(chosen: str, host: str) -> str:
    """A Set-Cookie that remembers the language for a year."""
    return _cookie(LANGUAGE_COOKIE, chosen, host, 365 * 86400)


def plausible(token: str) -> bool:
    """Whether it can stand in a cookie and a header at all."""
    return len(token) <= LONGEST_TOKEN and _TOKEN.fullmatch(token) is not None


def same_site(headers: Mapping[str, str], host: str) -> bool:
    """Whether a form was sent from a page of ours: by the browser's own word, else by the Origin."""
    told = headers.get("sec-fetch-site")
    if told is not None:
        return told == "same-origin"
    origin = headers.get("origin", "")
    return bool(origin) and urlsplit(origin).netloc == host


def _cookie(named: str, value: str, host: str, seconds: int) -> str:
    """`__Host-` asks for `Secure` and the path `/`; the API takes no cookie, so nothing there reads it."""
    secure = "" if _local(host) else "; Secure"
    return f"{named}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}"


def _local(host: str) -> bool:
    return host.partition(":")[0] in _LOCAL
