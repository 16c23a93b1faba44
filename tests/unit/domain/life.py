"""One vendor's life, told command by command, for tests that show a single rule."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

import pytest

from tests.unit.domain.vault import VAULT
from tracker.domain import decide
from tracker.domain.decide import Stated
from tracker.domain.errors import TrackerError
from tracker.domain.facts import (
    AccountDetails,
    AccountLinked,
    CodeRevoked,
    Person,
    RemovalReason,
    Status,
    StatusChanged,
    VendorFact,
    Voided,
)
from tracker.domain.vendor import History, Vendor

VCB = "970436"
BIDV = "970418"
BY = "key-1"
R = TypeVar("R")


def at(text: str) -> int:
    """A moment (ms) from the market's own clock, e.g. `2023-05-30 09:00`."""
    local = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Ho_Chi_Minh"))
    return int(local.timestamp() * 1000)


NOW = at("2023-06-30 12:00")


def when(text: str) -> Stated:
    """Stated by our key: it happened then, and we learn it now."""
    return Stated(at(text), NOW, BY)


class Life:
    """A history that grows with every command; each command gives the facts that were new."""

    def __init__(self, registered: str | None = "2023-05-01 08:00", name: str = "Đặng Thị Hoa"):
        self.history = History("CVT", 42)
        if registered is not None:
            self.then(
                decide.register(
                    self.history,
                    VAULT,
                    when(registered),
                    stall="B12",
                    person=Person(name, "0901234567"),
                    zone="A",
                    category="seafood",
                )
            )

    def then(self, facts: list[VendorFact]) -> list[VendorFact]:
        """Records facts."""
        self.history = self.history.then(*facts)
        return facts

    @property
    def vendor(self) -> Vendor:
        """The present state."""
        return self.history.replay()

    @property
    def last_event(self) -> int:
        """The ordinal of the fact recorded last."""
        return self.history.version

    def link(
        self, moment: str, number: str = "0071000123456", bin_: str = VCB, holder: str | None = None
    ) -> list[VendorFact]:
        """Links an account; without a holder it is the vendor's own."""
        details = AccountDetails(number, holder or "DANG THI HOA")
        return self.then(
            decide.link_account(self.history, VAULT, when(moment), bin_=bin_, details=details)
        )

    def approved_account(self, moment: str, number: str, bin_: str = VCB) -> None:
        """Another account behind a live code, as an approval will let it through."""
        blob = VAULT.seal(self.history.version + 1, AccountDetails(number, "DANG THI HOA"))
        self.then([AccountLinked(*when(moment), bin=bin_, owner="own", personal=blob)])

    def issue(self, moment: str, bin_: str = VCB) -> list[VendorFact]:
        """Issues a code over the account at the bank."""
        return self.then(decide.issue_code(self.history, VAULT, when(moment), bin_=bin_))

    def attach(self, moment: str, code: int = 1) -> list[VendorFact]:
        """The sticker of the code hangs."""
        return self.then(decide.attach(self.history, when(moment), code=code, evidence="declared"))

    def remove(
        self, moment: str, code: int = 1, reason: RemovalReason = "tax_worry"
    ) -> list[VendorFact]:
        """The sticker of the code no longer hangs."""
        return self.then(decide.remove(self.history, when(moment), code=code, reason=reason))

    def profile(
        self,
        moment: str,
        phone: str | None = None,
        zone: str | None = None,
        category: str | None = None,
    ) -> list[VendorFact]:
        """Changes what is given of phone, zone and category."""
        return self.then(
            decide.update_profile(
                self.history, VAULT, when(moment), phone=phone, zone=zone, category=category
            )
        )

    def revoke(self, moment: str, code: int = 1) -> None:
        """The bank revokes the code."""
        self.then([CodeRevoked(*when(moment), code=code, reason="lost")])

    def status(self, moment: str, status: Status) -> None:
        """The vendor leaves, is suspended, or trades again."""
        self.then([StatusChanged(*when(moment), status=status)])

    def void(self, event: int, moment: str = "2023-06-30 12:00") -> None:
        """Takes an event back."""
        self.then([Voided(*when(moment), event=event, reason="wrong")])

    def issued_on(self, moment: str, number: str = "0071000123456", bin_: str = VCB) -> Life:
        """With an account and a live code over it."""
        self.link(moment, number, bin_)
        self.issue(moment, bin_)
        return self


def refusal(wish: Callable[[], R]) -> TrackerError:
    """The error that a wish is refused with."""
    with pytest.raises(TrackerError) as caught:
        wish()
    return caught.value


def outcome(wish: Callable[[], list[R]]) -> tuple[list[R], str]:
    """What a wish gives and '', or nothing and the code that it is refused with."""
    try:
        return wish(), ""
    except TrackerError as refused:
        return [], refused.code
