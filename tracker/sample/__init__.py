"""The synthetic sample that the demo and the tests import: four markets, five banks' files."""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable

import msgspec
from msgspec import Struct


class RowCounts(Struct, frozen=True):
    """How many rows of a roster end up as what."""

    accepted: int
    duplicate: int
    rejected: int


class SampleMarket(Struct, frozen=True):
    """One market as `expected.json` describes it, with the counts that must come out."""

    name: str
    prefix: str
    area_code: str
    vendors: int
    attached: int
    issued: int
    roster_rows: RowCounts
    roster_rejected: tuple[str, ...]


class Total(Struct, frozen=True):
    """The figures of the whole city."""

    vendors: int
    attached: int


class Expected(Struct, frozen=True):
    """All of `expected.json`; markets by their slug, in the file's order."""

    markets: dict[str, SampleMarket]
    total: Total


def expected() -> Expected:
    """What importing the sample must give."""
    return msgspec.json.decode((_root() / "expected.json").read_bytes(), type=Expected)


def roster_files() -> dict[str, Traversable]:
    """The roster of each market by the market's slug, in the order of `expected.json`."""
    by_slug = {_stem(entry): entry for entry in (_root() / "rosters").iterdir()}
    return {slug: by_slug[slug] for slug in expected().markets}


def bank_files() -> dict[str, Traversable]:
    """The file of each bank by its BIN, in the order of the BINs."""
    entries = sorted((_root() / "banks").iterdir(), key=lambda entry: entry.name)
    return {_stem(entry).partition("-")[0]: entry for entry in entries}


def _root() -> Traversable:
    return files(__name__)


def _stem(entry: Traversable) -> str:
    return entry.name.rpartition(".")[0]
