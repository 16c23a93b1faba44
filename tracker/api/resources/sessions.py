"""`/v1/session`, `/v1/sessions`: people sign in and out, and choose their password."""

from __future__ import annotations

from typing import Annotated

from litestar import Controller, delete, get, post, put
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from tracker.access.roles import Permission
from tracker.api.conventions import cookies, replies
from tracker.api.conventions.call import ApiRequest
from tracker.api.conventions.guard import PUBLIC
from tracker.api.conventions.limits import group_of
from tracker.api.conventions.paging import LIMIT, After, Limit, Page, page_of
from tracker.api.conventions.replies import Reply
from tracker.api.operation import Answer, operation
from tracker.domain.errors import Invalid
from tracker.domain.people import LOGIN_CHARS_MAX, PASSWORD_CHARS_MAX
from tracker.services import sessions
from tracker.services.keys import refused
from tracker.services.sessions import SessionOut
from tracker.services.sign_in import SignedIn
from tracker.store.sessions import Seen


def _as_typed(text: str) -> tuple[str, str]:
    return text, ""


Typed = Annotated[
    str, Meta(max_length=PASSWORD_CHARS_MAX, extra={"normal": _as_typed}, description="As typed.")
]
LoginTyped = Annotated[
    str,
    Meta(max_length=2 * LOGIN_CHARS_MAX, extra={"normal": _as_typed}, description="As typed."),
]


class Credentials(Struct, frozen=True, forbid_unknown_fields=True):
    """Who signs in."""

    login: LoginTyped
    password: Typed

    def __repr__(self) -> str:
        return "Credentials()"


class Acceptance(Struct, frozen=True, forbid_unknown_fields=True):
    """The token of a one-time link, and the password from now on."""

    token: Annotated[str, Meta(max_length=100)]
    password: Typed

    def __repr__(self) -> str:
        return "Acceptance()"


class PasswordBody(Struct, frozen=True, forbid_unknown_fields=True):
    """The present password, and the one from now on."""

    present: Typed
    password: Typed

    def __repr__(self) -> str:
        return "PasswordBody()"


class SignedInOut(Struct, frozen=True):
    """Who signed in. A change by cookie carries `csrf_token` as `X-CSRF-Token`, or comes from the
    service's own pages.
    """

    person: str
    session: SessionOut
    csrf_token: str


_COOKIES = ("Set-Cookie",)
TOKEN_EXAMPLE = "cmi_pmnopqrst_" + "0" * 49


class Sessions(Controller):
    """People's sessions: a cookie that no script reads; the server keeps and ends them."""

    tags = ("sessions",)

    @post(
        "/v1/session",
        summary="Sign in",
        opt=operation(
            PUBLIC,
            {201: Answer("Signed in: the cookies are set.", SignedInOut, headers=_COOKIES)},
            problems=("SIGN_IN_REFUSED", "TOO_MANY_TRIES", "CSRF", "BUSY", "STORE_AWAY"),
            body={"login": "mai@example.vn", "password": "xuống chợ từ sớm tinh mơ"},
        ),
    )
    async def sign_in(self, request: ApiRequest, data: JSONBody[Credentials]) -> Reply:
        """A new session, whatever cookie was sent; one that was open in this browser has ended.

        Who fails waits, longer each time: for this login from this address alone. A browser that
        signed in with this login before is counted by itself.
        """
        _own_page(request)
        jar = _jar(request)
        done = await request.service.sign_ins.sign_in(
            login=data.login,
            password=data.password,
            source=group_of(request.call.address),
            device=jar.device,
        )
        if jar.session is not None:  # its cookie is replaced, so nobody could end it later
            await sessions.leave(request.tracker, jar.session)
        return _signed_in(request, done)

    @post(
        "/v1/session/invitation",
        summary="Use a one-time link",
        opt=operation(
            PUBLIC,
            {201: Answer("Signed in: the cookies are set.", SignedInOut, headers=_COOKIES)},
            problems=("INVITATION_INVALID", "CSRF", "BUSY", "STORE_AWAY"),
            body={"token": TOKEN_EXAMPLE, "password": "xuống chợ từ sớm tinh mơ"},
        ),
    )
    async def accept_invitation(self, request: ApiRequest, data: JSONBody[Acceptance]) -> Reply:
        """Chooses a password of at least ten characters, ends all other sessions and signs in."""
        _own_page(request)
        done = await request.service.sign_ins.accept(data.token, data.password)
        return _signed_in(request, done)

    @put(
        "/v1/session/password",
        summary="Choose another password",
        opt=operation(
            Permission.SESSION_OWN,
            {
                200: Answer(
                    "Done: a new session, the cookies are set.", SignedInOut, headers=_COOKIES
                )
            },
            problems=("NO_SESSION", "TOO_MANY_TRIES", "BUSY"),
            body={"present": "xuống chợ từ sớm tinh mơ", "password": "đi chợ chiều hôm qua"},
        ),
    )
    async def change_password(self, request: ApiRequest, data: JSONBody[PasswordBody]) -> Reply:
        """Every other session of the person ends, and this one goes on under a new cookie."""
        _own_session(request)
        done = await request.service.sign_ins.change(
            request.principal, present=data.present, password=data.password
        )
        return _signed_in(request, done, 200)

    @delete(
        "/v1/session",
        summary="Sign out",
        opt=operation(
            Permission.SESSION_OWN,
            {200: Answer("The session that has ended.", SessionOut, headers=_COOKIES)},
            problems=("NO_SESSION",),
        ),
        status_code=200,
    )
    async def sign_out(self, request: ApiRequest) -> Reply:
        """Ends the session that asks."""
        digest = _own_session(request)
        person = request.principal.id
        ended = (await request.tracker.sessions.all(person)).get(digest)
        if ended is None:  # in the same moment, from elsewhere
            raise refused()
        await request.tracker.sessions.drop(person, [digest])
        away = cookies.signed_out(secure=cookies.is_tls(request.scope))
        return replies.data(sessions.out(digest, ended, digest), 200, away)

    @get(
        "/v1/sessions",
        summary="List my sessions",
        opt=operation(
            Permission.SESSION_OWN,
            {200: Answer("Your open sessions, oldest first.", Page[SessionOut])},
        ),
    )
    async def list_sessions(
        self, request: ApiRequest, limit: Limit = LIMIT, after: After = None
    ) -> Reply:
        """Where you are signed in; a key has no sessions. `last_seen_at` is exact to minutes."""
        me = request.principal
        found = await sessions.listed(request.tracker, me.id, request.call.session)
        return replies.data(page_of(request, found, _place, limit, after))

    @delete(
        "/v1/sessions/{session:str}",
        summary="End one of my sessions",
        opt=operation(
            Permission.SESSION_OWN,
            {200: Answer("Your sessions that are still open.", Page[SessionOut])},
        ),
        status_code=200,
    )
    async def end_session(self, request: ApiRequest, session: FromPath[str]) -> Reply:
        """For a phone that was lost: it is signed out at once."""
        me = request.principal
        await sessions.end(request.tracker, me.id, session)
        left = await sessions.listed(request.tracker, me.id, request.call.session)
        return replies.data(Page(left))


def _jar(request: ApiRequest) -> cookies.Jar:
    return cookies.jar(request.scope["headers"], secure=cookies.is_tls(request.scope))


def _own_page(request: ApiRequest) -> None:
    """Nobody is signed in by another site's page, as somebody else."""
    cookies.require_own(request.method, request.scope["headers"], None)


def _own_session(request: ApiRequest) -> str:
    digest = request.call.session
    if digest is None:
        raise Invalid(
            "This is for people who signed in; a key has no session and no password.",
            code="NO_SESSION",
        )
    return digest


def _signed_in(request: ApiRequest, done: SignedIn, status: int = 201) -> Reply:
    begun = done.begun
    seen = Seen(begun.session, begun.session.created)
    body = SignedInOut(
        person=begun.person,
        session=sessions.out(begun.digest, seen, begun.digest),
        csrf_token=cookies.token_of(request.tracker.keyring, begun.digest),
    )
    days = request.tracker.settings.session_days
    tls = cookies.is_tls(request.scope)
    return replies.data(
        body, status, *cookies.signed_in(begun.cookie, done.device, days, secure=tls)
    )


def _place(session: SessionOut) -> str:
    return f"{session.created_at} {session.id}"
