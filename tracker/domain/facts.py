"""The facts: what the ledger holds, one struct a kind.

Every fact says when it happened (`at`), when it was recorded (`recorded`), both in ms, and who
stated it (`by`: a key's id, `<job>.<row>` for a row of an imported file, or the id of an approval
that it took two people to state). Encoded they are msgpack arrays with the kind's number first:
kinds and positions are for ever, fields are only added at the end, with a default.

`personal` is a sealed blob (see `Vault`), never text: the ledger and the vendor's document carry
the same bytes. Facts of a vendor, of a market and of the service share one numbering.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import takewhile
from typing import Literal, Protocol, TypeVar

from msgspec import Struct, msgpack

T = TypeVar("T", bound=Struct)

Status = Literal["trading", "suspended", "left"]
Owner = Literal["own", "family"]
RemovalReason = Literal[
    "tax_worry",
    "fraud",
    "lost_phone",
    "no_signal",
    "bank_change",
    "moved_stall",
    "closed",
    "other",
]


FindingKind = Literal["duplicate_account", "partner_ref_reused"]
DoubtKind = Literal[
    "duplicate_account", "partner_ref_reused", "same_name", "similar_name", "family_account"
]
TargetFigure = Literal["attached", "active_30d"]


class Person(Struct, frozen=True, array_like=True):
    """Who trades: name (NFC) and phone (`0…`, digits) where known."""

    name: str
    phone: str | None = None


class AccountDetails(Struct, frozen=True, array_like=True):
    """An account's number and the holder's name as the bank states it."""

    number: str
    holder: str


class PersonDetails(Struct, frozen=True, array_like=True):
    """Who signs in on the web: name (NFC) and login (an e-mail address or a phone number)."""

    name: str
    login: str


class Payload(Struct, frozen=True, array_like=True):
    """A payload that a bank supplied."""

    text: str


class Vault(Protocol):
    """Seals and opens one vendor's personal data; a blob belongs to one event of one vendor."""

    def seal(self, event: int, value: Struct) -> bytes:
        """The blob for the vendor's event with this ordinal."""
        ...

    def open(self, event: int, blob: bytes, type_: type[T]) -> T:
        """What was sealed; raises where the blob was altered or belongs elsewhere."""
        ...


class Fact(Struct, frozen=True, array_like=True, gc=False):
    """What all facts share."""

    at: int
    recorded: int
    by: str


# ── of a vendor ──────────────────────────────────────────────────────────────────────────────


class Registered(Fact, frozen=True, array_like=True, tag=1, gc=False):
    """A vendor came onto the roster at a stall. `ref` is unique per `bin` ('' = the market's)."""

    stall: str
    personal: bytes
    zone: str | None = None
    category: str | None = None
    bin: str = ""
    ref: str | None = None


class ProfileChanged(Fact, frozen=True, array_like=True, tag=2, gc=False):
    """What changes from now on: None leaves as it was, an empty text clears.

    `personal` (a `Person`) where name or phone changed.
    """

    zone: str | None
    category: str | None
    personal: bytes | None = None


class Moved(Fact, frozen=True, array_like=True, tag=3, gc=False):
    """The vendor trades at another stall of the same market."""

    stall: str


class StatusChanged(Fact, frozen=True, array_like=True, tag=4, gc=False):
    """Trading, suspended (still on the roster) or left (off the roster; the stall is free)."""

    status: Status
    reason: str | None = None


class AccountLinked(Fact, frozen=True, array_like=True, tag=5, gc=False):
    """The vendor's account at a bank (`personal`: `AccountDetails`); replaces the one before.

    `ref` is the bank's reference of a vendor that somebody else registered.
    """

    bin: str
    owner: Owner
    personal: bytes
    ref: str | None = None


class AccountUnlinked(Fact, frozen=True, array_like=True, tag=6, gc=False):
    """The vendor has no account at that bank any more."""

    bin: str


class CodeIssued(Fact, frozen=True, array_like=True, tag=7, gc=False):
    """A payment code over the account that event `account` linked.

    `code` counts the vendor's codes, `version` the distinct payloads of that bank. It supersedes
    the bank's live code. `personal` is the bank's own payload; a composed one is composed again.
    """

    code: int
    bin: str
    account: int
    version: int
    personal: bytes | None = None
    ref: str | None = None


class CodeRevoked(Fact, frozen=True, array_like=True, tag=8, gc=False):
    """The end of a code that nothing replaces."""

    code: int
    reason: str


class Attached(Fact, frozen=True, array_like=True, tag=9, gc=False):
    """The sticker of a code hangs at the stall; `evidence` says how that is known."""

    code: int
    evidence: str
    ref: str | None = None
    scan: str | None = None


class Removed(Fact, frozen=True, array_like=True, tag=10, gc=False):
    """The sticker no longer hangs."""

    code: int
    reason: RemovalReason
    ref: str | None = None


class Voided(Fact, frozen=True, array_like=True, tag=11, gc=False):
    """The subject's event `event` is taken back: it counts as if it had never been stated."""

    event: int
    reason: str


class CodePrinted(Fact, frozen=True, array_like=True, tag=12, gc=False):
    """A sticker of the code was printed; `number` counts the prints, `sheet` is the job's id."""

    code: int
    number: int
    sheet: str | None = None


class Scanned(Fact, frozen=True, array_like=True, tag=13, gc=False):
    """Somebody read the sticker at the stall; `code` is the vendor's code that was recognised.

    `incident` is the ordinal of the event that reports what hangs there instead.
    """

    verdict: str
    code: int | None = None
    incident: int | None = None


class IncidentOpened(Fact, frozen=True, array_like=True, tag=14, gc=False):
    """A code of a stranger's account (`personal`: `AccountDetails`) hangs at the vendor's stall."""

    bin: str
    personal: bytes


class IncidentHandled(Fact, frozen=True, array_like=True, tag=15, gc=False):
    """Somebody confirmed, dismissed or resolved the incident that event `incident` opened."""

    incident: int
    state: Literal["confirmed", "dismissed", "resolved"]
    reason: str


class InvoiceComposed(Fact, frozen=True, array_like=True, tag=16, gc=False):
    """A one-off payload was made over a code; amount and purpose are not kept."""

    code: int


class FindingOpened(Fact, frozen=True, array_like=True, tag=17, gc=False):
    """A derived step found the vendor to share something with another: `other` is a vendor code.

    Each of the two vendors bears one. Nothing personal, so that an erasure changes no count.
    """

    kind: FindingKind
    other: str


class FindingEnded(Fact, frozen=True, array_like=True, tag=18, gc=False):
    """What a `FindingOpened` says does not hold any more."""

    kind: FindingKind
    other: str


class PersonalDataRead(Fact, frozen=True, array_like=True, tag=19, gc=False):
    """Somebody was given everything held about the vendor, in clear."""


class PersonalDataErased(Fact, frozen=True, array_like=True, tag=31, gc=False):
    """Nothing personal about the vendor can be read any more: their data key is gone."""


class DoubtDecided(Fact, frozen=True, array_like=True, tag=60, gc=False):
    """Somebody decided about a doubt: `other` is a vendor code, or the BIN of a family's account.

    `basis` names the events that the doubt rests on: with other ones it is another doubt.
    """

    kind: DoubtKind
    other: str
    basis: str
    decision: Literal["accepted", "to_correct"]
    reason: str


# ── of a market ──────────────────────────────────────────────────────────────────────────────


class MarketOpened(Fact, frozen=True, array_like=True, tag=20, gc=False):
    """A market, open from the day of `at`."""

    name: str
    prefix: str
    area_code: str | None
    area_from: int | None
    zones: tuple[str, ...] = ()


class ZoneAdded(Fact, frozen=True, array_like=True, tag=21, gc=False):
    """A zone that the market's list did not have."""

    zone: str


class CensusDeclared(Fact, frozen=True, array_like=True, tag=22, gc=False):
    """The declared number of vendors, effective from the day of `at`."""

    vendors: int
    source: str


class Published(Fact, frozen=True, array_like=True, tag=23, gc=False):
    """A snapshot of `day` was published as `revision`, made at ledger position `position`.

    `at` = `recorded` = published_at. `ordinal` counts the market's publications: the chain.
    """

    day: int
    revision: int
    position: int
    ordinal: int
    content_digest: bytes
    digest: bytes
    details_digest: bytes = b""
    """SHA-256 of what the body withholds; empty where it withholds nothing."""


class MarketRenamed(Fact, frozen=True, array_like=True, tag=24, gc=False):
    """The market's name from now on."""

    name: str


class AreasAssigned(Fact, frozen=True, array_like=True, tag=25, gc=False):
    """The units that the market belongs to over time; replaces what was stated before.

    Rows of the unit's code and the day it is valid from (together its key), and the days from
    which and until which (exclusive; None = for now) the market belongs to it, in order.
    """

    areas: tuple[tuple[str, int, int, int | None], ...]


class TargetSet(Fact, frozen=True, array_like=True, tag=26, gc=False):
    """How many vendors a figure is to reach by the day `due_on`, a target since the day of `at`.

    Replaces the target for the same figure and day; 0 vendors takes it back.
    """

    figure: TargetFigure
    due_on: int
    vendors: int


class MarketClosed(Fact, frozen=True, array_like=True, tag=27, gc=False):
    """The market is no more from the day of `at`; `into` is the market that it merged into."""

    into: str | None = None
    reason: str | None = None


class ActivityReported(Fact, frozen=True, array_like=True, tag=28, gc=False):
    """A bank's report of one day: the number and the sum (dong) of all its payments.

    Replaces the bank's report of that day. `vendors` is how many were paid. `lines` is an HMAC of
    the report's lines, `paid` one of the set of vendors paid, which is a record: neither a
    trader's own number nor sum is kept.
    """

    day: int
    bin: str
    payments: int
    amount_vnd: int
    vendors: int
    lines: bytes
    paid: bytes


class FirstPaid(Fact, frozen=True, array_like=True, tag=29, gc=False):
    """Who was paid for the first time on `day`, kept when that day's sets are dropped.

    `vendors` is a bitmap: bit n, counted from the left, is vendor n.
    """

    day: int
    vendors: bytes


# ── that wait for a second person ────────────────────────────────────────────────────────────
# Who asked is `asked_by`, for `by` may be a row of a file; `bins` are the banks that a bank's key
# spoke for. `standing` is the event that the change would replace: where another took its place,
# there is nothing to approve any more.


class AccountAsked(Fact, frozen=True, array_like=True, tag=32, gc=False):
    """Somebody asked for another account (`personal`: `AccountDetails`) behind a live code.

    `standing` is the event that linked the account there, `code` the code that was live then.
    """

    bin: str
    code: int
    standing: int
    personal: bytes
    asked_by: str
    bins: tuple[str, ...] = ()


class StatusAsked(Fact, frozen=True, array_like=True, tag=33, gc=False):
    """Somebody asked to lift the suspension for fraud that event `standing` states.

    `since` is the moment (ms) from which the new status is to count; None is that of the approval.
    """

    status: Status
    reason: str | None
    since: int | None
    standing: int
    asked_by: str
    bins: tuple[str, ...] = ()


class VoidAsked(Fact, frozen=True, array_like=True, tag=34, gc=False):
    """Somebody asked to take back the subject's event `standing`, for this reason."""

    standing: int
    reason: str
    asked_by: str
    bins: tuple[str, ...] = ()


class ApprovalDecided(Fact, frozen=True, array_like=True, tag=35, gc=False):
    """The end of what event `asked` asked for; what was approved are the facts after this one.

    `stale`: it was found to be no longer possible when somebody came to decide it.
    """

    asked: int
    outcome: Literal["approved", "rejected", "stale"]
    reason: str


class CensusAsked(Fact, frozen=True, array_like=True, tag=36, gc=False):
    """Somebody asked to lower the census of event `standing` from the day `effective_on` on."""

    effective_on: int
    vendors: int
    source: str
    standing: int
    asked_by: str
    bins: tuple[str, ...] = ()


# ── of the service ───────────────────────────────────────────────────────────────────────────


class MarketFounded(Fact, frozen=True, array_like=True, tag=40, gc=False):
    """Market id and prefix are taken; the market's own ledger follows."""

    market: str
    prefix: str


class KeyCreated(Fact, frozen=True, array_like=True, tag=41, gc=False):
    """An API key; `digest` is the SHA-256 of its secret. `expires` is a moment or None."""

    key: str
    name: str
    role: str
    bins: tuple[str, ...]
    markets: tuple[str, ...]
    expires: int | None
    digest: bytes


class KeyRevoked(Fact, frozen=True, array_like=True, tag=42, gc=False):
    """The key no longer opens anything."""

    key: str


class AreaAdded(Fact, frozen=True, array_like=True, tag=43, gc=False):
    """An administrative unit, valid from a day and until (exclusive) another or for now."""

    code: str
    name: str
    parent: str | None
    valid_from: int
    valid_to: int | None


class AreasSeeded(Fact, frozen=True, array_like=True, tag=44, gc=False):
    """The units known at first start: rows of code, name, parent, valid_from, valid_to."""

    source: str
    areas: tuple[tuple[str, str, str | None, int, int | None], ...]


class GroupDefined(Fact, frozen=True, array_like=True, tag=45, gc=False):
    """A named group of markets since the day of `at`; `markets` None is every market."""

    group: str
    name: str
    markets: tuple[str, ...] | None


class IndicatorDefined(Fact, frozen=True, array_like=True, tag=46, gc=False):
    """An indicator that others report; replaces the definition of that id and version."""

    indicator: str
    version: str
    name_vi: str
    name_en: str
    numerator: str
    denominator: str
    unit: str
    period: str
    disaggregations: tuple[str, ...] = ()


class IndicatorReported(Fact, frozen=True, array_like=True, tag=47, gc=False):
    """A value that a body reported for an area and a day; a later one is the next revision.

    The area is (code, valid_from). Numerator and denominator, or a bare rate in hundredths of a
    percent (`rate`) with its comparator (`eq`, `gt`, `ge`).
    """

    indicator: str
    version: str
    area: str
    area_from: int
    day: int
    revision: int
    source: str
    numerator: int | None
    denominator: int | None
    rate: int | None
    comparator: Literal["eq", "gt", "ge"] = "eq"


class KeyRotated(Fact, frozen=True, array_like=True, tag=48, gc=False):
    """The key has another secret; its earlier ones open until the moment `until` at most.

    `digest` is the SHA-256 of the new secret, `expires` when the key ends from now on.
    """

    key: str
    digest: bytes
    until: int
    expires: int | None


class PersonAdded(Fact, frozen=True, array_like=True, tag=49, gc=False):
    """Somebody who may sign in on the web; `personal` is a sealed `PersonDetails`."""

    person: str
    role: str
    bins: tuple[str, ...]
    markets: tuple[str, ...]
    personal: bytes


class PersonChanged(Fact, frozen=True, array_like=True, tag=50, gc=False):
    """What changes for a person from now on: None leaves as it was."""

    person: str
    role: str | None = None
    bins: tuple[str, ...] | None = None
    markets: tuple[str, ...] | None = None
    active: bool | None = None
    personal: bytes | None = None


class PersonInvited(Fact, frozen=True, array_like=True, tag=51, gc=False):
    """A one-time link was made for a person; it opens until `expires`, the latest one alone."""

    person: str
    expires: int


class PasswordSet(Fact, frozen=True, array_like=True, tag=52, gc=False):
    """The person chose a password, by a one-time link or by the one before.

    Every session from before it has ended.
    """

    person: str
    means: Literal["invitation", "password"]


VendorFact = (
    Registered
    | ProfileChanged
    | Moved
    | StatusChanged
    | AccountLinked
    | AccountUnlinked
    | CodeIssued
    | CodeRevoked
    | Attached
    | Removed
    | Voided
    | CodePrinted
    | Scanned
    | IncidentOpened
    | IncidentHandled
    | InvoiceComposed
    | FindingOpened
    | FindingEnded
    | PersonalDataRead
    | PersonalDataErased
    | AccountAsked
    | StatusAsked
    | VoidAsked
    | ApprovalDecided
    | DoubtDecided
)
MarketFact = (
    MarketOpened
    | ZoneAdded
    | CensusDeclared
    | Published
    | Voided
    | MarketRenamed
    | AreasAssigned
    | TargetSet
    | MarketClosed
    | ActivityReported
    | FirstPaid
    | CensusAsked
    | VoidAsked
    | ApprovalDecided
)
ServiceFact = (
    MarketFounded
    | KeyCreated
    | KeyRevoked
    | AreaAdded
    | AreasSeeded
    | GroupDefined
    | IndicatorDefined
    | IndicatorReported
    | KeyRotated
    | PersonAdded
    | PersonChanged
    | PersonInvited
    | PasswordSet
)
AnyFact = VendorFact | MarketFact | ServiceFact
Asked = AccountAsked | StatusAsked | VoidAsked | CensusAsked

F = TypeVar("F", bound=Fact)


def known_by(facts: Iterable[F], moment: int | None) -> tuple[F, ...]:
    """The facts of one subject, in the order of the ledger, that were recorded by then (ms).

    None is now. Cut where the first later one stands, so that ordinals keep their meaning.
    """
    if moment is None:
        return tuple(facts)
    return tuple(takewhile(lambda fact: fact.recorded <= moment, facts))


_encoder = msgpack.Encoder()
encode = _encoder.encode
decode_fact = msgpack.Decoder(AnyFact).decode
decode_vendor = msgpack.Decoder(tuple[VendorFact, ...]).decode
decode_market = msgpack.Decoder(tuple[MarketFact, ...]).decode
decode_service = msgpack.Decoder(tuple[ServiceFact, ...]).decode
