"""Issue codes, show them, record that a sticker hangs or was taken down."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from tracker.access.keys import Principal
from tracker.access.roles import hidden
from tracker.domain import decide
from tracker.domain.codes import event_id, parse_code_id, vendor_code
from tracker.domain.days import moment_text
from tracker.domain.errors import Fault, Invalid, NotFound
from tracker.domain.facts import (
    Attached,
    Payload,
    RemovalReason,
    Removed,
    Scanned,
    Vault,
    VendorFact,
)
from tracker.domain.vendor import Code, History, in_order
from tracker.services.context import ATTEMPTS_MAX, Once, Tracker, busy
from tracker.services.shapes import CodeOut, code_out
from tracker.services.vendor_reading import find, find_number
from tracker.services.vendors import reference_taken, require_bin
from tracker.store.commit import Commit, Done, Taken
from tracker.store.keys import Space
from tracker.vietqr.compose import compose
from tracker.vietqr.parse import parse


class CodeWritten(NamedTuple):
    """A code after a write; `created` is false where nothing was new."""

    code: CodeOut
    created: bool


class EventWritten(NamedTuple):
    """An event of a code: its id and the code after it; `created` false where it was known."""

    event: str
    occurred_at: str
    code: CodeOut
    created: bool


async def issue(
    tracker: Tracker,
    principal: Principal,
    vendor: str,
    *,
    bin_: str,
    ref: str | None = None,
    supplied: str | None = None,
    once: Once | None = None,
) -> CodeWritten:
    """Issues a code over the vendor's account at a bank, composed or `supplied` by the bank.

    An unchanged payload is the same version: the live code comes back. Raises `Conflict`
    `NO_ACCOUNT_AT_BANK` without an account and `PARTNER_REF_TAKEN`, `Invalid` where the supplied
    payload has faults or pays another account.
    """
    require_bin(principal, bin_)
    for _ in range(ATTEMPTS_MAX):
        market, history = await find(tracker, principal, vendor)
        vault = await tracker.vault(market, history)
        when = decide.stated(None, tracker.now(), principal.id)
        await tracker.require_open(market, when.at)
        own = None if supplied is None else _checked(history, vault, bin_, supplied)
        facts = decide.issue_code(history, vault, when, bin_=bin_, ref=ref, supplied=own)
        after = history.then(*facts)
        code = after.replay().live_code(bin_)
        if code is None:
            raise NotFound("There is no live code.")
        written = CodeWritten(full(market, after, code, vault), bool(facts))
        if await _write(tracker, market, history, facts, once, written):
            return written
    raise busy()


def _checked(history: History, vault: Vault, bin_: str, supplied: str) -> str | None:
    """A bank's own payload, if it pays the vendor's account; None where it is the composed one."""
    account = history.replay().accounts.get(bin_)
    if account is None:
        return supplied  # refused for want of an account
    number = decide.details_of(account.details, vault).number
    if supplied == compose(bin_, number, terminal=history.vendor_code):
        return None
    parsed = parse(supplied)
    faults = tuple(
        Fault("/payload", problem.code, f"{problem.en} (character {problem.position})")
        for problem in parsed.problems
        if problem.severity != "warning"
    )
    if parsed.verdict != "ok":
        raise Invalid(
            "The payload is no strict VietQR payload; `errors` says what is wrong and where.",
            code="PAYLOAD_NOT_STRICT",
            faults=faults,
        )
    if (parsed.bin, parsed.account) != (bin_, number):
        raise Invalid(
            "The payload pays another account than the vendor's at this bank. Link the account "
            "first, or send the payload of this one.",
            code="PAYLOAD_OTHER_ACCOUNT",
        )
    return supplied


async def attach(
    tracker: Tracker,
    principal: Principal,
    code: str,
    *,
    occurred_at: int | None,
    evidence: str,
    scan: str | None = None,
    ref: str | None = None,
    once: Once | None = None,
) -> EventWritten:
    """Records that the sticker of a code hangs at the stall since `occurred_at` (ms).

    `scan` is the id of a matched scan of this very code; another raises `Invalid`
    `SCAN_NOT_MATCHED`. Raises `Conflict` `PARTNER_REF_TAKEN`.
    """

    def wish(history: History, ordinal: int, when: decide.Stated) -> list[VendorFact]:
        if scan is not None and not _matched(history, scan, ordinal):
            raise Invalid(
                "This is no matched scan of this code. Scan the sticker at the stall first.",
                code="SCAN_NOT_MATCHED",
            )
        return decide.attach(history, when, code=ordinal, evidence=evidence, ref=ref, scan=scan)

    return await _event(tracker, principal, code, occurred_at, wish, once, Attached)


def _matched(history: History, scan: str, code: int) -> bool:
    for ordinal, fact in in_order(history.facts):
        if isinstance(fact, Scanned) and event_id(history.vendor_code, ordinal) == scan:
            return fact.verdict == "matched" and fact.code == code
    return False


async def remove(
    tracker: Tracker,
    principal: Principal,
    code: str,
    *,
    occurred_at: int | None,
    reason: RemovalReason,
    ref: str | None = None,
    once: Once | None = None,
) -> EventWritten:
    """Records that the sticker of a code hangs no more since `occurred_at` (ms), and why."""

    def wish(history: History, ordinal: int, when: decide.Stated) -> list[VendorFact]:
        return decide.remove(history, when, code=ordinal, reason=reason, ref=ref)

    return await _event(tracker, principal, code, occurred_at, wish, once, Removed)


async def _event(
    tracker: Tracker,
    principal: Principal,
    code: str,
    occurred_at: int | None,
    wish: Callable[[History, int, decide.Stated], list[VendorFact]],
    once: Once | None,
    kind: type[Attached | Removed],
) -> EventWritten:
    for _ in range(ATTEMPTS_MAX):
        market, history, known = await find_code(tracker, principal, code)
        when = tracker.stated(principal, occurred_at)
        if kind is Attached:
            await tracker.require_open(market, when.at)
        facts = wish(history, known.ordinal, when)
        after = history.then(*facts)
        event, fact = _last(after, kind, known.ordinal)
        shown = code_out(market, after, after.replay().codes[known.ordinal])
        written = EventWritten(event, moment_text(fact.at), shown, bool(facts))
        if await _write(tracker, market, history, facts, once, written):
            return written
    raise busy()


def _last(
    history: History, kind: type[Attached | Removed], code: int
) -> tuple[str, Attached | Removed]:
    for ordinal in range(history.version, 0, -1):
        fact = history.facts[ordinal - 1]
        if isinstance(fact, kind) and fact.code == code:
            return f"{history.vendor_code}.e{ordinal}", fact
    raise NotFound("There is no such event.")


async def _write(
    tracker: Tracker,
    market: str,
    history: History,
    facts: list[VendorFact],
    once: Once | None,
    written: CodeWritten | EventWritten,
) -> bool:
    if not facts and once is None:
        return True
    commit = Commit(Space(market))
    if facts:
        commit.vendor(history, facts)
    if once is not None:
        commit.answer(once.key, once.seal(written))
    outcome = await tracker.commit(commit)
    if isinstance(outcome, Taken):
        raise reference_taken(vendor_code(history.prefix, int(outcome.holder.partition(".")[0])))
    return isinstance(outcome, Done)


async def find_code(tracker: Tracker, principal: Principal, code: str) -> tuple[str, History, Code]:
    """Market, history and code of an id, within the principal's scope; else `NotFound`."""
    try:
        prefix, number, ordinal = parse_code_id(code)
    except (Invalid, NotFound) as wrong:
        raise hidden() from wrong
    market, history = await find_number(tracker, principal, prefix, number)
    known = history.replay().codes.get(ordinal)
    if known is None or not principal.may_bin(known.bin):
        raise hidden()
    return market, history, known


async def listed(tracker: Tracker, principal: Principal, vendor: str) -> list[CodeOut]:
    """A vendor's codes that the principal may see, oldest first, without payloads."""
    market, history = await find(tracker, principal, vendor)
    codes = history.replay().codes.values()
    return [code_out(market, history, c) for c in codes if principal.may_bin(c.bin)]


async def get(tracker: Tracker, principal: Principal, code: str) -> CodeOut:
    """A code with its payload and the payload's parts."""
    market, history, known = await find_code(tracker, principal, code)
    return full(market, history, known, await tracker.vault(market, history))


def full(market: str, history: History, code: Code, vault: Vault) -> CodeOut:
    """A code with payload, parts and links."""
    shown = code_out(market, history, code)
    account = decide.details_of(decide.account_behind(history, code).details, vault)
    payload = payload_of(history, code, vault)
    image = f"/v1/codes/{shown.id}/image"
    return CodeOut(
        id=shown.id,
        vendor=shown.vendor,
        market=market,
        bin=shown.bin,
        version=shown.version,
        state=shown.state,
        attached=shown.attached,
        issued_at=shown.issued_at,
        attached_at=shown.attached_at,
        ended_at=shown.ended_at,
        partner_ref=shown.partner_ref,
        source="composed" if code.supplied is None else "supplied",
        prints=code.prints,
        payload=payload,
        parts={"bin": code.bin, "account": account.number, "terminal": history.vendor_code},
        links={
            "png": f"{image}?format=png",
            "svg": f"{image}?format=svg",
            "pdf": f"{image}?format=pdf",
            "sticker": f"{image}?kind=sticker&format=pdf",
        },
    )


def payload_of(history: History, code: Code, vault: Vault) -> str:
    """The code's payload: the bank's own, or composed again from the account behind it."""
    if code.supplied is not None:
        return vault.open(code.supplied.event, code.supplied.blob, Payload).text
    account = decide.details_of(decide.account_behind(history, code).details, vault)
    return compose(code.bin, account.number, terminal=history.vendor_code)
