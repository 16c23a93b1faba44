"""The field team's round: the next stall, what hangs there, and what was done about it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final, get_args
from urllib.parse import quote, unquote

from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery

from tracker.access.roles import Permission, hidden
from tracker.api.conventions import bodies, uploads
from tracker.api.conventions.call import ApiRequest
from tracker.api.conventions.replies import Reply
from tracker.api.resources.codes import NewAttachment, NewRemoval
from tracker.api.resources.scans import PHOTO, PHOTO_BYTES_MAX, NewPhoto
from tracker.domain.days import moment_text
from tracker.domain.errors import Fault, Invalid, NotFound, TooLarge, TrackerError
from tracker.domain.facts import RemovalReason
from tracker.services import codes, field_round, scan_records, scans, stalls, vendor_reading
from tracker.services.field_round import Visit
from tracker.services.shapes import CodeOut, VendorOut
from tracker.web import forms, view
from tracker.web.forms import Typed
from tracker.web.listing import some
from tracker.web.pages import acting
from tracker.web.route import page
from tracker.web.words import bank_name, ended_for

_ROUND: Final = "/markets/{market:str}/round"
_STALL: Final = f"{_ROUND}/{{stall:str}}"
SIGNS: Final = {
    "incident": "bad",
    "printed_not_attached": "warn",
    "issued_not_printed": "warn",
    "stale_verification": "calm",
    "dormant": "calm",
}
LOOKS: Final = {
    "matched": "good",
    "superseded": "warn",
    "altered": "warn",
    "other_stall": "bad",
    "foreign_account": "bad",
    "other_scheme": "calm",
    "unreadable": "calm",
}
"""How the page of each verdict looks; its sign and words say the same."""


Deed = Callable[[CodeOut, dict[str, str]], Awaitable[str]]
"""Does what a form asks for to a code; gives the key of what to say."""


class FieldRoundPages(Controller):
    """The list, one stall, and the verdict on its sticker.

    With `kept` a page is made to lie on a phone for a day: it names no trader.
    """

    @get(_ROUND, opt=page(Permission.ROUND_READ))
    async def show_round(
        self,
        request: ApiRequest,
        market: FromPath[str],
        after: FromQuery[str] = "",
        start: FromQuery[str] = "",
        kept: FromQuery[str] = "",
    ) -> Reply:
        """The stalls where nobody was today, those up to `after` put off to the end."""
        place = await request.tracker.market(market)
        round_ = await field_round.walk(request.tracker, request.principal, market)
        open_ = [visit for visit in round_.visits if visit.vendor not in round_.visited]
        return view.render(
            request,
            "round",
            market=place,
            some=some(_put_off(open_, after), start),
            seen=[visit for visit in round_.visits if visit.vendor in round_.visited],
            visited=len(round_.visited),
            after=after,
            **_shared(request, market, kept),
        )

    @get(_STALL, opt=page(Permission.ROUND_READ))
    async def show_stall(
        self,
        request: ApiRequest,
        market: FromPath[str],
        stall: FromPath[str],
        kept: FromQuery[str] = "",
    ) -> Reply:
        """What to do at one stall. Raises `NotFound` `STALL_UNKNOWN`."""
        return await _stall(request, market, unquote(stall), Typed(), kept)

    @post(
        f"{_STALL}/scan",
        opt=page(Permission.SCANS_WRITE),
        status_code=303,
        request_max_body_size=None,  # counted as the photograph is read
    )
    async def scan(self, request: ApiRequest, market: FromPath[str], stall: FromPath[str]) -> Reply:
        """Reads the photograph of the sticker and goes on to the verdict."""
        at = unquote(stall)
        try:
            given, photo = await uploads.form(request, PHOTO, PHOTO_BYTES_MAX)
            new = bodies.check({**given, "market": market, "stall": at}, NewPhoto)
            if not photo:
                raise Invalid("No photo was chosen.", code="FILE_MISSING")
            seen = await scans.payloads_in(photo)
            made = await scans.scan(request.tracker, request.principal, market, new.stall, seen)
        except TrackerError as refused:
            if refused.status >= 500:
                raise
            return await _stall(request, market, at, Typed({}, _of_a_photo(refused)))
        return view.see(f"{path_of(market, made.stall)}/scans/{made.id}")

    @get(f"{_STALL}/scans/{{scan:str}}", opt=page(Permission.ROUND_READ))
    async def show_verdict(
        self,
        request: ApiRequest,
        market: FromPath[str],
        stall: FromPath[str],
        scan: FromPath[str],
    ) -> Reply:
        """What hangs there, in words, sign and colour, and what to do now."""
        record = await scan_records.get(request.tracker, request.principal, scan)
        if record.market != market:
            raise hidden()
        return view.render(
            request,
            "round_verdict",
            market=await request.tracker.market(market),
            stall=record.stall or unquote(stall),
            scan=record,
            look=LOOKS[record.verdict],
            bank=bank_name,
            **_shared(request, market, ""),
        )

    @post(f"{_STALL}/attach", opt=page(Permission.ATTACHMENTS_WRITE), status_code=303)
    async def attach(
        self, request: ApiRequest, market: FromPath[str], stall: FromPath[str]
    ) -> Reply:
        """Records that the sticker of one of the stall's codes hangs there."""

        async def deed(code: CodeOut, given: dict[str, str]) -> str:
            new = forms.read(given, NewAttachment)
            await codes.attach(
                request.tracker,
                request.principal,
                code.id,
                occurred_at=None,
                evidence=new.evidence.kind,
                scan=new.evidence.scan,
            )
            return "code_attached"

        return await _done(request, market, unquote(stall), deed)

    @post(f"{_STALL}/remove", opt=page(Permission.REMOVALS_WRITE), status_code=303)
    async def remove(
        self, request: ApiRequest, market: FromPath[str], stall: FromPath[str]
    ) -> Reply:
        """Records that it hangs no more, and why."""

        async def deed(code: CodeOut, given: dict[str, str]) -> str:
            new = forms.read(given, NewRemoval)
            await codes.remove(
                request.tracker, request.principal, code.id, occurred_at=None, reason=new.reason
            )
            return "code_removed"

        return await _done(request, market, unquote(stall), deed)


def path_of(market: str, stall: str) -> str:
    """The page of a stall; a stroke in its name is escaped twice, as it is read twice."""
    escaped = stall.replace("%", "%25").replace("/", "%2F")
    return f"/markets/{market}/round/{quote(escaped, safe='')}"


def _put_off(visits: list[Visit], after: str) -> list[Visit]:
    """The visits from the one after this stall on, then those before."""
    at = next((n for n, visit in enumerate(visits, 1) if visit.stall == after), 0)
    return visits[at:] + visits[:at]


def _of_a_photo(refused: TrackerError) -> TrackerError:
    """What is said of a file that is too large is of no help with a photo."""
    if refused.code != "FILE_TOO_LARGE":
        return refused
    return TooLarge(refused.detail, code="PICTURE_TOO_LARGE")


async def _vendor(request: ApiRequest, market: str, stall: str) -> VendorOut:
    found = await stalls.vendors_at(request.tracker, request.principal, market, [stall])
    vendor = found[stall]
    if vendor is None:
        raise NotFound("No vendor is registered at this stall.", code="STALL_UNKNOWN")
    return await vendor_reading.get(request.tracker, request.principal, vendor)


async def _done(request: ApiRequest, market: str, stall: str, deed: Deed) -> Reply:
    given = await forms.values(request)
    try:
        shown = await _vendor(request, market, stall)
        chosen = next((one for one in shown.codes if one.id == given.get("code")), None)
        if chosen is None:
            raise Invalid(
                "This form names no code of the stall.", faults=(Fault("/code", "NOT_ALLOWED", ""),)
            )
        said = await deed(chosen, given)
    except TrackerError as refused:
        if refused.status >= 500:
            raise
        return await _stall(request, market, stall, Typed(given, refused))
    return view.see(f"/markets/{market}/round?after={quote(stall, safe='')}", said)


async def _stall(
    request: ApiRequest, market: str, stall: str, typed: Typed, kept: str = ""
) -> Reply:
    shown = await _vendor(request, market, stall)
    language = view.reader_of(request).language
    return view.render(
        request,
        "round_stall",
        acting.status_of(typed),
        market=await request.tracker.market(market),
        stall=shown.stall,
        vendor=shown,
        codes=[code for code in shown.codes if code.state == "live"],
        typed=typed,
        bank=bank_name,
        reasons=[(one, ended_for(language, one)) for one in get_args(RemovalReason)],
        **_shared(request, market, kept),
    )


def _shared(request: ApiRequest, market: str, kept: str) -> dict[str, Any]:
    return {
        "kept": moment_text(request.tracker.now()) if kept else None,
        "path": lambda stall: path_of(market, stall),
        "signs": SIGNS,
    }
