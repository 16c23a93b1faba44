"""A code's life after its issue: prints, revocation, invoices, and its sticker."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from tracker.access.keys import Principal
from tracker.access.masking import View, mask_account, sees_personal
from tracker.access.vault import VendorVault
from tracker.domain import decide, decide_codes
from tracker.domain.facts import VendorFact
from tracker.domain.market import Market
from tracker.domain.vendor import Code, History
from tracker.services.codes import CodeWritten, find_code, full, payload_of
from tracker.services.context import ATTEMPTS_MAX, Once, Tracker, busy
from tracker.stickers.checkmark import check_mark
from tracker.stickers.design import Sticker
from tracker.store.commit import Commit, Done
from tracker.store.keys import Space
from tracker.vietqr import banks
from tracker.vietqr.compose import compose
from tracker.vietqr.text import payload_name

HOLDER_CHARS = 40
"""Characters of the holder's name on a sticker; banking apps show about as many."""


class Invoice(NamedTuple):
    """A one-off payload over a code."""

    code: str
    payload: str
    amount_vnd: int
    bill: str | None
    purpose: str | None


async def revoke(
    tracker: Tracker,
    principal: Principal,
    code: str,
    *,
    reason: str,
    occurred_at: int | None = None,
    once: Once | None = None,
) -> CodeWritten:
    """Ends a code, with a reason; ending it again changes nothing."""

    def wish(history: History, ordinal: int, when: decide.Stated) -> list[VendorFact]:
        return decide_codes.revoke(history, when, code=ordinal, reason=reason)

    return await _change(tracker, principal, code, wish, occurred_at=occurred_at, once=once)


async def print_again(
    tracker: Tracker, principal: Principal, code: str, once: Once | None = None
) -> CodeWritten:
    """Records one more print of a live code; `prints` counts them."""

    def wish(history: History, ordinal: int, when: decide.Stated) -> list[VendorFact]:
        return decide_codes.print_code(history, when, code=ordinal)

    return await _change(tracker, principal, code, wish, occurred_at=None, once=once)


async def _change(
    tracker: Tracker,
    principal: Principal,
    code: str,
    wish: Callable[[History, int, decide.Stated], list[VendorFact]],
    *,
    occurred_at: int | None,
    once: Once | None,
) -> CodeWritten:
    for _ in range(ATTEMPTS_MAX):
        market, history, known = await find_code(tracker, principal, code)
        vault = await tracker.vault(market, history)
        when = tracker.stated(principal, occurred_at)
        facts = wish(history, known.ordinal, when)
        after = history.then(*facts)
        code_ = after.replay().codes[known.ordinal]
        written = CodeWritten(full(market, after, code_, vault), bool(facts))
        if not facts and once is None:
            return written
        commit = Commit(Space(market))
        if facts:
            commit.vendor(history, facts)
        if once is not None:
            commit.answer(once.key, once.seal(written))
        if isinstance(await tracker.commit(commit), Done):
            return written
    raise busy()


async def invoice(
    tracker: Tracker,
    principal: Principal,
    code: str,
    *,
    amount_vnd: int,
    bill: str | None = None,
    purpose: str | None = None,
    once: Once | None = None,
) -> Invoice:
    """A payload for one invoice (initiation 12); the ledger keeps that it was made, no amount."""
    for _ in range(ATTEMPTS_MAX):
        market, history, known = await find_code(tracker, principal, code)
        vault = await tracker.vault(market, history)
        when = decide.stated(None, tracker.now(), principal.id)
        facts = decide_codes.compose_invoice(history, when, code=known.ordinal)
        account = decide.details_of(decide.account_behind(history, known).details, vault)
        payload = compose(
            known.bin,
            account.number,
            terminal=history.vendor_code,
            amount_vnd=amount_vnd,
            bill=bill,
            purpose=purpose,
            single_use=True,
        )
        made = Invoice(code, payload, amount_vnd, bill, purpose)
        commit = Commit(Space(market))
        commit.vendor(history, facts)
        if once is not None:
            commit.answer(once.key, once.seal(made))
        if isinstance(await tracker.commit(commit), Done):
            return made
    raise busy()


async def sticker_of(tracker: Tracker, principal: Principal, code: str) -> Sticker:
    """What is printed on the sticker of a code, as of its last print."""
    market, history, known = await find_code(tracker, principal, code)
    vault = await tracker.vault(market, history)
    place = await tracker.market(market)
    return sticker(
        tracker, principal, place, history, known, vault, print_number=max(known.prints, 1)
    )


def sticker(
    tracker: Tracker,
    principal: Principal,
    place: Market,
    history: History,
    code: Code,
    vault: VendorVault,
    *,
    print_number: int,
) -> Sticker:
    """The sticker of a code: the holder as a banking app shows it, the account masked.

    A bank that did not register the trader gets the holder of its account in place of the name.
    """
    vendor = history.replay()
    sight = sees_personal(principal, market=place.id, registered_by_bin=vendor.bin or None)
    account = decide.details_of(decide.account_behind(history, code).details, vault)
    bank = banks.find(code.bin)
    id_ = history.code_id(code.ordinal)
    holder = payload_name(account.holder, HOLDER_CHARS)
    hidden_name = sight.person is View.HIDDEN
    return Sticker(
        market=place.name,
        stall=vendor.stall or "",
        name=holder if hidden_name else decide.person_of(vendor, vault).name,
        bank=code.bin if bank is None else bank.short_name,
        bank_full="" if bank is None else bank.full_name,
        account=mask_account(account.number),
        holder=holder,
        code=id_,
        vendor=history.vendor_code,
        version=code.version,
        print_number=print_number,
        mark=check_mark(tracker.keyring.lookup("check mark"), id_, code.version),
        payload=payload_of(history, code, vault),
    )
