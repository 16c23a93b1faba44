"""What a reader of one vendor may know of its findings: the kind, and the other vendor or not.

The other is named to those who may see it. A bank is told of what was found on its own accounts
and references only, and never of the other: that a vendor has an account at another bank is not
its business, nor who its neighbour in a finding is.
"""

from __future__ import annotations

from tracker.access.keys import Principal
from tracker.access.vault import VendorVault
from tracker.domain import decide
from tracker.domain.codes import parse_vendor_code
from tracker.domain.facts import FindingKind
from tracker.domain.findings import refs_of
from tracker.domain.vendor import History
from tracker.services.context import Tracker
from tracker.services.shapes import DoubtOut


async def doubts_of(
    tracker: Tracker, principal: Principal, market: str, history: History
) -> list[DoubtOut]:
    """The vendor's findings as the principal may see them; those without `other` once a kind."""
    shown: set[tuple[FindingKind, str]] = set()
    for kind, other in history.replay().findings:
        prefix, number = parse_vendor_code(other)
        where = await tracker.market_id(prefix)
        if principal.role != "bank":
            shown.add((kind, other if principal.may_market(where) else ""))
            continue
        its = await tracker.reader.history(where, prefix, number)
        mine = await _shared(tracker, principal, kind, market, history)
        if mine & await _shared(tracker, principal, kind, where, its):
            shown.add((kind, ""))
    return [DoubtOut(kind=kind, other=other or None) for kind, other in sorted(shown)]


async def _shared(
    tracker: Tracker, principal: Principal, kind: FindingKind, market: str, history: History
) -> set[tuple[str, ...]]:
    """What the vendor holds of this kind at the bank's own BINs; an erased one holds nothing."""
    if kind == "partner_ref_reused":
        return {tuple(ref) for ref in refs_of(history) if principal.may_bin(ref.bin)}
    (wrapped,) = await tracker.reader.data_keys(market, [history.number])
    if wrapped is None:
        return set()
    vault = VendorVault(history.vendor_code, tracker.keyring.unwrap(wrapped))
    return {
        (account.bin, decide.details_of(account.details, vault).number)
        for account in history.replay().accounts.values()
        if principal.may_bin(account.bin)
    }
