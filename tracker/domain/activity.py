"""The bank's day: which lines of a report count, and which vendors they say were paid.

A report is a bank's whole day in one market. Of its lines only the number and the sum of all
payments and the set of vendors paid go on from here: a trader's own number or sum never does.

A set is a bitmap. `first` has 16 bits for each vendor, little-endian: the first day on which any
bank reported the vendor as paid, 0 = never; zeros at its end are cut.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from tracker.domain.bitmaps import bitmap, members
from tracker.domain.codes import parse_vendor_code, vendor_code
from tracker.domain.days import start_of
from tracker.domain.errors import Invalid
from tracker.domain.vendor import History

LINES_MAX: Final = 10_000
"""Lines of one day of one bank in one market: the largest markets have some 5 000 stalls, and
10 000 lines of JSON fit into the largest body that is no file."""

PAYMENTS_MAX: Final = 1_000_000
AMOUNT_MAX: Final = 100_000_000_000
"""Of one line, in dong: more than any stall takes in a day, and `LINES_MAX` of it is still a whole
number to readers that keep numbers as doubles."""


class Line(NamedTuple):
    """One line of a report: row number (from 1), vendor code as sent, number and sum in dong."""

    row: int
    vendor: str
    payments: int
    amount_vnd: int


class Refused(NamedTuple):
    """A line that does not count: why, the field at fault, and the vendor code if it is one."""

    row: int
    vendor: str | None
    field: str
    code: str


class Accepted(NamedTuple):
    """A line that counts, by the vendor's number."""

    row: int
    number: int
    payments: int
    amount_vnd: int


class Decided(NamedTuple):
    """What becomes of the lines of a report: those that count by vendor number, and the others."""

    accepted: Sequence[Accepted]
    refused: Sequence[Refused]

    @property
    def payments(self) -> int:
        """The number of all payments."""
        return sum(line.payments for line in self.accepted)

    @property
    def amount_vnd(self) -> int:
        """Their sum in dong."""
        return sum(line.amount_vnd for line in self.accepted)

    @property
    def paid(self) -> bytes:
        """The set of vendors with at least one payment."""
        return bitmap(line.number for line in self.accepted if line.payments)

    def canonical(self) -> list[str]:
        """The lines that count in one form whatever their order, for an HMAC of them."""
        return [f"{line.number} {line.payments} {line.amount_vnd}" for line in self.accepted]


def numbers_of(prefix: str, lines: Iterable[Line]) -> list[int]:
    """The vendor numbers of this market that the lines name, ascending."""
    found = (_number(prefix, line.vendor) for line in lines)
    return sorted({number for number in found if isinstance(number, int)})


def decide(
    prefix: str,
    histories: Mapping[int, History],
    lines: Iterable[Line],
    *,
    day: int,
    bin_: str,
) -> Decided:
    """Which lines of a bank's report of a day count.

    `histories` holds (at least) the vendors of `numbers_of`. A line counts if its vendor is one
    of the market's and has an account at the bank by the end of the day; whoever left or was
    suspended that day may still have been paid. Of two lines for one vendor the second is refused,
    whatever became of the first: which of them is meant cannot be known.
    """
    accepted: list[Accepted] = []
    refused: list[Refused] = []
    named: set[int] = set()
    for line in lines:
        number = _number(prefix, line.vendor)
        if isinstance(number, str):
            refused.append(Refused(line.row, None, "vendor", number))
            continue
        fault = _fault(histories.get(number), line, day, bin_)
        if number in named:
            fault = "vendor", "DUPLICATE_LINE"
        named.add(number)
        if fault is None:
            accepted.append(Accepted(line.row, number, line.payments, line.amount_vnd))
        else:
            refused.append(Refused(line.row, vendor_code(prefix, number), *fault))
    accepted.sort(key=lambda line: line.number)
    return Decided(accepted, refused)


def _number(prefix: str, vendor: str) -> int | str:
    """The vendor's number, or the code of what is wrong with the vendor code."""
    try:
        its_prefix, number = parse_vendor_code(vendor)
    except Invalid as wrong:
        return wrong.code
    return number if its_prefix == prefix else "VENDOR_UNKNOWN"


def _fault(history: History | None, line: Line, day: int, bin_: str) -> tuple[str, str] | None:
    if history is None or not history.facts:
        return "vendor", "VENDOR_UNKNOWN"
    if line.payments < 0:
        return "payments", "NEGATIVE"
    if line.amount_vnd < 0:
        return "amount_vnd", "NEGATIVE"
    if line.payments > PAYMENTS_MAX:
        return "payments", "OUT_OF_RANGE"
    if line.amount_vnd > AMOUNT_MAX:
        return "amount_vnd", "OUT_OF_RANGE"
    if line.amount_vnd and not line.payments:
        return "payments", "AMOUNT_WITHOUT_PAYMENTS"
    vendor = history.replay(before=start_of(day + 1))
    if vendor.stall is None:
        return "vendor", "BEFORE_REGISTRATION"
    return None if bin_ in vendor.accounts else ("vendor", "NO_ACCOUNT_AT_BANK")


# ── since when ───────────────────────────────────────────────────────────────────────────────

_BYTES: Final = 2


class FirstDays:
    """Since which day each vendor has been known as paid."""

    def __init__(self, raw: bytes = b"") -> None:
        self._raw = bytearray(raw)

    def __getitem__(self, number: int) -> int:
        """The vendor's first paid day; 0 = never."""
        return int.from_bytes(self._raw[number * _BYTES : (number + 1) * _BYTES], "little")

    def __setitem__(self, number: int, day: int) -> None:
        end = (number + 1) * _BYTES
        if len(self._raw) < end:
            self._raw.extend(bytes(end - len(self._raw)))
        self._raw[end - _BYTES : end] = day.to_bytes(_BYTES, "little")

    def paid(self, numbers: Iterable[int], day: int) -> None:
        """These vendors were paid on that day."""
        for number in numbers:
            if not 0 < self[number] <= day:
                self[number] = day

    def since(self, day: int) -> list[int]:
        """The vendors whose first paid day is just that."""
        return [n for n in range(len(self._raw) // _BYTES) if self[n] == day]

    def encoded(self) -> bytes:
        """As it is stored."""
        whole = len(self._raw)
        while whole and not any(self._raw[whole - _BYTES : whole]):
            whole -= _BYTES
        return bytes(self._raw[:whole])


def first_days(sets: Iterable[tuple[int, bytes]]) -> FirstDays:
    """Since when each vendor has been paid, by all that is known: (day, set) in any order."""
    first, known = FirstDays(), 0
    by_day = sorted(sets)
    width = max((len(raw) for _, raw in by_day), default=0)
    for day, raw in by_day:
        paid = int.from_bytes(raw.ljust(width, b"\0"), "big")
        fresh = paid & ~known  # of most days nobody: most were paid before
        if fresh:
            first.paid(members(fresh.to_bytes(width, "big")), day)
            known |= paid
    return first


def not_any_more(
    first: FirstDays, day: int, before: bytes, after: bytes, others: Iterable[bytes]
) -> list[int]:
    """Whose first paid day `day` is not any more.

    `before` and `after` are the bank's own sets of that day, `others` those of the other banks.
    """
    gone = set(members(before)) - set(members(after))
    for raw in others:
        gone.difference_update(members(raw))
    return sorted(number for number in gone if first[number] == day)


def raise_first(
    first: FirstDays, vendors: Collection[int], later: Iterable[tuple[int, bytes]]
) -> None:
    """These vendors were first paid on a later day, or never, by the other (day, set)s known."""
    for number in vendors:
        first[number] = 0
    for day, raw in later:
        first.paid(set(vendors).intersection(members(raw)), day)
