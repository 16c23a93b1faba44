"""Makes pages: the templates, what all of them know, and refusals as pages."""

from __future__ import annotations

import gzip
from functools import cache, partial
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from litestar import Request, Response
from msgspec import Struct

from tracker.access.keys import Principal
from tracker.access.roles import Level, Permission, level
from tracker.api.conventions import cookies, problems, replies
from tracker.api.conventions.call import ApiRequest, call_of
from tracker.api.conventions.replies import Header, Reply
from tracker.domain.errors import TrackerError
from tracker.web import charts, texts, values
from tracker.web.assets import addresses
from tracker.web.forms import Typed
from tracker.web.texts import Language, language_of, say

HTML: Final = "text/html; charset=utf-8"
LANGUAGE: Final = "tracker_language"
"""The cookie that keeps the language somebody chose; it says nothing about them."""

POLICY: Final[Header] = (
    b"content-security-policy",
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    b"font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; "
    b"form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
)
_ALWAYS: Final[tuple[Header, ...]] = (
    POLICY,
    # Without a sender's name a browser says "null" for the origin of our own forms.
    (b"referrer-policy", b"same-origin"),
    (b"vary", b"cookie, accept-encoding"),
)
GZIP_FROM_BYTES: Final = 1_400
"""What fits in one packet gains nothing."""

GZIP_LEVEL: Final = 2
"""A roster's page is 3.6 KiB by it and 3.4 by level 5, which costs twice the time."""


class Reader(Struct, frozen=True):
    """Who reads a page: language, and who signed in, if anybody did."""

    language: Language
    principal: Principal | None

    def may(self, permission: str, market: str | None = None) -> bool:
        """Whether the reader may do this, in this market if one is named."""
        who = self.principal
        return (
            who is not None
            and level(who.role, Permission(permission)) is Level.DOES
            and (market is None or who.may_market(market))
        )

    def sees(self, permission: str) -> bool:
        """Whether the reader may at least see this."""
        who = self.principal
        return who is not None and level(who.role, Permission(permission)) is not Level.NOTHING


def render(
    request: ApiRequest, template: str, status: int = 200, *more: Header, **given: Any
) -> Reply:
    """The page of a template (without `.html`) as an answer.

    Every template knows `t` (a phrase), `reader`, `url` (of an asset), `here` (path and query),
    `said` (the key of what was just done, if known), `typed` (a form sent in vain, or an empty
    one) and the filters of `values`: number, signed, percent, points, money, day, moment.
    """
    reader = reader_of(request)
    said = request.query_params.get("said", "")
    page = _environment(reader.language).get_template(f"{template}.html")
    body = page.render(
        reader=reader,
        here=here(request),
        said=said if texts.known(f"said.{said}") else "",
        request_id=request.call.request_id,
        **{"typed": Typed(), **given},
    ).encode()
    headers = (*_ALWAYS, *more)
    if len(body) >= GZIP_FROM_BYTES and "gzip" in request.headers.get("accept-encoding", ""):
        body, headers = (
            gzip.compress(body, GZIP_LEVEL, mtime=0),
            (*headers, (b"content-encoding", b"gzip")),
        )
    return replies.content(body, HTML, status, *headers)


def reader_of(request: ApiRequest) -> Reader:
    """Who reads, as far as the guard learned it."""
    cookie = cookies.named(LANGUAGE, secure=cookies.is_tls(request.scope))
    return Reader(language_of(request.cookies.get(cookie)), request.call.principal)


def here(request: ApiRequest) -> str:
    """Path and query of this page, to come back to."""
    query = request.scope["query_string"].decode("latin-1")
    return quote(request.scope["path"], safe="/") + (f"?{query}" if query else "")


def own_path(text: str | None, otherwise: str = "/") -> str:
    """A path of ours to go on to, whatever a link or form says: never another site's address."""
    parts = urlsplit(text or "")
    fine = text and not parts.scheme and not parts.netloc and parts.path.startswith("/")
    return text if fine and text and "\\" not in text and not text.startswith("//") else otherwise


def see(path: str, said: str | None = None, *more: Header) -> Reply:
    """On to another page after something was done (303); `said` is the key of what to say there."""
    if said is not None:
        path += ("&" if "?" in path else "?") + urlencode({"said": said})
    return Reply(303, (replies.location(path), (b"content-length", b"0"), *more), b"")


def refusal(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """A refusal as a page; who is not signed in is asked to be."""
    known = problems.translated(error)
    asked = ApiRequest(request.scope)
    if known.status == 401 and request.method in {"GET", "HEAD"}:
        reply = see(f"/sign-in?{urlencode({'next': here(asked)})}")
    else:
        problems.note(error, known, call_of(request.scope).request_id)
        reply = render(asked, "refused", known.status, *problems.headers(known), refused=known)
    said = {name.decode(): value.decode() for name, value in reply.headers}
    return Response(reply.body, status_code=reply.status, headers=said)


def explained(language: Language, error: TrackerError) -> str:
    """What a refusal says to people: the catalogue's words, or those of the API."""
    key = f"problem.{error.code}"
    return say(language, key) if texts.known(key) else error.detail


def fault_text(language: Language, code: str) -> str:
    """What is wrong with a field."""
    key = f"fault.{code}"
    return say(language, key) if texts.known(key) else say(language, "fault.other")


@cache
def _environment(language: Language) -> Environment:
    made = Environment(
        loader=PackageLoader("tracker.web", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        auto_reload=False,
    )
    made.globals |= {
        "t": partial(say, language),
        "known": texts.known,
        "language": language,
        "url": addresses().__getitem__,
        "explained": partial(explained, language),
        "fault_text": partial(fault_text, language),
        "trend": partial(charts.trend, language),
        "bar": charts.bar,
    }
    for one in (
        values.number,
        values.signed,
        values.percent,
        values.points,
        values.money,
        values.day,
        values.moment,
    ):
        made.filters[one.__name__] = partial(one, language)
    return made
