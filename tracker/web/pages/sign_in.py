"""Signing in and out, the one-time link, one's own account."""

from __future__ import annotations

from typing import Annotated

from litestar import Controller, get, post
from litestar.params import FromQuery, QueryParameter

from tracker.access.roles import Permission
from tracker.api.conventions import cookies
from tracker.api.conventions.call import ApiRequest
from tracker.api.conventions.guard import PUBLIC
from tracker.api.conventions.limits import group_of
from tracker.api.conventions.replies import Reply
from tracker.api.resources.sessions import Acceptance, Credentials, PasswordBody
from tracker.domain.errors import TrackerError
from tracker.services import markets, people, sessions
from tracker.services.sign_in import SignedIn
from tracker.web import forms, view
from tracker.web.forms import Typed
from tracker.web.route import page


class SignIn(Controller):
    """Who is not signed in comes here first."""

    @get("/sign-in", opt=page(PUBLIC))
    async def show_sign_in(
        self, request: ApiRequest, next_: Annotated[str, QueryParameter(name="next")] = "/"
    ) -> Reply:
        """The form; `next` is where to go on to."""
        return view.render(request, "sign_in", next=view.own_path(next_))

    @post("/sign-in", opt=page(PUBLIC), status_code=303)
    async def sign_in(self, request: ApiRequest) -> Reply:
        """Signs in and goes on; what is refused says so and keeps the login."""
        given = await forms.values(request)
        go_on = view.own_path(given.get("next"))
        try:
            cookies.require_own(request.method, request.scope["headers"], None)
            wanted = forms.read(given, Credentials)
            jar = _jar(request)
            done = await request.service.sign_ins.sign_in(
                login=wanted.login,
                password=wanted.password,
                source=group_of(request.call.address),
                device=jar.device,
            )
        except TrackerError as refused:
            if refused.status >= 500:
                raise
            typed = Typed({"login": given.get("login", "")}, refused)
            return view.render(request, "sign_in", refused.status, typed=typed, next=go_on)
        if jar.session is not None:
            await sessions.leave(request.tracker, jar.session)
        return _entered(request, done, go_on)

    @get("/invitation", opt=page(PUBLIC))
    async def show_invitation(self, request: ApiRequest, token: FromQuery[str] = "") -> Reply:
        """The form of a one-time link; nothing is used up by looking."""
        return view.render(request, "invitation", token=token)

    @post("/invitation", opt=page(PUBLIC), status_code=303)
    async def accept(self, request: ApiRequest) -> Reply:
        """Chooses the password and signs in."""
        given = await forms.values(request)
        try:
            cookies.require_own(request.method, request.scope["headers"], None)
            wanted = forms.read(given, Acceptance)
            done = await request.service.sign_ins.accept(wanted.token, wanted.password)
        except TrackerError as refused:
            if refused.status >= 500:
                raise
            typed = Typed({"token": given.get("token", "")}, refused)
            return view.render(request, "invitation", refused.status, typed=typed, token="")
        return _entered(request, done, "/")

    @post("/sign-out", opt=page(PUBLIC), status_code=303)
    async def sign_out(self, request: ApiRequest) -> Reply:
        """Ends the session, if there is one; no other site's page does."""
        jar = _jar(request)
        digest = None if jar.session is None else sessions.digest_in(jar.session)
        token = digest and cookies.token_of(request.tracker.keyring, digest)
        cookies.require_own(request.method, request.scope["headers"], token)
        if jar.session is not None:
            await sessions.leave(request.tracker, jar.session)
        away = cookies.signed_out(secure=cookies.is_tls(request.scope))
        return view.see("/sign-in", "signed_out", away)

    @get("/account", opt=page(Permission.SESSION_OWN))
    async def show_account(self, request: ApiRequest) -> Reply:
        """Who I am, where I am signed in, and another password."""
        return await _account(request, Typed())

    @post("/account/password", opt=page(Permission.SESSION_OWN), status_code=303)
    async def change_password(self, request: ApiRequest) -> Reply:
        """Ends all other sessions."""
        try:
            wanted = forms.read(await forms.values(request), PasswordBody)
            done = await request.service.sign_ins.change(
                request.principal, present=wanted.present, password=wanted.password
            )
        except TrackerError as refused:
            if refused.status >= 500:
                raise
            return await _account(request, Typed({}, refused))
        return _entered(request, done, "/account", "password_changed")

    @post("/account/sessions", opt=page(Permission.SESSION_OWN), status_code=303)
    async def end_session(self, request: ApiRequest) -> Reply:
        """For a phone that was lost."""
        chosen = (await forms.values(request)).get("session", "")
        await sessions.end(request.tracker, request.principal.id, chosen)
        return view.see("/account", "session_ended")


def _jar(request: ApiRequest) -> cookies.Jar:
    return cookies.jar(request.scope["headers"], secure=cookies.is_tls(request.scope))


def _entered(request: ApiRequest, done: SignedIn, path: str, said: str | None = None) -> Reply:
    days = request.tracker.settings.session_days
    secure = cookies.is_tls(request.scope)
    made = cookies.signed_in(done.begun.cookie, done.device, days, secure=secure)
    return view.see(path, said, *made)


async def _account(request: ApiRequest, typed: Typed) -> Reply:
    me = request.principal
    known = {place.id: place.name for place in await markets.listed(request.tracker, me)}
    return view.render(
        request,
        "account",
        400 if typed.refused else 200,
        typed=typed,
        name=await people.name_of(request.tracker, me.id) if me.kind == "person" else me.name,
        markets=[known[market] for market in sorted(me.markets) if market in known],
        sessions=await sessions.listed(request.tracker, me.id, request.call.session),
    )
