"""What is sent and what comes back, with the names of the contract.

Answers may grow: fields that are not here are passed over, and what a role may not see is None.
Times are RFC 3339 with an offset, days `2026-11-21`, money whole dong.
"""

from __future__ import annotations

from typing import Any, Generic, Literal, TypeVar

from msgspec import Struct

T = TypeVar("T")

RowStatus = Literal["accepted", "duplicate", "rejected"]
Reason = Literal[
    "tax_worry",
    "fraud",
    "lost_phone",
    "no_signal",
    "bank_change",
    "moved_stall",
    "closed",
    "other",
]


class Account(Struct, frozen=True, omit_defaults=True):
    """An account to be linked; the holder where it is not the vendor."""

    bin: str
    number: str
    holder: str | None = None


class NewVendor(Struct, frozen=True, omit_defaults=True):
    """A registration; `partner_ref` is your own reference, unique per bank and market."""

    stall: str
    name: str
    zone: str | None = None
    category: str | None = None
    phone: str | None = None
    partner_ref: str | None = None
    account: Account | None = None
    issue_code: bool = False


class ActivityLine(Struct, frozen=True):
    """One vendor's day at your bank: number and sum of the payments."""

    vendor: str
    payments: int
    amount_vnd: int


class LinkedAccount(Struct, frozen=True, kw_only=True):
    """An account as it stands; `owner` is own or family."""

    bin: str
    linked_at: str
    number: str | None = None
    holder: str | None = None
    owner: str | None = None
    partner_ref: str | None = None


class Code(Struct, frozen=True, kw_only=True):
    """A payment code; `state` is live, superseded or revoked."""

    id: str
    vendor: str
    market: str
    bin: str
    version: int
    state: str
    attached: bool
    issued_at: str
    attached_at: str | None = None
    ended_at: str | None = None
    partner_ref: str | None = None
    payload: str | None = None
    parts: dict[str, str] | None = None
    links: dict[str, str] | None = None


class Vendor(Struct, frozen=True, kw_only=True):
    """A vendor, by the code that is printed on the sticker.

    Of one that you did not register: code, stall, and your own account and codes.
    """

    vendor: str
    market: str
    stall: str
    version: int
    name: str | None = None
    phone: str | None = None
    zone: str | None = None
    category: str | None = None
    status: str | None = None
    stage: str | None = None
    partner_ref: str | None = None
    registered_at: str | None = None
    accounts: tuple[LinkedAccount, ...] = ()
    codes: tuple[Code, ...] = ()

    @property
    def etag(self) -> str:
        """What to give as `if_match` with a change that was decided on this."""
        return f'"{self.version}"'

    def live_code(self, bin_: str) -> Code | None:
        """The live code of a bank; there is at most one."""
        return next((c for c in self.codes if c.bin == bin_ and c.state == "live"), None)


class CodeEvent(Struct, frozen=True):
    """An event of a code (`event` is its id), and the code after it."""

    event: str
    occurred_at: str
    code: Code


class Totals(Struct, frozen=True):
    """Rows by what became of them."""

    accepted: int = 0
    duplicate: int = 0
    rejected: int = 0


class Fault(Struct, frozen=True):
    """What is wrong with a field of a row."""

    pointer: str
    code: str
    detail: str


class Row(Struct, frozen=True, kw_only=True):
    """What became of a row; `id` is the vendor code. `code` says why it was refused."""

    row: int
    status: RowStatus
    id: str | None = None
    field: str | None = None
    code: str | None = None
    detail: str | None = None
    errors: tuple[Fault, ...] = ()


class Bulk(Struct, frozen=True):
    """What became of the rows of one call, in their order."""

    totals: Totals
    items: tuple[Row, ...]


class DayTotals(Struct, frozen=True):
    """A bank's day in a market as it stands."""

    market: str
    date: str
    bin: str
    payments: int
    amount_vnd: int
    vendors: int


class ActivityDay(Struct, frozen=True):
    """The day after a report: what stands (None: never reported), and the lines refused."""

    day: DayTotals | None
    refused: tuple[Row, ...] = ()


class Approval(Struct, frozen=True, kw_only=True):
    """A change that waits for a second person, or waited: see `state`."""

    id: str
    kind: str
    state: str
    market: str
    asked_at: str
    expires_at: str
    vendor: str | None = None
    decided_at: str | None = None
    reason: str | None = None


class JobProblem(Struct, frozen=True):
    """Why a job failed."""

    code: str
    detail: str


class Progress(Struct, frozen=True):
    """How far a job is."""

    done: int
    total: int


class Job(Struct, frozen=True):
    """A job: queued, running, done or failed."""

    id: str
    kind: str
    state: str
    progress: Progress
    result: dict[str, Any] | None = None
    problem: JobProblem | None = None

    @property
    def totals(self) -> Totals:
        """Rows by what became of them; zeros while there is no result."""
        found = (self.result or {}).get("totals", {})
        return Totals(**{name: int(found.get(name, 0)) for name in Totals.__struct_fields__})


class Me(Struct, frozen=True, kw_only=True):
    """Whose key this is, and what it may do."""

    id: str
    name: str
    role: str
    bins: tuple[str, ...] = ()
    markets: tuple[str, ...] = ()
    expires_at: str | None = None
    permissions: tuple[str, ...] = ()


class Written(Struct, Generic[T], frozen=True):
    """What stands after a write.

    `created`: it is new; else it stood already. `replayed`: this is the stored answer to an
    earlier try. `key` is the Idempotency-Key that the call went under.
    """

    value: T
    created: bool
    replayed: bool
    key: str


class Page(Struct, Generic[T], frozen=True):
    """A page of a list, and the cursor of the next one."""

    items: tuple[T, ...]
    next: str | None = None


class FeedPage(Struct, frozen=True):
    """A page of the feed; keep `cursor` and go on from there the next time."""

    items: tuple[dict[str, Any], ...]
    cursor: str
    more: bool
