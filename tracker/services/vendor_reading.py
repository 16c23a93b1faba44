"""Read vendors: one by its code, a market's by filters, as far as the reader may see them."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import UNSET, Struct
from msgspec.structs import replace

from tracker.access.keys import Principal
from tracker.access.roles import hidden
from tracker.access.vault import VendorVault
from tracker.domain import rows
from tracker.domain.codes import parse_vendor_code
from tracker.domain.errors import Invalid, NotFound
from tracker.domain.reasons import asked_for
from tracker.domain.text import search_key
from tracker.domain.vendor import History, Stage
from tracker.services.context import Tracker
from tracker.services.doubts import doubts_of
from tracker.services.shapes import VendorOut, vendor_out


async def find(tracker: Tracker, principal: Principal, vendor: str) -> tuple[str, History]:
    """Market and history of a vendor within the principal's scope; else `NotFound`."""
    try:
        prefix, number = parse_vendor_code(vendor)
    except Invalid as wrong:
        raise hidden() from wrong
    return await find_number(tracker, principal, prefix, number)


async def find_number(
    tracker: Tracker, principal: Principal, prefix: str, number: int
) -> tuple[str, History]:
    """As `find`, by prefix and number."""
    try:
        market = await tracker.market_id(prefix)
    except NotFound as unknown:
        raise hidden() from unknown
    if not principal.may_market(market):
        raise hidden()
    history = await tracker.reader.history(market, prefix, number)
    if history.replay().stall is None:
        raise hidden()
    return market, history


async def get(tracker: Tracker, principal: Principal, vendor: str) -> VendorOut:
    """One vendor as the principal may see it."""
    market, history = await find(tracker, principal, vendor)
    shown = (await present(tracker, principal, market, [history]))[0]
    return replace(shown, doubts=await doubts_of(tracker, principal, market, history))


class Filter(Struct, frozen=True):
    """Which vendors of a market: by stage, zone, category, bank (BIN), a part of the name, and why
    they are not attached (`domain.reasons`)."""

    stage: Stage | None = None
    zone: str | None = None
    category: str | None = None
    bank: str | None = None
    q: str | None = None
    reason: str | None = None


async def page(
    tracker: Tracker, principal: Principal, market: str, wanted: Filter, after: int, limit: int
) -> tuple[list[VendorOut], int | None]:
    """Vendors on the roster by number, after a number; with the number to go on from, if any.

    `q` finds a part of the name (without diacritics), the stall or the vendor code; a name only
    where the principal may read it.
    """
    place = await tracker.market(market)
    roster = await tracker.reader.roster(market)
    match wanted.stage:
        case "attached":
            chosen = roster.where(rows.ATTACHED)
        case "issued":
            chosen = roster.where(rows.ISSUED, without=rows.ATTACHED)
        case "registered":
            chosen = roster.where(rows.ON_ROSTER, without=rows.ISSUED)
        case None:
            chosen = roster.where(rows.ON_ROSTER)
    numbers = [n for n in chosen if n > after]
    found: list[VendorOut] = []
    step = max(limit + 1, 200)
    for start in range(0, len(numbers), step):
        some = numbers[start : start + step]
        histories = await tracker.reader.histories(market, place.prefix, some)
        shown = await present(tracker, principal, market, histories)
        found += [vendor for vendor in shown if _fits(vendor, wanted)]
        if len(found) > limit:
            return found[:limit], parse_vendor_code(found[limit - 1].vendor)[1]
    return found, None


def _fits(vendor: VendorOut, wanted: Filter) -> bool:
    if wanted.stage is not None and vendor.stage is UNSET:
        return False  # a bank does not learn by a filter what it may not see
    if wanted.reason is not None and not asked_for(wanted.reason, vendor.reason or None):
        return False
    if wanted.zone is not None and vendor.zone != wanted.zone:
        return False
    if wanted.category is not None and vendor.category != wanted.category:
        return False
    if wanted.bank is not None and wanted.bank not in {a.bin for a in vendor.accounts}:
        return False
    if wanted.q is None:
        return True
    needle = search_key(wanted.q)
    name = vendor.name if isinstance(vendor.name, str) else ""
    return any(needle in search_key(text) for text in (name, vendor.stall, vendor.vendor))


async def present(
    tracker: Tracker, principal: Principal, market: str, histories: Sequence[History]
) -> list[VendorOut]:
    """Vendors as the principal may see them; those whose data were erased without them."""
    wrapped = await tracker.reader.data_keys(market, [h.number for h in histories])
    shown = []
    for history, key in zip(histories, wrapped, strict=True):
        vault = None
        if key is not None:
            vault = VendorVault(history.vendor_code, tracker.keyring.unwrap(key))
        shown.append(vendor_out(market, history, history.replay(), vault, principal))
    return shown
