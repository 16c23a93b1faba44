"""The banks that a payload can name, by BIN (the six digits of tag 38.01.00).

The table is `banks.tsv` beside this module; its first line says where the rows come from. The key
is the BIN and never the bank's short code: `BVB` means two different banks in two public lists.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from msgspec import Struct


class Bank(Struct, frozen=True):
    """One BIN. `vietqr_transfer`: whether it takes VietQR transfers (unlisted counts as no)."""

    bin: str
    short_name: str
    full_name: str
    vietqr_transfer: bool


@cache
def banks() -> Mapping[str, Bank]:
    """All known banks by BIN, in the order of BINs. Read on the first call."""
    text = files(__package__).joinpath("banks.tsv").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    # No quoting: a bank's name may hold a quotation mark.
    rows = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
    return MappingProxyType(
        {
            row["bin"]: Bank(
                bin=row["bin"],
                short_name=row["short_name"],
                full_name=row["full_name"],
                vietqr_transfer=row["vietqr_transfer"] == "1",
            )
            for row in rows
        }
    )


def find(bin_: str) -> Bank | None:
    """The bank of a BIN, or None if the table does not know it."""
    return banks().get(bin_)


def warning(bin_: str) -> str | None:
    """`BIN_UNKNOWN` or `BIN_NO_TRANSFER` if a payment to this BIN is doubtful, else None.

    A doubt and no fault: the table lags behind the banks, so neither composing nor reading
    refuses such a BIN.
    """
    bank = banks().get(bin_)
    if bank is None:
        return "BIN_UNKNOWN"
    return None if bank.vietqr_transfer else "BIN_NO_TRANSFER"
