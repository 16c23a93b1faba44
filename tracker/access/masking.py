"""What of a person is shown to whom: in clear, masked, or not at all.

Rules (`domain.md`, privacy):
- manager and field of the market, and admin: names, holders and phones in clear, account numbers
  masked (nobody at a stall or in the city office needs them; a trader's own request is answered
  by the personal-data route);
- bank: name and phone of the vendors it registered, holder and number of the accounts at its own
  BINs on any vendor; of all else nothing, so of other vendors the vendor code and the stall only;
- auditor: everything masked;  ioc: nothing.

A masked value keeps no more than half of its characters and does not show its length.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from enum import StrEnum

from msgspec import Struct

from tracker.access.keys import Principal

BULLETS = "••••"


def _tail(text: str, most: int) -> str:
    characters = "".join(c for c in text if c.isalnum())
    shown = min(most, len(characters) // 2)
    return f"{BULLETS} {characters[-shown:]}" if shown else BULLETS


def mask_account(number: str) -> str:
    """`0123456789` → `•••• 6789`; of fewer than 8 characters at most half: `12345` → `•••• 45`."""
    return _tail(number, 4)


def mask_phone(phone: str) -> str:
    """`0912 345 678` → `•••• 678`; spaces, dots and the plus sign do not count."""
    return _tail(phone, 3)


def mask_name(name: str) -> str:
    """`Đặng Thị Hoa` → `Đ. T. H.`, initials only: the family name too is withheld.

    A name is masked for people who know the stall; initials let them tell two rows apart, a less
    common family name would already name the trader. A word without a letter gives `•`, an empty
    name `••••`.
    """
    words = unicodedata.normalize("NFC", name).split()
    return " ".join(_initial(word) for word in words) or BULLETS


def _initial(word: str) -> str:
    first = next((c for c in word if c.isalpha()), None)
    return f"{first.upper()}." if first else "•"


class View(StrEnum):
    """How one personal field is shown."""

    CLEAR = "clear"
    MASKED = "masked"
    HIDDEN = "hidden"

    def show(self, value: str | None, mask: Callable[[str], str]) -> str | None:
        """The value as it may be shown: itself, masked, or None."""
        if value is None or self is View.HIDDEN:
            return None
        return value if self is View.CLEAR else mask(value)


class Sight(Struct, frozen=True):
    """What one principal sees of one vendor: `person` is name and phone.

    Accounts at `own_bins` follow `own_account`; all others show number and holder by
    `other_number` and `other_holder`.
    """

    person: View
    other_number: View
    other_holder: View
    own_bins: frozenset[str] = frozenset()

    def number(self, bin: str) -> View:  # noqa: A002  # the word of the contract
        """How the account number at this bank (BIN) is shown."""
        return View.CLEAR if bin in self.own_bins else self.other_number

    def holder(self, bin: str) -> View:  # noqa: A002  # the word of the contract
        """How the account holder's name at this bank (BIN) is shown."""
        return View.CLEAR if bin in self.own_bins else self.other_holder


_NOTHING = Sight(View.HIDDEN, View.HIDDEN, View.HIDDEN)
_MASKED = Sight(View.MASKED, View.MASKED, View.MASKED)
_PEOPLE = Sight(View.CLEAR, View.MASKED, View.CLEAR)


def sees_personal(principal: Principal, *, market: str, registered_by_bin: str | None) -> Sight:
    """What the principal sees of a vendor of `market` (slug).

    `registered_by_bin` is the BIN of the bank that registered the vendor, None if a manager,
    an admin or an import of the market's own roster did.
    """
    if not principal.may_market(market):
        return _NOTHING
    match principal.role:
        case "admin" | "manager" | "field":
            return _PEOPLE
        case "auditor":
            return _MASKED
        case "bank":
            own = registered_by_bin is not None and principal.may_bin(registered_by_bin)
            person = View.CLEAR if own else View.HIDDEN
            return Sight(person, View.HIDDEN, View.HIDDEN, own_bins=principal.bins)
        case "ioc":
            return _NOTHING
