"""The console as one callable: who visits, which page, and the headers that keep it safe."""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from console import languages, session
from console.api import Api, ApiError
from console.rendering import ASSETS, Setting, Templates, asset
from console.visits import Moved, Page, Passed, Reply, Shown, Visit, Visitor, address

SIGN_IN = "/console/sign-in"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SAFE = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Strict-Transport-Security": "max-age=31536000",
    "Cache-Control": "no-store",
}
_SIGNED_OUT = {401, 403}
_NOT_MODIFIED_FOR = "public, max-age=31536000, immutable"

MakeApi = Callable[[str, str], Api]
"""(the gateway's own host name, token) to the API."""


class Console:
    """One instance a worker. `visitor` says whose token it is; raises ApiError 401 or 403 for nobody's."""

    def __init__(
        self,
        pages: Iterable[Page],
        templates: Templates,
        make_api: MakeApi,
        visitor: Callable[[Api], Visitor],
        logger: Logger,
    ) -> None:
        self._templates = templates
        self._make_api = make_api
        self._visitor = visitor
        self._logger = logger
        self._resolver = APIGatewayHttpResolver()
        for page in pages:
            self._resolver.route(page.path, page.method)(self._endpoint(page))
        self._resolver.get("/console/static/<name>")(self._static)
        self._resolver.get("/console/static/vendor/<name>")(lambda name: self._static(f"vendor/{name}"))
        self._resolver.get(SIGN_IN)(self._signing_in)
        self._resolver.post(SIGN_IN)(self._sign_in)
        self._resolver.post("/console/sign-out")(self._sign_out)
        self._resolver.post("/console/language")(self._language)
        self._resolver.not_found(lambda _: self._lost())
        self._resolver.exception_handler(Exception)(self._crashed)

    def __call__(self, event: Mapping[str, Any], context: Any) -> dict[str, Any]:
        """An HTTP API event (payload 2.0) in, its answer out."""
        return self._resolver.resolve(
            {**event, "rawPath": str(event.get("rawPath", "/")).rstrip("/")}, context
        )

    # ------------------------------------------------------------ pages

    def _endpoint(self, page: Page) -> Callable[..., Response[str]]:
        def endpoint(**params: str) -> Response[str]:
            token = self._cookies().get(session.name(self._host()), "")
            if not session.plausible(token):
                return self._to_sign_in()
            if page.method != "GET" and not self._same_site():
                return self._refused("error.other_site", 403)
            api = self._make_api(self._gateway(), token)
            with ThreadPoolExecutor(1) as asking:
                who = asking.submit(self._visitor, api).result
                visit = Visit(api, who, self._event.path, params, *self._asked())
                reply = self._begun(page, visit) if page.anyones else None
                return self._shown(page, visit, reply)

        return endpoint

    def _begun(self, page: Page, visit: Visit) -> Reply | ApiError:
        """A page that everybody sees is fetched while the API still says who asks; shown it is to those alone."""
        try:
            return page.show(visit)
        except ApiError as error:
            return error

    def _shown(self, page: Page, visit: Visit, reply: Reply | ApiError | None) -> Response[str]:
        try:
            visitor = visit.visitor
        except ApiError as error:
            return self._to_sign_in() if error.status in _SIGNED_OUT else self._failed(error, None)
        if not visitor.may(page.needs):
            return self._refused("error.role", 403, visitor)
        reply = self._begun(page, visit) if reply is None else reply
        if isinstance(reply, ApiError):
            return self._failed(reply, visitor)
        return self._answer(reply, visitor, partial=visit.partial)

    def _asked(self) -> tuple[Mapping[str, str], Mapping[str, list[str]], bool]:
        event = self._event
        form: dict[str, list[str]] = {}
        if event.http_method == "POST":
            form = parse_qs(event.decoded_body or "", keep_blank_values=True, max_num_fields=500)
        partial = self._headers().get("hx-request") == "true" and "hx-boosted" not in self._headers()
        return event.query_string_parameters or {}, form, partial

    def _answer(self, reply: Reply, visitor: Visitor | None, *, partial: bool = False) -> Response[str]:
        if isinstance(reply, Moved):
            to = (
                f"{reply.to}{'&' if '?' in reply.to else '?'}said={quote(reply.said)}"
                if reply.said
                else reply.to
            )
            return _redirect(to)
        if isinstance(reply, Passed):
            given = reply.document
            if given.link:
                return _redirect(given.link)
            return Response(200, given.content_type, given.text, SAFE | dict(given.headers))
        return self._html(reply, visitor, partial=partial)

    def _html(self, shown: Shown, visitor: Visitor | None, *, partial: bool = False) -> Response[str]:
        said = (self._event.query_string_parameters or {}).get("said", "")
        known = languages.words(self._speaks())
        setting = Setting(
            self._speaks(),
            self._event.path,
            visitor,
            f"said.{said}" if f"said.{said}" in known else "",
            partial,
        )
        return Response(
            shown.status, "text/html; charset=utf-8", self._templates.render(shown, setting), SAFE
        )

    # ------------------------------------------------------------ failures

    def _failed(self, error: ApiError, visitor: Visitor | None) -> Response[str]:
        if error.status == 401:  # noqa: PLR2004 - HTTP's own name
            return self._to_sign_in()
        return self._html(
            Shown("error.html", {"message": error.message}, "main", error.status),
            visitor,
            partial=self._asked()[2],
        )

    def _refused(self, key: str, status: int, visitor: Visitor | None = None) -> Response[str]:
        return self._html(
            Shown("error.html", {"message": languages.words(self._speaks())[key]}, status=status), visitor
        )

    def _lost(self) -> Response[str]:
        return self._refused("error.nothing_here", 404)

    def _crashed(self, error: Exception) -> Response[str]:
        self._logger.error(
            "console page failed", extra={"error": type(error).__name__, "path": self._event.path}
        )
        return self._refused("error.ours", 500)

    # ------------------------------------------------------------ sessions

    def _to_sign_in(self) -> Response[str]:
        """A living part is told to leave the page: a redirect would be followed inside it."""
        if self._headers().get("hx-request") == "true":
            return Response(401, "text/html", "", SAFE | {"HX-Redirect": SIGN_IN})
        return _redirect(f"{SIGN_IN}?next={quote(self._event.path, safe='/')}")

    def _signing_in(self) -> Response[str]:
        return self._sign_in_page()

    def _sign_in_page(self, fault: str = "", status: int = 200) -> Response[str]:
        given = (self._event.query_string_parameters or {}).get("next", "")
        return self._html(Shown("sign_in.html", {"fault": fault, "next": _ours(given)}, status=status), None)

    def _sign_in(self) -> Response[str]:
        form = self._asked()[1]
        token = form.get("token", [""])[-1].strip()
        if not self._same_site():
            return self._sign_in_page("error.other_site", 403)
        if not session.plausible(token):
            return self._sign_in_page("sign_in.wrong", 403)
        try:
            self._visitor(self._make_api(self._gateway(), token))
        except ApiError as error:
            known = error.status not in _SIGNED_OUT
            return self._sign_in_page("error.no_answer" if known else "sign_in.wrong", 503 if known else 403)
        return _redirect(_ours(form.get("next", [""])[-1]), session.opened(token, self._host()))

    def _sign_out(self) -> Response[str]:
        if not self._same_site():
            return self._refused("error.other_site", 403)
        return _redirect(SIGN_IN, session.closed(self._host()))

    def _language(self) -> Response[str]:
        wanted = self._asked()[1].get("language", [""])[-1]
        back = _ours(urlsplit(self._headers().get("referer", "")).path)
        if wanted not in languages.LANGUAGES or not self._same_site():
            return _redirect(back)
        return _redirect(back, session.language(wanted, self._host()))

    def _speaks(self) -> str:
        return languages.chosen(
            self._cookies().get(session.LANGUAGE_COOKIE, ""), self._headers().get("accept-language", "")
        )

    # ------------------------------------------------------------ the request

    @property
    def _event(self) -> APIGatewayProxyEventV2:
        return self._resolver.current_event

    def _headers(self) -> dict[str, str]:
        return {name.lower(): value for name, value in (self._event.raw_event.get("headers") or {}).items()}

    def _cookies(self) -> dict[str, str]:
        return session.cookies(self._headers(), self._event.raw_event.get("cookies"))

    def _host(self) -> str:
        """As the browser knows it: a proxy in front names it in X-Forwarded-Host."""
        headers = self._headers()
        return headers.get("x-forwarded-host") or headers.get("host", "")

    def _gateway(self) -> str:
        """Said by the gateway, not by a header: the token is sent there."""
        return str(self._event.raw_event.get("requestContext", {}).get("domainName", ""))

    def _same_site(self) -> bool:
        return session.same_site(self._headers(), self._host())

    def _static(self, name: str) -> Response[str]:
        if name not in ASSETS:
            return self._lost()
        headers = SAFE | {"Cache-Control": _NOT_MODIFIED_FOR}
        return Response(200, f"{ASSETS[name]}; charset=utf-8", asset(name).decode(), headers)


def _redirect(to: str, cookie: str = "") -> Response[str]:
    headers: dict[str, Any] = SAFE | {"Location": to}
    return Response(303, body="", headers=headers | ({"Set-Cookie": cookie} if cookie else {}))


def _ours(path: str) -> str:
    """An address of the console, whatever was asked for: a link must not lead a visitor elsewhere."""
    plain = path.isascii() and path.isprintable() and "\\" not in path
    inside = path.partition("?")[0].rstrip("/") == "/console" or path.startswith("/console/")
    return path if plain and inside and not path.startswith(SIGN_IN) else address()
