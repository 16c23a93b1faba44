"""`/v1/people`: accounts for the web, and the one-time links that open them."""

from __future__ import annotations

from typing import Annotated, TypeVar

from litestar import Controller, delete, get, patch, post
from litestar.params import FromPath, JSONBody
from msgspec import UNSET, Meta, Struct, UnsetType, json

from tracker.access.keys import Role
from tracker.access.roles import Permission
from tracker.api import links
from tracker.api.conventions import conditional, replies
from tracker.api.conventions.call import ApiRequest
from tracker.api.conventions.paging import LIMIT, After, Limit, Page, page_of
from tracker.api.conventions.replies import Reply
from tracker.api.conventions.retries import once
from tracker.api.operation import Answer, operation
from tracker.api.resources.fields import MARKET_EXAMPLE, SCOPE_RULE, Bin, MarketId, PersonName
from tracker.api.rules import told
from tracker.domain.people import LOGIN_CHARS_MAX, LOGIN_CHARS_MIN, login_fault, login_of
from tracker.services import invitations, people
from tracker.services.context import Once
from tracker.services.invitations import InvitationOut
from tracker.services.people import NewPerson as Wanted
from tracker.services.people import PersonChange, PersonOut
from tracker.store.keys import SERVICE

T = TypeVar("T")


def _login(text: str) -> tuple[str, str]:
    login = login_of(text)
    return login, "" if login_fault(login) is None else "LOGIN_UNREADABLE"


Login = Annotated[
    str,
    Meta(
        min_length=LOGIN_CHARS_MIN,
        max_length=LOGIN_CHARS_MAX,
        description="An e-mail address or a phone number; case and spelling do not matter.",
        extra_json_schema={"format": "login"},
        extra={"normal": _login},
    ),
]
Bins = Annotated[tuple[Bin, ...], Meta(max_length=100)]
Markets = Annotated[tuple[MarketId, ...], Meta(max_length=1000)]


@told(SCOPE_RULE)
class NewPerson(Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody who is to sign in on the web."""

    name: PersonName
    login: Login
    role: Role
    bins: Bins = ()
    markets: Markets = ()


class PersonPatch(Struct, frozen=True, forbid_unknown_fields=True):
    """What of a person changes (RFC 7396): what is absent stays."""

    name: PersonName | UnsetType = UNSET
    login: Login | UnsetType = UNSET
    role: Role | UnsetType = UNSET
    bins: Bins | UnsetType = UNSET
    markets: Markets | UnsetType = UNSET
    active: bool | UnsetType = UNSET


class People(Controller):
    """Who may sign in on the web, in which role and scope."""

    tags = ("people",)

    @get(
        "/v1/people",
        summary="List people",
        opt=operation(
            Permission.PEOPLE_MANAGE,
            {200: Answer("People within your scope, oldest first.", Page[PersonOut])},
        ),
    )
    async def list_people(
        self, request: ApiRequest, limit: Limit = LIMIT, after: After = None
    ) -> Reply:
        """Those too who are no longer active: what they stated stays theirs."""
        found = await people.listed(request.tracker, request.principal)
        return replies.data(page_of(request, found, _place, limit, after))

    @post(
        "/v1/people",
        summary="Add a person",
        opt=operation(
            Permission.PEOPLE_MANAGE,
            {
                201: Answer(
                    "The person was added.",
                    PersonOut,
                    headers=("Location", "ETag"),
                    links=links.PERSON,
                ),
                200: Answer(
                    "Just this person is there.",
                    PersonOut,
                    headers=("Location", "ETag"),
                    links=links.PERSON,
                ),
            },
            problems=("SCOPE", "LOGIN_TAKEN", "BUSY"),
            body={
                "name": "Lê Thị Mai",
                "login": "mai@example.vn",
                "role": "manager",
                "markets": [MARKET_EXAMPLE],
            },
            retries=True,
        ),
    )
    async def add_person(self, request: ApiRequest, data: JSONBody[NewPerson]) -> Reply:
        """Nobody signs in before they were invited. Nobody gives a person more than they have."""
        wanted = Wanted(
            data.name,
            data.login,
            data.role,
            tuple(dict.fromkeys(data.bins)),
            tuple(dict.fromkeys(data.markets)),
        )

        async def act(key: Once | None) -> tuple[PersonOut, bool]:
            return await people.add(request.tracker, request.principal, wanted, key)

        return await once(request, data, act, _render, SERVICE)

    @get(
        "/v1/people/{person:str}",
        summary="Get a person",
        opt=operation(
            Permission.PEOPLE_MANAGE,
            {200: Answer("The person.", PersonOut, headers=("ETag",))},
        ),
    )
    async def get_person(self, request: ApiRequest, person: FromPath[str]) -> Reply:
        """Name and login in clear; whoever asks is an admin."""
        found = await people.get(request.tracker, request.principal, person)
        etag = _etag(found.version)
        return conditional.reply(request, json.encode(found), etag=etag)

    @patch(
        "/v1/people/{person:str}",
        summary="Change a person",
        opt=operation(
            Permission.PEOPLE_MANAGE,
            {200: Answer("The person after it.", PersonOut, headers=("ETag",))},
            problems=("SCOPE", "LOGIN_TAKEN", "OWN_ACCOUNT", "BUSY"),
            body={"name": "Lê Thị Mai Anh"},
            if_match=True,
        ),
    )
    async def change_person(
        self, request: ApiRequest, person: FromPath[str], data: JSONBody[PersonPatch]
    ) -> Reply:
        """`active: false` signs the person out everywhere; what they stated stays theirs.

        Role and scope hold from the next request on.
        """
        wanted = PersonChange(
            name=_given(data.name),
            login=_given(data.login),
            role=_given(data.role),
            bins=_given(data.bins),
            markets=_given(data.markets),
            active=_given(data.active),
        )

        def check(version: int) -> None:
            conditional.require_match(request, _etag(version))

        changed = await people.change(request.tracker, request.principal, person, wanted, check)
        return conditional.written(json.encode(changed), etag=_etag(changed.version))

    @post(
        "/v1/people/{person:str}/invitation",
        summary="Invite a person",
        opt=operation(
            Permission.PEOPLE_MANAGE,
            {201: Answer("The link's token: shown this once.", InvitationOut)},
            problems=("PERSON_INACTIVE", "BUSY"),
            retries=True,
        ),
    )
    async def invite_person(self, request: ApiRequest, person: FromPath[str]) -> Reply:
        """With the token the person chooses a password (`POST /v1/session/invitation`), once.

        It opens for 72 hours and replaces an earlier one; the present password holds until then,
        so this is also for who forgot it. A repeat under the same Idempotency-Key does not show
        the token again: ask for another.
        """

        async def act(key: Once | None) -> InvitationOut:
            return await invitations.invite(request.tracker, request.principal, person, key)

        return await once(
            request, None, act, _render_invitation, SERVICE, InvitationOut.without_token
        )

    @delete(
        "/v1/people/{person:str}/sessions",
        summary="Sign a person out",
        opt=operation(
            Permission.PEOPLE_MANAGE, {200: Answer("The person; signed out now.", PersonOut)}
        ),
        status_code=200,
    )
    async def end_sessions(self, request: ApiRequest, person: FromPath[str]) -> Reply:
        """Ends every session, wherever it was begun. The password stays."""
        found = await people.get(request.tracker, request.principal, person)
        await request.tracker.sessions.drop_all(found.id)
        return replies.data(found)


def _given(value: T | UnsetType) -> T | None:
    return None if isinstance(value, UnsetType) else value


def _etag(version: int) -> str:
    return f'"{version}"'


def _render(added: tuple[PersonOut, bool]) -> Reply:
    person, new = added
    return replies.data(
        person,
        201 if new else 200,
        replies.location(f"/v1/people/{person.id}"),
        (b"etag", _etag(person.version).encode()),
    )


def _render_invitation(invitation: InvitationOut) -> Reply:
    return replies.data(invitation, 201)


def _place(person: PersonOut) -> str:
    return f"{person.created_at} {person.id}"
