"""People who sign in: add, change, invite by a one-time link, sign out, let go."""

from __future__ import annotations

from functools import partial
from typing import Annotated
from urllib.parse import urlencode

from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery, QueryParameter

from tracker.access.roles import Permission
from tracker.api.conventions.call import ApiRequest
from tracker.api.conventions.replies import Reply
from tracker.api.resources.people import NewPerson
from tracker.domain.days import moment_text
from tracker.domain.text import search_key
from tracker.services import invitations, markets, people, sessions
from tracker.services.people import NewPerson as Wanted
from tracker.services.people import PersonChange, PersonOut
from tracker.web import forms, listing, view
from tracker.web.forms import Typed
from tracker.web.pages import acting, admin_forms
from tracker.web.route import page
from tracker.web.words import bank_name


class AdminPeople(Controller):
    """The list and each of them."""

    @get("/admin/people", opt=page(Permission.PEOPLE_MANAGE))
    async def show_all(
        self,
        request: ApiRequest,
        q: FromQuery[str] = "",
        ended: FromQuery[str] = "",
        skip: Annotated[str, QueryParameter(name="page")] = "",
    ) -> Reply:
        """Those who may sign in, by name; with `ended` those who may not any more."""
        wanted = search_key(q)
        found = [
            one
            for one in await people.listed(request.tracker, request.principal)
            if one.active is not bool(ended) and wanted in search_key(f"{one.name} {one.login}")
        ]
        found.sort(key=lambda one: search_key(one.name))
        return view.render(
            request,
            "admin_people",
            some=listing.some(found, skip),
            now=moment_text(request.tracker.now()),
            names=dict(await _markets(request)),
            bank_name=bank_name,
            q=q,
            ended=ended,
            typed=Typed({"q": q}),
        )

    @get("/admin/people/new", opt=page(Permission.PEOPLE_MANAGE))
    async def show_new(self, request: ApiRequest) -> Reply:
        """The form."""
        return await _form(request, None, Typed())

    @post("/admin/people/new", opt=page(Permission.PEOPLE_MANAGE), status_code=200)
    async def add(self, request: ApiRequest) -> Reply:
        """Adds somebody and shows their one-time link, this once."""

        async def deed(given: dict[str, str]) -> Reply:
            new = forms.read(given, NewPerson)
            wanted = Wanted(
                new.name,
                new.login,
                new.role,
                tuple(dict.fromkeys(new.bins)),
                tuple(dict.fromkeys(new.markets)),
            )
            person, _ = await people.add(request.tracker, request.principal, wanted)
            return await _link(request, person)

        return await admin_forms.attempt(request, partial(_form, request, None), deed)

    @get("/admin/people/{person:str}", opt=page(Permission.PEOPLE_MANAGE))
    async def show(self, request: ApiRequest, person: FromPath[str]) -> Reply:
        """One person: what they may, where they are signed in."""
        return await _form(request, person, Typed())

    @post("/admin/people/{person:str}", opt=page(Permission.PEOPLE_MANAGE), status_code=303)
    async def change(self, request: ApiRequest, person: FromPath[str]) -> Reply:
        """Another name, login, role or scope; holds from their next request on."""

        async def deed(given: dict[str, str]) -> Reply:
            new = forms.read(given, NewPerson)
            wanted = PersonChange(
                name=new.name,
                login=new.login,
                role=new.role,
                bins=tuple(dict.fromkeys(new.bins)),
                markets=tuple(dict.fromkeys(new.markets)),
            )
            check = acting.unchanged(given)
            await people.change(request.tracker, request.principal, person, wanted, check)
            return view.see(f"/admin/people/{person}", "person_saved")

        return await admin_forms.attempt(request, partial(_form, request, person), deed)

    @post(
        "/admin/people/{person:str}/invitation",
        opt=page(Permission.PEOPLE_MANAGE),
        status_code=200,
    )
    async def invite(self, request: ApiRequest, person: FromPath[str]) -> Reply:
        """Makes another one-time link and shows it, this once; the one before opens no more."""

        async def deed(given: dict[str, str]) -> Reply:
            found = await people.get(request.tracker, request.principal, person)
            return await _link(request, found)

        return await admin_forms.attempt(request, partial(_form, request, person), deed)

    @post(
        "/admin/people/{person:str}/sessions", opt=page(Permission.PEOPLE_MANAGE), status_code=303
    )
    async def sign_out(self, request: ApiRequest, person: FromPath[str]) -> Reply:
        """Ends every session of theirs; the password stays."""

        async def deed(given: dict[str, str]) -> Reply:
            found = await people.get(request.tracker, request.principal, person)
            for one in await sessions.listed(request.tracker, found.id, None):
                await sessions.end(request.tracker, found.id, one.id)
            return view.see(f"/admin/people/{person}", "person_signed_out")

        return await admin_forms.attempt(request, partial(_form, request, person), deed)

    @post("/admin/people/{person:str}/active", opt=page(Permission.PEOPLE_MANAGE), status_code=303)
    async def set_active(self, request: ApiRequest, person: FromPath[str]) -> Reply:
        """Lets somebody go, who is signed out at once, or lets them in again."""

        async def deed(given: dict[str, str]) -> Reply:
            wanted = PersonChange(active=given.get("active") == "1")
            check = acting.unchanged(given)
            await people.change(request.tracker, request.principal, person, wanted, check)
            said = "person_back" if wanted.active else "person_gone"
            return view.see(f"/admin/people/{person}", said)

        return await admin_forms.attempt(request, partial(_form, request, person), deed)


async def _markets(request: ApiRequest) -> list[tuple[str, str]]:
    found = await markets.listed(request.tracker, request.principal)
    return sorted(((one.id, one.name) for one in found), key=lambda pair: search_key(pair[1]))


async def _link(request: ApiRequest, person: PersonOut) -> Reply:
    """The page with a new one-time link; it is nowhere else, and no address holds it."""
    made = await invitations.invite(request.tracker, request.principal, person.id)
    start = request.tracker.settings.public_url or str(request.base_url)
    link = f"{start.rstrip('/')}/invitation?{urlencode({'token': made.token})}"
    return view.render(request, "admin_link", person=person, link=link, until=made.expires_at)


async def _form(request: ApiRequest, person: str | None, typed: Typed) -> Reply:
    tracker = request.tracker
    found = None if person is None else await people.get(tracker, request.principal, person)
    known = {} if found is None else _known(found)
    return view.render(
        request,
        "admin_person",
        acting.status_of(typed),
        person=found,
        known=known,
        typed=typed,
        roles=admin_forms.every_role(request),
        banks=admin_forms.every_bank(),
        markets=await _markets(request),
        sessions=[] if found is None else await sessions.listed(tracker, found.id, None),
        now=moment_text(request.tracker.now()),
        mine=found is not None and found.id == request.principal.id,
    )


def _known(person: PersonOut) -> dict[str, str]:
    return {
        "name": person.name,
        "login": person.login,
        "role": person.role,
        "bins": "\n".join(person.bins),
        "markets": "\n".join(person.markets),
    }
