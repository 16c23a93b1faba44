"""The shapes of live figures and published snapshots, for the contract.

The bodies themselves come from the domain as they were digested and are sent as they are; a test
reads real ones with these shapes.
"""

from __future__ import annotations

from typing import Literal

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
    waterfall: Waterfall
    flags: list[Flag]
    ledger_position: str


class Input(Struct, frozen=True, forbid_unknown_fields=True):
    """A market that was summed, and the ledger position of its figures."""

    market: str
    ledger_position: str


class CityAdoption(Struct, frozen=True, forbid_unknown_fields=True):
    """Sums over the markets in your scope that are open; never a mean of rates."""

    group: str
    date: str
    definition_version: str
    markets: int
    denominator: Denominator
    figures: Figures
    waterfall: Waterfall
    flags: list[Flag]
    inputs: list[Input]
    missing: list[str]


class Snapshot(Struct, frozen=True, forbid_unknown_fields=True):
    """A published body. `digest` is over its canonical JSON (RFC 8785) without `digest`."""

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
    waterfall: Waterfall
    flags: list[Flag]
