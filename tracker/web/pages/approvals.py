"""Four eyes: what waits for a second person, what it would change, and the decision."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated, Final, get_args

from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery, QueryParameter
from msgspec import Struct

from tracker.access.roles import Permission
from tracker.api.conventions.call import ApiRequest
from tracker.api.conventions.replies import Reply
from tracker.api.resources.approvals import Decision
from tracker.domain.approvals import State
from tracker.domain.errors import NotFound
from tracker.services import approvals, events, four_eyes, markets, vendor_reading, who
from tracker.services.approval_shapes import ApprovalOut
from tracker.services.shapes import VendorOut
from tracker.web import forms, values, view
from tracker.web.forms import Typed
from tracker.web.pages import acting
from tracker.web.pages.vendor import story_of
from tracker.web.route import page
from tracker.web.story import Story
from tracker.web.texts import say
from tracker.web.words import bank_name

SHOWN: Final = 20
SIGNS: Final[dict[State, str]] = {
    "waiting": "calm",
    "approved": "good",
    "rejected": "bad",
    "stale": "",
    "expired": "",
}


class Shown(Struct, frozen=True):
    """An approval as people read it: what is wanted, and what stands `before` and `after`.

    `mine`: the reader asked for it, so another person decides.
    """

    one: ApprovalOut
    market: str
    text: str
    before: str | None
    after: str | None
    asked_by: str
    decided_by: str | None
    mine: bool
    vendor: VendorOut | None
    sign: str


class ApprovalPages(Controller):
    """The list and each of it."""

    @get("/approvals", opt=page(Permission.APPROVALS_READ))
    async def show_all(
        self,
        request: ApiRequest,
        wanted: Annotated[str, QueryParameter(name="state")] = "waiting",
        after: FromQuery[str] = "",
    ) -> Reply:
        """What waits, oldest first; or how others ended."""
        standing: State = next((one for one in get_args(State) if one == wanted), "waiting")
        found, last = await approvals.listed(
            request.tracker,
            request.principal,
            market=None,
            state=standing,
            after=after or None,
            limit=SHOWN,
        )
        return view.render(
            request,
            "approvals",
            approvals=await _shown(request, found),
            states=SIGNS,
            state=standing,
            after=after,
            last=last,
        )

    @get("/approvals/{approval:str}", opt=page(Permission.APPROVALS_READ))
    async def show(self, request: ApiRequest, approval: FromPath[str]) -> Reply:
        """One, and the form of the decision for who may decide."""
        return await _one(request, approval, Typed())

    @post("/approvals/{approval:str}", opt=page(Permission.APPROVALS_DECIDE), status_code=303)
    async def decide(self, request: ApiRequest, approval: FromPath[str]) -> Reply:
        """Approves or rejects, with the reason."""

        async def form(typed: Typed) -> Reply:
            return await _one(request, approval, typed)

        async def deed(given: dict[str, str]) -> Reply:
            wanted = forms.read(given, Decision)
            await four_eyes.decide(
                request.tracker,
                request.principal,
                approval,
                outcome=wanted.decision,
                reason=wanted.reason,
            )
            return view.see(f"/approvals/{approval}", f"approval_{wanted.decision}")

        return await acting.attempt(request, form, deed)


async def _one(request: ApiRequest, approval: str, typed: Typed) -> Reply:
    found = await approvals.get(request.tracker, request.principal, approval)
    (shown,) = await _shown(request, [found])
    status = acting.status_of(typed)
    return view.render(request, "approval", status, approval=shown, typed=typed)


async def _shown(request: ApiRequest, found: Sequence[ApprovalOut]) -> list[Shown]:
    tracker, me = request.tracker, request.principal
    asked = {one.asked_by for one in found} | {one.decided_by for one in found}
    names = await who.named(tracker, me, [id_ for id_ in asked if id_ is not None])
    people = Story(view.reader_of(request).language, me, [], names)
    places = {one.id: one.name for one in await markets.listed(tracker, me)}
    shown = []
    for one in found:
        vendor = None
        if one.vendor is not None:
            with suppress(NotFound):  # the registration was taken back meanwhile
                vendor = await vendor_reading.get(tracker, me, one.vendor)
        text, before, after = await _change(request, one, vendor)
        shown.append(
            Shown(
                one,
                places.get(one.market, one.market),
                text,
                before,
                after,
                people.who(one.asked_by),
                None if one.decided_at is None else people.who(one.decided_by),
                one.asked_by == me.id,
                vendor,
                SIGNS[one.state],
            )
        )
    return shown


async def _change(
    request: ApiRequest, one: ApprovalOut, vendor: VendorOut | None
) -> tuple[str, str | None, str | None]:
    """What is wanted as a sentence, and what stands before and after it."""
    language = view.reader_of(request).language
    if one.account is not None:
        wanted = one.account
        text = say(language, "approval.account", bank=bank_name(wanted.bin))
        after = " ".join(part for part in (wanted.number, wanted.holder) if part)
        return text, wanted.replaces, after or None
    if one.status is not None:
        before = None
        if vendor is not None and vendor.status and one.state == "waiting":
            before = say(language, f"status.{vendor.status}")
        status = say(language, f"status.{one.status.status}")
        after = f"{status} ({one.status.reason})" if one.status.reason else status
        return say(language, "approval.status"), before, after
    if one.void is not None:
        undone = say(language, f"approval.void_{'vendor' if one.vendor else 'market'}")
        return f"{undone} {one.void.reason}", await _fact(request, one), None
    census = one.census
    if census is None:
        return one.kind, None, None
    text = say(language, "approval.census", day=values.day(language, census.effective_on))
    number = values.number
    after = f"{number(language, census.vendors)} ({census.source})"
    return text, number(language, census.replaces), after


async def _fact(request: ApiRequest, one: ApprovalOut) -> str | None:
    """The fact that a void would take back, in words."""
    if one.void is None or one.vendor is None:
        return None
    with suppress(NotFound, KeyError):
        facts = await events.of_vendor(request.tracker, request.principal, one.vendor)
        told = (await story_of(request, facts)).one(one.void.event)
        day = values.day(view.reader_of(request).language, told.occurred_at)
        return f"{told.text} ({day}, {told.who})"
    return None
