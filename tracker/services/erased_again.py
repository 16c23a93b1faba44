"""After a restore: who was erased stays erased, however old the backup is.

Whom the backup still knew is forgotten by a new fact. Of the others, too, something may have come
along that was not cleared when the backup was made: everybody on the list is noted as an erasure
that is not done everywhere, and cleared like one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tracker.domain.codes import parse_vendor_code
from tracker.services import erased_answers, erasure
from tracker.services.context import Tracker
from tracker.store.commit import Commit
from tracker.store.erasures import Pending, put
from tracker.store.keys import Space
from tracker.store.load import Load

BY: Final = "restore"
"""Who states the erasures."""


async def apply(tracker: Tracker, load: Load, erased: Mapping[str, int]) -> list[str]:
    """Forgets everybody on the list (vendor code → when, ms); returns those whom it knew still.

    The list stays whole, with those whom this store never knew. Raises `Invalid` for a text that is
    no vendor code.
    """
    applied = await erasure.apply(tracker, BY, erased)
    for vendor in applied.still:
        prefix, number = parse_vendor_code(vendor)
        market = await tracker.market_id(prefix)
        commit = Commit(Space(market))
        put(commit, Space(market), Pending(market, number, vendor, erased[vendor], ()))
        await tracker.commit(commit)
    await load.erased(erased)
    if erased:
        await erased_answers.clear(tracker, erased.keys())
    await erasure.complete_all(tracker)
    return applied.again
