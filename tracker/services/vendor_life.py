"""A vendor after registration: corrections, moves, status, and accounts that end."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from msgspec import UNSET, Struct, UnsetType

from tracker.access.keys import Principal
from tracker.access.masking import View, sees_personal
from tracker.domain import decide, decide_vendor
from tracker.domain.codes import event_id
from tracker.domain.days import moment_text
from tracker.domain.decide_approvals import ask_status
from tracker.domain.errors import Forbidden
from tracker.domain.facts import Status
from tracker.domain.vendor import History
from tracker.domain.views import stall_name
from tracker.services import room
from tracker.services.approval_shapes import Pending, asker, pending
from tracker.services.context import ATTEMPTS_MAX, Once, Tracker, busy
from tracker.services.outcomes import stall_taken, stands
from tracker.services.shapes import VendorOut
from tracker.services.vendor_reading import find, present
from tracker.services.vendors import add_zone
from tracker.store.commit import Commit
from tracker.store.keys import Space

Check = Callable[[int], None]
"""Given the vendor's version; raises where the caller decided on another."""


class Correction(Struct, frozen=True):
    """What of a vendor is corrected: UNSET leaves it, None clears."""

    name: str | UnsetType = UNSET
    phone: str | UnsetType | None = UNSET
    zone: str | UnsetType | None = UNSET
    category: str | UnsetType | None = UNSET


class VendorEvent(NamedTuple):
    """An event of a vendor: its id and the vendor after it; `created` false where it was known."""

    event: str
    occurred_at: str
    vendor: VendorOut
    created: bool


async def correct(
    tracker: Tracker, principal: Principal, vendor: str, wanted: Correction, check: Check
) -> VendorOut:
    """Corrects name, phone, zone and category; a zone that is new joins the market's list.

    Raises `Forbidden` for a bank that did not register the vendor.
    """
    for _ in range(ATTEMPTS_MAX):
        market, history = await find(tracker, principal, vendor)
        check(history.version)
        _require_registrar(principal, market, history)
        when = tracker.stated(principal)
        facts = decide.update_profile(
            history,
            await tracker.vault(market, history),
            when,
            name=None if wanted.name is UNSET else wanted.name,
            phone=_told(wanted.phone),
            zone=_told(wanted.zone),
            category=_told(wanted.category),
        )
        shown = await _shown(tracker, principal, market, history.then(*facts))
        if not facts:
            return shown
        await tracker.known_groups.require(market, _named(wanted.zone), _named(wanted.category))
        commit = Commit(Space(market))
        commit.vendor(history, facts)
        if isinstance(wanted.zone, str):
            add_zone(commit, await tracker.market(market), wanted.zone, when)
        if stands(await tracker.commit(commit), history.prefix):
            return shown
    raise busy()


def _named(given: str | UnsetType | None) -> str | None:
    return None if given is UNSET else given


def _told(given: str | UnsetType | None) -> str | None:
    """As `decide.update_profile` takes it: None leaves, an empty text clears."""
    return None if given is UNSET else given or ""


def _require_registrar(principal: Principal, market: str, history: History) -> None:
    registered_by = history.replay().bin or None
    sight = sees_personal(principal, market=market, registered_by_bin=registered_by)
    if sight.person is not View.CLEAR:
        raise Forbidden(
            "A bank corrects the vendors that it registered. Ask the market's manager to correct "
            "this one."
        )


async def move(
    tracker: Tracker,
    principal: Principal,
    vendor: str,
    *,
    stall: str,
    occurred_at: int | None = None,
    once: Once | None = None,
) -> VendorEvent:
    """The vendor trades at another stall of the market since `occurred_at` (ms).

    The same move again gives the event that stands. Raises `Conflict` `STALL_TAKEN` where another
    vendor trades at the stall now; who traded there in the past does not matter.
    """
    for _ in range(ATTEMPTS_MAX):
        market, history = await find(tracker, principal, vendor)
        when = tracker.stated(principal, occurred_at)
        facts = decide_vendor.move(history, when, stall=stall)
        after = history.then(*facts)
        if facts:
            await tracker.require_open(market, when.at)
            if not after.replay().on_roster:
                await _require_free(tracker, market, history, stall)
        event, fact = (after.version, facts[-1]) if facts else decide_vendor.placed_by(after, stall)
        moved = VendorEvent(
            event_id(history.vendor_code, event),
            moment_text(fact.at),
            await _shown(tracker, principal, market, after),
            bool(facts),
        )
        if not facts and once is None:
            return moved
        commit = Commit(Space(market))
        if facts:
            commit.vendor(history, facts)
        if once is not None:
            commit.answer(once.key, once.seal(moved))
        if stands(await tracker.commit(commit), history.prefix):
            return moved
    raise busy()


async def _require_free(tracker: Tracker, market: str, history: History, stall: str) -> None:
    """Who has left holds no stall, so no commit looks: here it is looked at, and not held."""
    holder = (await tracker.reader.holders(market, [stall_name(stall)]))[0]
    if holder is not None and int(holder) != history.number:
        raise stall_taken(History(history.prefix, int(holder)).vendor_code)


async def put_status(
    tracker: Tracker,
    principal: Principal,
    vendor: str,
    *,
    status: Status,
    reason: str | None,
    check: Check,
    occurred_at: int | None = None,
) -> VendorOut | Pending:
    """Trading, suspended or left since `occurred_at` (ms); the same again changes nothing.

    Coming back takes the stall again: `Conflict` `STALL_TAKEN` where another trades there now.
    A change that lifts a suspension for fraud, by whatever other status or reason, waits for a
    second person.
    """
    for _ in range(ATTEMPTS_MAX):
        market, history = await find(tracker, principal, vendor)
        when = tracker.stated(principal, occurred_at)
        facts = decide_vendor.change_status(history, when, status=status, reason=reason)
        after = history.then(*facts)
        shown = await _shown(tracker, principal, market, after)
        if not facts:
            return shown
        asked = ask_status(history, when, asker(principal), status=status, reason=reason)
        if isinstance(asked, int):
            return pending(tracker, principal, market, history, asked)
        check(history.version)
        if asked is not None:
            await room.for_approval(tracker, market)
            commit, after = Commit(Space(market)), history.then(asked)
            commit.vendor(history, [asked])
            if stands(await tracker.commit(commit), history.prefix):
                return pending(tracker, principal, market, after, after.version)
            continue
        if after.replay().on_roster and not history.replay().on_roster:
            await tracker.require_open(market, when.at)
        commit = Commit(Space(market))
        commit.vendor(history, facts)
        if stands(await tracker.commit(commit), history.prefix):
            return shown
    raise busy()


async def unlink_account(
    tracker: Tracker, principal: Principal, vendor: str, bin_: str, check: Check
) -> VendorOut:
    """The vendor has no account at the bank any more.

    Raises `NotFound` where there is none, `Conflict` `ACCOUNT_HAS_LIVE_CODE`.
    """
    for _ in range(ATTEMPTS_MAX):
        market, history = await find(tracker, principal, vendor)
        if bin_ in history.replay().accounts:
            check(history.version)
        facts = decide_vendor.unlink_account(history, tracker.stated(principal), bin_=bin_)
        shown = await _shown(tracker, principal, market, history.then(*facts))
        commit = Commit(Space(market))
        commit.vendor(history, facts)
        if stands(await tracker.commit(commit), history.prefix):
            return shown
    raise busy()


async def _shown(
    tracker: Tracker, principal: Principal, market: str, history: History
) -> VendorOut:
    return (await present(tracker, principal, market, [history]))[0]
