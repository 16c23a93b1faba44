"""Scans: what hangs at the stall, compared with the registry."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from msgspec import Struct

from tracker.access.keys import Principal
from tracker.access.masking import mask_account
from tracker.access.roles import hidden
from tracker.domain import decide
from tracker.domain.codes import event_id
from tracker.domain.days import moment_text
from tracker.domain.decide_codes import record_scan
from tracker.domain.errors import NotFound
from tracker.domain.facts import Scanned, Vault, VendorFact
from tracker.domain.scans import UNREADABLE, Judged, Seen, Verdict, judge
from tracker.domain.vendor import History
from tracker.domain.views import stall_name
from tracker.services import account_index
from tracker.services.codes import payload_of
from tracker.services.context import ATTEMPTS_MAX, Once, Tracker, busy
from tracker.store.commit import Commit, Done
from tracker.store.keys import Space
from tracker.vietqr.parse import parse

WORST: tuple[Verdict, ...] = (
    "foreign_account",
    "other_stall",
    "superseded",
    "altered",
    "matched",
    "other_scheme",
    "unreadable",
)
"""Of several codes in one picture the first of these verdicts is the picture's."""

_READERS = ThreadPoolExecutor(1, "photo")
"""One at a time, as the reader works: a queue of photographs takes no thread that others need."""

TRANSFERS = frozenset({"QRIBFTTA", "QRIBFTTC"})
"""VietQR services that pay into an account or card (NAPAS VietQR v1.0)."""


class SeenOut(Struct, frozen=True, kw_only=True):
    """One code of the picture: its verdict, and bank and masked account that it pays.

    `id` names this one as evidence of an attachment.
    """

    id: str
    verdict: Verdict
    bin: str | None = None
    account: str | None = None
    code: str | None = None
    incident: str | None = None


class Expected(Struct, frozen=True):
    """What should hang there: the vendor's live codes, accounts masked."""

    vendor: str
    stall: str
    codes: list[str]
    accounts: list[str]


class ScanOut(Struct, frozen=True, kw_only=True):
    """The verdict on a stall: of several codes the worst. `id` is that of the deciding one."""

    id: str
    market: str
    stall: str
    verdict: Verdict
    expected: Expected
    seen: list[SeenOut]
    incident: str | None
    scanned_at: str


def read(payload: str) -> Seen:
    """A payload's text as the comparison needs it; what no strict parser takes is unreadable."""
    parsed = parse(payload)
    if parsed.verdict == "reject":
        return UNREADABLE
    transfer = parsed.verdict != "other_scheme" and parsed.service in TRANSFERS
    return Seen(payload, transfer, parsed.bin, parsed.account)


async def payloads_in(photo: bytes) -> list[str]:
    """The texts of all codes in a photograph. Raises `BadPicture`; the photograph is not kept."""
    from tracker.photos import read_codes  # noqa: PLC0415  # heavy; most scans bring a payload

    return await asyncio.get_running_loop().run_in_executor(_READERS, read_codes, photo)


async def scan(
    tracker: Tracker,
    principal: Principal,
    market: str,
    stall: str,
    payloads: Sequence[str],
    *,
    occurred_at: int | None = None,
    once: Once | None = None,
) -> ScanOut:
    """Judges what was read at a stall and records it; no payload at all is `unreadable`.

    A stranger's account opens an incident. A scan attaches nothing. Raises `NotFound` for a
    market out of scope, `STALL_UNKNOWN` where no vendor is registered at the stall.
    """
    if not principal.may_market(market) or await tracker.reader.market(market) is None:
        raise hidden()
    seen = [read(payload) for payload in dict.fromkeys(payloads)] or [UNREADABLE]
    for _ in range(ATTEMPTS_MAX):
        history = await _at(tracker, market, stall)
        vault = await tracker.vault(market, history)
        when = tracker.stated(principal, occurred_at)
        facts: list[VendorFact] = []
        shown: list[SeenOut] = []
        for one in seen:
            now = history.then(*facts)
            judged = await _judge(tracker, market, now, vault, one)
            facts += record_scan(now, vault, when, seen=one, judged=judged)
            shown.append(_seen_out(history.then(*facts), one, judged))
        after = history.then(*facts)
        out = _scan_out(market, stall, after, vault, shown, when)
        commit = Commit(Space(market))
        commit.vendor(history, facts)
        if once is not None:
            commit.answer(once.key, once.seal(out))
        if isinstance(await tracker.commit(commit), Done):
            await account_index.complete(tracker, market)
            return out
    raise busy()


async def _at(tracker: Tracker, market: str, stall: str) -> History:
    holder = (await tracker.reader.holders(market, [stall_name(stall)]))[0]
    if holder is None:
        raise NotFound("No vendor is registered at this stall.", code="STALL_UNKNOWN")
    place = await tracker.market(market)
    return await tracker.reader.history(market, place.prefix, int(holder))


async def _judge(
    tracker: Tracker, market: str, history: History, vault: Vault, seen: Seen
) -> Judged:
    codes = history.replay().codes
    payloads = {n: payload_of(history, code, vault) for n, code in codes.items()}
    judged = judge(history, vault, seen, payloads=payloads, registered_elsewhere=False)
    if judged.verdict != "foreign_account" or seen.bin is None or seen.account is None:
        return judged
    await account_index.complete_all(tracker)
    others = await account_index.holders(tracker, account_index.ACCOUNT, seen.bin, seen.account)
    elsewhere = any((m, h.number) != (market, history.number) for m, h, _ in others)
    return judge(history, vault, seen, payloads=payloads, registered_elsewhere=elsewhere)


def _seen_out(history: History, seen: Seen, judged: Judged) -> SeenOut:
    last = history.facts[-1]
    incident = last.incident if isinstance(last, Scanned) else None
    return SeenOut(
        id=event_id(history.vendor_code, history.version),
        verdict=judged.verdict,
        bin=seen.bin,
        account=None if seen.account is None else mask_account(seen.account),
        code=None if judged.code is None else history.code_id(judged.code.ordinal),
        incident=None if incident is None else event_id(history.vendor_code, incident),
    )


def _scan_out(
    market: str,
    stall: str,
    history: History,
    vault: Vault,
    shown: list[SeenOut],
    when: decide.Stated,
) -> ScanOut:
    vendor = history.replay()
    live = [code for code in vendor.codes.values() if code.live]
    accounts = [
        decide.details_of(decide.account_behind(history, code).details, vault).number
        for code in live
    ]
    worst = min(shown, key=lambda one: WORST.index(one.verdict))
    return ScanOut(
        id=worst.id,
        market=market,
        stall=stall,
        verdict=worst.verdict,
        expected=Expected(
            vendor=history.vendor_code,
            stall=stall,
            codes=[history.code_id(code.ordinal) for code in live],
            accounts=[mask_account(number) for number in accounts],
        ),
        seen=shown,
        incident=next((one.incident for one in shown if one.incident), None),
        scanned_at=moment_text(when.at),
    )
