"""Who trades at stalls that somebody names by what stands on the wall."""

from __future__ import annotations

from collections.abc import Sequence

from tracker.access.keys import Principal
from tracker.access.roles import hidden
from tracker.domain.codes import vendor_code
from tracker.domain.views import stall_name
from tracker.services.context import Tracker


async def vendors_at(
    tracker: Tracker, principal: Principal, market: str, stalls: Sequence[str]
) -> dict[str, str | None]:
    """The vendor code at each stall (as the registry writes it), None where nobody trades.

    Raises `NotFound` out of scope.
    """
    if not principal.may_market(market):
        raise hidden()
    place = await tracker.market(market)
    holders = await tracker.reader.holders(market, [stall_name(stall) for stall in stalls])
    return {
        stall: None if holder is None else vendor_code(place.prefix, int(holder))
        for stall, holder in zip(stalls, holders, strict=True)
    }
