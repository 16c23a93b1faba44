"""The shapes of live figures and published snapshots, for the contract.

The bodies themselves come from the domain as they were digested and are sent as they are; a test
reads real ones with these shapes.
"""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct


class Denominator(Struct, frozen=True, forbid_unknown_fields=True):
    """What all rates are taken of."""

    value: int
    basis: Literal["census", "roster", "mixed"]


class Count(Struct, frozen=True, forbid_unknown_fields=True):
    """A figure without a rate."""

    count: int


class Share(Struct, frozen=True, forbid_unknown_fields=True):
    """A figure and its rate in percent of the denominator, null where that is 0."""

    count: int
    rate: float | None


class Figures(Struct, frozen=True, forbid_unknown_fields=True):
    """Vendors at the end of the day; definition version 2026-11."""

    registered: Count
    issued: Share
    attached: Share
    verified_30d: Share
    transacting: Share
    active_30d: Share
    active_90d: Share
    regular_90d: Share
    dormant: Share


class Money(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Payments, their sum in dong, and to how many vendors; null where no bank reported.

    Where fewer than five vendors were paid, `withheld` is true and the numbers are null.
    """

    payments: int | None
    amount_vnd: int | None
    vendors: int | None = None
    withheld: bool = False


class Activity(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What banks reported as paid on the day, and from the first of its month."""

    payments: int | None
    amount_vnd: int | None
    month_to_date: Money
    vendors: int | None = None
    withheld: bool = False


class Completeness(Struct, frozen=True, forbid_unknown_fields=True):
    """The banks with accounts in the market, and those that reported the day, by BIN.

    `final` when all did, or from the seventh day after.
    """

    expected: list[str]
    reported: list[str]
    final: bool


class TargetStanding(Struct, frozen=True, forbid_unknown_fields=True):
    """How a figure stands to a target; paces are vendors in 30 days."""

    figure: Literal["attached", "active_30d"]
    due_on: str
    vendors: int
    count: int
    progress: float
    remaining: int
    days_left: int
    pace_needed: float | None
    pace_30d: int
    projected_on: str | None
    projected_by: Literal["reached", "pace_30d", "not_growing", "out_of_sight"]


class BankRow(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Vendors with an account, a live and an attached code of a bank, and its payments."""

    key: str
    registered: Count
    issued: Count
    attached: Count
    active_30d: Count
    payments: int | None
    amount_vnd: int | None
    month_to_date: Money
    vendors: int | None = None
    withheld: bool = False


class GroupRow(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Vendors of a zone or category (null: of none), rates of the row's own registered.

    A row that is withheld has its key and `withheld` alone.
    """

    key: str | None
    registered: Count | None = None
    issued: Share | None = None
    attached: Share | None = None
    active_30d: Share | None = None
    withheld: bool = False


class Breakdowns(Struct, frozen=True, forbid_unknown_fields=True):
    """The market's vendors by bank (a vendor may have several), zone and category."""

    bank: list[BankRow]
    zone: list[GroupRow]
    category: list[GroupRow]


class DenominatorChange(Struct, frozen=True, forbid_unknown_fields=True):
    """The denominator at the end of the day before and of the day."""

    opening: int
    change: int
    closing: int


class Waterfall(Struct, frozen=True, forbid_unknown_fields=True):
    """opening + attached + reattached - removed - left = closing, to the vendor."""

    opening: int
    attached: int
    reattached: int
    removed: dict[str, int]
    left: int
    closing: int
    denominator: DenominatorChange


class Flag(Struct, frozen=True, forbid_unknown_fields=True):
    """A finding of the closed list, with its count."""

    code: str
    count: int


class Adoption(Struct, frozen=True, forbid_unknown_fields=True):
    """A market's figures as they stand now."""

    market: str
    area_code: str | None
    date: str
    definition_version: str
    denominator: Denominator
    figures: Figures
    activity: Activity
    waterfall: Waterfall
    completeness: Completeness
    targets: list[TargetStanding]
    flags: list[Flag]
    breakdowns: Breakdowns
    ledger_position: str


class Input(Struct, frozen=True, forbid_unknown_fields=True):
    """A market that was summed, and the ledger position of its figures."""

    market: str
    ledger_position: str


class SummedMoney(Struct, frozen=True, forbid_unknown_fields=True):
    """Sums of the money that the markets show; `left_out` counts those that withhold it."""

    payments: int | None
    amount_vnd: int | None
    left_out: int


class SummedActivity(Struct, frozen=True, forbid_unknown_fields=True):
    """Sums of the day and from the first of its month."""

    payments: int | None
    amount_vnd: int | None
    left_out: int
    month_to_date: SummedMoney


class SummedBankRow(Struct, frozen=True, forbid_unknown_fields=True):
    """A bank over all markets."""

    key: str
    registered: Count
    issued: Count
    attached: Count
    active_30d: Count
    payments: int | None
    amount_vnd: int | None
    left_out: int
    month_to_date: SummedMoney


class SummedBreakdowns(Struct, frozen=True, forbid_unknown_fields=True):
    """By bank and category; zones are each market's own."""

    bank: list[SummedBankRow]
    category: list[GroupRow]


class LeftOut(Struct, frozen=True, forbid_unknown_fields=True):
    """How many markets' vendors are not all in the table."""

    category: int


class CityAdoption(Struct, frozen=True, forbid_unknown_fields=True):
    """Sums over the markets in your scope that are open; never a mean of rates."""

    group: str
    date: str
    definition_version: str
    markets: int
    denominator: Denominator
    figures: Figures
    activity: SummedActivity
    waterfall: Waterfall
    completeness: Completeness
    flags: list[Flag]
    breakdowns: SummedBreakdowns
    left_out: LeftOut
    inputs: list[Input]
    missing: list[str]


class Snapshot(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A published body. `digest` is over its canonical JSON (RFC 8785) without `digest`.

    `details` is there where it was asked for: what the body withholds, which is in no digest of
    the body.
    """

    market: str
    area_code: str | None
    date: str
    revision: int
    definition_version: str
    published_at: str
    ledger_position: str
    content_digest: str
    digest: str
    previous_digest: str
    denominator: Denominator
    figures: Figures
    activity: Activity
    waterfall: Waterfall
    completeness: Completeness
    targets: list[TargetStanding]
    flags: list[Flag]
    breakdowns: Breakdowns
    details: dict[str, Any] | None = None
