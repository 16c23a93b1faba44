"""Three months at the markets of the sample, made by a rule, and their figures counted from it.

Nothing here asks the service: who trades at which stall with which bank comes from the sample's
files, who was paid when from the dice, and each figure from a plain walk through both.
"""

from __future__ import annotations

import csv
import io
import random
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple

from tracker import sample

FIRST, LAST = date(2023, 6, 1), date(2023, 8, 31)
"""92 days that begin when the sample's last sticker hangs."""

VIETCOMBANK, BIDV, AGRIBANK = "970436", "970418", "970405"
ACTIVE = (VIETCOMBANK, BIDV, AGRIBANK)
"""Banks whose customers are paid; VIETCOMBANK forgets some days."""

WEEKDAYS = (0.7, 0.75, 0.8, 0.85, 1.0, 1.3, 1.4)
"""How likely a payment is from Monday to Sunday, against Friday."""

Stall = tuple[str, str]
"""A market and the stall's code in it."""


class Customer(NamedTuple):
    """A row of a bank's file; `attached_on` None: the code was issued and hangs nowhere."""

    stall: Stall
    bin: str
    attached_on: date | None


class Paid(NamedTuple):
    """What one stall took through its bank on one day."""

    payments: int
    amount_vnd: int


class Change(NamedTuple):
    """A sticker that comes down on a day, with the reason, or (None) goes up."""

    day: date
    stall: Stall
    reason: str | None


class Money(NamedTuple):
    """Payments, their sum in dong, and how many different vendors were paid."""

    payments: int
    amount_vnd: int
    vendors: int


def customers() -> list[Customer]:
    """All rows of the banks' files, in their order."""
    found = []
    for bin_, file in sample.bank_files().items():
        for row in csv.DictReader(io.StringIO(file.read_text("utf-8-sig"))):
            on = row["attached_on"]
            hung = date.fromisoformat(on) if on else None
            found.append(Customer((row["market"], row["stall"]), bin_, hung))
    return found


def days(first: date = FIRST, last: date = LAST) -> Iterator[date]:
    """The days from one to another, both included."""
    for n in range((last - first).days + 1):
        yield first + timedelta(days=n)


class ThreeMonths:
    """What happened, and what that comes to."""

    def __init__(self, seed: int = 168) -> None:
        dice = random.Random(seed)
        self.customers = customers()
        self.sizes = {market: place.vendors for market, place in sample.expected().markets.items()}
        self.bins = sorted({customer.bin for customer in self.customers})
        self.forgotten = {day for day in days() if dice.random() < 0.12}
        """Days that VIETCOMBANK never reports."""
        self._paid: dict[date, dict[Stall, Paid]] = {day: {} for day in days()}
        self._bank = {customer.stall: customer.bin for customer in self.customers}
        for customer in self.customers:
            if customer.bin in ACTIVE:
                self._live(customer, dice)
        self.changes = self._changes(dice)
        self._hanging = {day: self._hang(day) for day in days(FIRST - timedelta(days=120))}

    def _live(self, customer: Customer, dice: random.Random) -> None:
        """Three months of one customer: half of them are paid often, some never."""
        often = dice.choice((0.0, 0.02, 0.1, 0.5, 0.5, 0.5))
        if customer.attached_on is None and dice.random() < 0.7:
            often = 0.0  # of those without a sticker a few are paid, by transfer
        for day in days():
            if dice.random() < often * WEEKDAYS[day.weekday()]:
                payments = dice.randint(1, 12)
                amount = sum(dice.randint(5, 400) * 1_000 for _ in range(payments))
                if customer.bin != VIETCOMBANK or day not in self.forgotten:
                    self._paid[day][customer.stall] = Paid(payments, amount)

    def _changes(self, dice: random.Random) -> list[Change]:
        """As many stickers come down as go up."""
        up = sorted(c.stall for c in self.customers if c.attached_on)
        down = sorted(c.stall for c in self.customers if not c.attached_on)
        reasons = ("tax_worry", "lost_phone", "no_signal", "bank_change", "fraud")
        found = []
        for stall in dice.sample(up, 12):  # these come down and go up again
            fall = FIRST + timedelta(days=dice.randint(3, 40))
            found.append(Change(fall, stall, dice.choice(reasons)))
            found.append(Change(fall + timedelta(days=dice.randint(1, 40)), stall, None))
            up.remove(stall)
        for gone, new in zip(dice.sample(up, 7), dice.sample(down, 7), strict=True):
            found.append(Change(FIRST + timedelta(days=dice.randint(0, 90)), gone, "other"))
            found.append(Change(FIRST + timedelta(days=dice.randint(0, 90)), new, None))
        return sorted(found, key=lambda change: change.day)

    def _hang(self, day: date) -> frozenset[Stall]:
        hanging = {c.stall for c in self.customers if c.attached_on and c.attached_on <= day}
        for change in self.changes:
            if change.day <= day:
                (hanging.discard if change.reason else hanging.add)(change.stall)
        return frozenset(hanging)

    # ── what is reported ─────────────────────────────────────────────────────────────────────

    def lines(self, day: date, bin_: str) -> dict[Stall, Paid]:
        """A bank's day in all markets."""
        return {s: paid for s, paid in self._paid[day].items() if self._bank[s] == bin_}

    def reports(self, day: date) -> list[str]:
        """The banks that report a day; those without a paid customer report none."""
        return [b for b in self.bins if not (b == VIETCOMBANK and day in self.forgotten)]

    # ── what it comes to ─────────────────────────────────────────────────────────────────────

    def hanging(self, market: str, day: date) -> set[Stall]:
        """Stalls of a market where a sticker hangs at the end of a day."""
        return {stall for stall in self._hanging[day] if stall[0] == market}

    def paid(self, market: str, first: date, last: date) -> dict[Stall, int]:
        """Stalls of a market that were paid from one day to another: on how many days."""
        found: dict[Stall, int] = defaultdict(int)
        for day in days(max(first, FIRST), last):
            for stall in self._paid[day]:
                if stall[0] == market:
                    found[stall] += 1
        return found

    def figures(self, market: str, day: date) -> dict[str, int]:
        """The figures of a market that stickers and payments make."""
        window = self.paid(market, day - timedelta(days=89), day)
        awake = set(window)
        for back in range(90):
            awake |= self._absent(market, day - timedelta(days=back))
        issued = {c.stall for c in self.customers if c.stall[0] == market}
        return {
            "registered": self.sizes[market],
            "issued": len(issued),
            "attached": len(self.hanging(market, day)),
            "transacting": len(self.paid(market, FIRST, day)),
            "active_30d": len(self.paid(market, day - timedelta(days=29), day)),
            "active_90d": len(window),
            "regular_90d": sum(times >= 10 for times in window.values()),
            "dormant": len(issued - awake),
        }

    def _absent(self, market: str, day: date) -> set[Stall]:
        """Stalls with a code where none hung at the end of a day."""
        issued = {c.stall for c in self.customers if c.stall[0] == market}
        return issued - self._hanging[day]

    def unattached(self, market: str, day: date) -> int:
        """Vendors of a market paid on a day at whose stall no sticker hung at its end."""
        return len(set(self.paid(market, day, day)) - self.hanging(market, day))

    def money(self, market: str, first: date, last: date, bin_: str | None = None) -> Money | None:
        """What was reported of a market from one day to another; None where nothing was."""
        some = list(days(max(first, FIRST), last))
        if not any(bin_ is None or bin_ in self.reports(day) for day in some):
            return None
        its = [
            (stall, paid)
            for day in some
            for stall, paid in self._paid[day].items()
            if stall[0] == market and bin_ in {None, self._bank[stall]}
        ]
        return Money(
            sum(paid.payments for _, paid in its),
            sum(paid.amount_vnd for _, paid in its),
            len({stall for stall, _ in its}),
        )
