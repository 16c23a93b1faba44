"""The bank's day: take a report, and give out what stands.

A report replaces the whole day of that bank in that market. What is kept of it: the number and
the sum of all payments and keyed hashes of the lines and of the set of vendors paid, in the
ledger; the set itself, as a record. A trader's own number or sum is written nowhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from msgspec import Struct

from tracker.access.keys import Principal
from tracker.access.roles import hidden
from tracker.access.vault import Keyring
from tracker.domain import activity
from tracker.domain.activity import Decided, FirstDays, Line
from tracker.domain.bitmaps import members
from tracker.domain.codes import vendor_code
from tracker.domain.days import day_date, day_of, moment_text
from tracker.domain.errors import Conflict, Fault, Invalid
from tracker.domain.facts import ActivityReported, FirstPaid
from tracker.domain.market import Market
from tracker.services.context import ATTEMPTS_MAX, Tracker, busy
from tracker.store.activity import (
    BankDay,
    DayState,
    decode_day,
    put_day,
    put_fact,
    put_first,
    put_report,
)
from tracker.store.bank_reports import Standing, of_fact
from tracker.store.commit import Commit, Done
from tracker.store.keys import Space
from tracker.vietqr import banks


class BankDayOut(Struct, frozen=True):
    """A bank's day as it stands; `paid` names the vendors, null once the set was dropped."""

    market: str
    date: str
    bin: str
    payments: int
    amount_vnd: int
    vendors: int
    reported_at: str
    paid: list[str] | None


class Reported(NamedTuple):
    """What came of a report: the one that stands now, if any, and what became of the lines.

    `recorded` tells whether the lines that count are the day now. They are not where there were
    lines and none counts (nothing was written), and not where the bank had stated another report
    of the day in the meantime (`overtaken`).
    """

    standing: Standing | None
    decided: Decided
    recorded: bool
    overtaken: bool = False


async def report(
    tracker: Tracker,
    by: str,
    market: str,
    *,
    day: int,
    bin_: str,
    lines: Sequence[Line],
    stated: int | None = None,
    dry: bool = False,
) -> Reported:
    """Records a bank's whole day in one market; the same lines again change nothing.

    `stated` is the moment (ms) at which the bank said so, by default now: what it said later of
    that day stands. No lines at all are a day without payments; lines of which none counts write
    nothing, for a file of mistakes must not empty a day. Raises `Invalid` (`IN_FUTURE`, `TOO_OLD`,
    `BEFORE_OPENING`), `Conflict` (`MARKET_CLOSED`), `NotFound`.
    """
    check_day(tracker, day)
    space = Space(market)
    for _ in range(ATTEMPTS_MAX):
        place = await tracker.market(market)
        check_open(place, day)
        decided = await _decide(tracker, place, lines, day, bin_)
        state = await tracker.activity.day(market, day, bin_)
        standing, known = state.report, state.banks
        if lines and not decided.accepted:
            return Reported(standing, decided, recorded=False)
        fact = _fact(tracker, by, market, day, bin_, decided, stated)
        if standing is not None and standing.lines == fact.lines:
            return Reported(standing, decided, recorded=True)
        if standing is not None and stated is not None and standing.at > stated:
            return Reported(standing, decided, recorded=False, overtaken=True)
        if any(bank.paid is None for bank in known.values()):
            raise too_old(tracker)
        if dry:
            return Reported(of_fact(fact), decided, recorded=True)
        first = await _first(tracker, market, day, bin_, decided.paid, state)
        if first is None:
            continue
        commit = Commit(space)
        put_fact(commit, space, fact, state.version)
        after = {**known, bin_: BankDay(fact.payments, fact.amount_vnd, decided.paid)}
        put_day(commit, space, day, state.raw_day, after)
        put_first(commit, space, state.raw_first, first.encoded())
        put_report(commit, space, fact, state.raw_report)
        commit.mark(day)
        if isinstance(await tracker.commit(commit), Done):
            return Reported(of_fact(fact), decided, recorded=True)
    raise busy()


def check_day(tracker: Tracker, day: int) -> None:
    """Passes a day that may be reported: today's is not over and can be replaced tomorrow."""
    if day > day_of(tracker.now()):
        raise Invalid("The day lies in the future. Correct the date.", code="IN_FUTURE")
    if day < oldest_day(tracker):
        raise too_old(tracker)


def check_bank(bin_: str) -> None:
    """Passes a BIN that some bank has; raises `Invalid` (`BIN_UNKNOWN`)."""
    if banks.find(bin_) is None:
        detail = "No bank has this BIN. GET /v1/banks lists those that are known."
        raise Invalid(detail, code="BIN_UNKNOWN", faults=(Fault("/path/bin", "PARAMETER", detail),))


def oldest_day(tracker: Tracker) -> int:
    """The first day whose sets are kept."""
    return day_of(tracker.now()) - tracker.settings.activity_days_kept


def too_old(tracker: Tracker) -> Invalid:
    """The refusal of a day whose sets of vendors are not kept any more."""
    since = day_date(oldest_day(tracker)).isoformat()
    return Invalid(
        f"Who was paid is kept since {since}; an older day can be reported no more.",
        code="TOO_OLD",
    )


def check_open(place: Market, day: int) -> None:
    """Passes a day on which the market was open."""
    if day < place.opened_on:
        opened = day_date(place.opened_on).isoformat()
        raise Invalid(f"The market opened on {opened}. Correct the date.", code="BEFORE_OPENING")
    if not place.open_on(day):
        raise Conflict("The market had closed by that day. Correct the date.", code="MARKET_CLOSED")


async def _decide(
    tracker: Tracker, place: Market, lines: Sequence[Line], day: int, bin_: str
) -> Decided:
    numbers = activity.numbers_of(place.prefix, lines)
    found = await tracker.reader.histories(place.id, place.prefix, numbers)
    histories = {history.number: history for history in found}
    return activity.decide(place.prefix, histories, lines, day=day, bin_=bin_)


def _fact(
    tracker: Tracker,
    by: str,
    market: str,
    day: int,
    bin_: str,
    decided: Decided,
    stated: int | None,
) -> ActivityReported:
    now, paid = tracker.now(), decided.paid
    where = (market, str(day), bin_)
    return ActivityReported(
        now if stated is None else stated,
        now,
        by,
        day=day,
        bin=bin_,
        payments=decided.payments,
        amount_vnd=decided.amount_vnd,
        vendors=len(members(paid)),
        lines=tracker.keyring.lookup("activity lines", *where, *decided.canonical()),
        paid=set_mark(tracker.keyring, market, day, bin_, paid),
    )


def set_mark(keyring: Keyring, market: str, day: int, bin_: str, paid: bytes) -> bytes:
    """The keyed hash by which a stored set is known to be the one that was reported."""
    return keyring.lookup("activity set", market, str(day), bin_, paid.hex())


async def _first(
    tracker: Tracker, market: str, day: int, bin_: str, paid: bytes, state: DayState
) -> FirstDays | None:
    """Since when each vendor has been paid, with this report; None where others wrote meanwhile.

    A report that replaces one may take a vendor's first paid day away: the next one is looked for
    among all days, and among what the ledger says of those whose sets were dropped.
    """
    first = FirstDays(state.raw_first or b"")
    before = state.banks.get(bin_)
    others = [bank.paid or b"" for name, bank in state.banks.items() if name != bin_]
    if before is not None and before.paid:
        gone = activity.not_any_more(first, day, before.paid, paid, others)
        if gone:
            version, _, days = await tracker.activity.days(market)
            if version != state.version:
                return None
            later = {d: decode_day(raw) for d, raw in days.items() if d > day}
            sets = [(d, bank.paid) for d, known in later.items() for bank in known.values()]
            known_sets = [(d, raw) for d, raw in sets if raw is not None]
            if len(known_sets) < len(sets):
                known_sets += await _dropped(tracker, market, day)
            activity.raise_first(first, gone, known_sets)
    first.paid(members(paid), day)
    return first


async def _dropped(tracker: Tracker, market: str, after: int) -> list[tuple[int, bytes]]:
    entries = tracker.reader.ledger(market)
    facts = [entry.fact async for entry in entries if isinstance(entry.fact, FirstPaid)]
    return [(fact.day, fact.vendors) for fact in facts if fact.day > after]


async def get(
    tracker: Tracker, principal: Principal, market: str, day: int, bin_: str
) -> BankDayOut:
    """A bank's day as it stands; raises `NotFound` where it was never reported."""
    if not (principal.may_market(market) and principal.may_bin(bin_)):
        raise hidden()
    place = await tracker.reader.market(market)
    if place is None:
        raise hidden()
    state = await tracker.activity.day(market, day, bin_)
    standing, bank = state.report, state.banks.get(bin_)
    if standing is None:
        raise hidden()
    paid = None if bank is None or bank.paid is None else members(bank.paid)
    return BankDayOut(
        market=market,
        date=day_date(day).isoformat(),
        bin=bin_,
        payments=standing.payments,
        amount_vnd=standing.amount_vnd,
        vendors=standing.vendors,
        reported_at=moment_text(standing.recorded),
        paid=None if paid is None else [vendor_code(place.prefix, number) for number in paid],
    )
