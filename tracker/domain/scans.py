"""What a scan at a stall proves: the payload on the wall against the registry.

A checksum finds no swapped sticker, for a thief's code is a valid code; only the comparison with
what was issued for this stall does. Pure: reading pictures and parsing payloads happen before.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from tracker.domain.decide import details_of
from tracker.domain.facts import AccountDetails, AccountLinked, Vault
from tracker.domain.vendor import Code, History, Sealed

Verdict = Literal[
    "matched",
    "superseded",
    "other_stall",
    "foreign_account",
    "altered",
    "other_scheme",
    "unreadable",
]


class Seen(NamedTuple):
    """A payload as it was read: None where nothing could be; `transfer` = a VietQR transfer."""

    payload: str | None
    transfer: bool = False
    bin: str | None = None
    account: str | None = None


class Judged(NamedTuple):
    """The verdict, and the stall's code that it is about, if any."""

    verdict: Verdict
    code: Code | None = None


UNREADABLE = Seen(None)


def judge(
    history: History,
    vault: Vault,
    seen: Seen,
    *,
    payloads: dict[int, str],
    registered_elsewhere: bool,
) -> Judged:
    """The first verdict that holds, in the order of the contract.

    `payloads` are the stall's issued payloads by code ordinal. `registered_elsewhere` says
    whether the account seen is another registered vendor's.
    """
    if seen.payload is None:
        return Judged("unreadable")
    if not seen.transfer or seen.bin is None or seen.account is None:
        return Judged("other_scheme")
    codes = history.replay().codes
    same = [codes[n] for n, payload in payloads.items() if payload == seen.payload]
    live = next((code for code in same if code.live), None)
    if live is not None:
        return Judged("matched", live)
    if same:
        return Judged("superseded", same[-1])
    for bin_, account in history.replay().accounts.items():
        if bin_ == seen.bin and details_of(account.details, vault).number == seen.account:
            return Judged("altered", history.replay().live_code(bin_))
    if _was_theirs(history, vault, seen.bin, seen.account):
        return Judged("superseded")
    return Judged("other_stall" if registered_elsewhere else "foreign_account")


def _was_theirs(history: History, vault: Vault, bin_: str, number: str) -> bool:
    for event, fact in enumerate(history.facts, 1):
        if isinstance(fact, AccountLinked) and fact.bin == bin_:
            details: AccountDetails = details_of(Sealed(event, fact.personal), vault)
            if details.number == number:
                return True
    return False
