"""Every verdict as the first that holds, in the order of the contract, and what a scan records."""

from __future__ import annotations

from typing import Literal

import pytest

from tests.unit.domain.life import BIDV, NOW, VCB, Life, refusal, when
from tests.unit.domain.vault import VAULT
from tracker.domain import decide, decide_codes
from tracker.domain.facts import IncidentOpened, Scanned
from tracker.domain.scans import UNREADABLE, Judged, Seen, Verdict, judge

MINE, FORMER, STRANGE = "0071000123456", "0071000999999", "6660001112223"
MOMENT = "2023-06-01 09:00"


def payload(code: int) -> str:
    return f"payload of code {code}"


def seen(text: str, account: str = STRANGE, bin_: str = VCB) -> Seen:
    return Seen(text, True, bin_, account)


def verdict(life: Life, what: Seen, *, elsewhere: bool = False) -> Judged:
    payloads = {n: payload(n) for n in life.vendor.codes}
    return judge(life.history, VAULT, what, payloads=payloads, registered_elsewhere=elsewhere)


@pytest.fixture
def life() -> Life:
    """Code 1 over an account that was replaced, code 2 live over the present one."""
    life = Life().issued_on("2023-05-02 08:00", FORMER)
    life.approved_account("2023-05-03 08:00", MINE)
    life.issue("2023-05-03 09:00")
    assert [code.live for code in life.vendor.codes.values()] == [False, True]
    return life


# Each row holds for its own verdict and for those of all later rows that can hold at once.
ROWS: list[tuple[Verdict, Seen, int | None]] = [
    ("unreadable", UNREADABLE, None),
    ("other_scheme", Seen("momo", False), None),
    ("other_scheme", Seen("a merchant's", False, VCB, MINE), None),
    ("matched", seen(payload(2), MINE), 2),
    ("superseded", seen(payload(1), FORMER), 1),
    ("altered", seen("the bank's own print", MINE), 2),
    ("superseded", seen("a print of the bank's over it", FORMER), None),
    ("other_stall", seen("a neighbour's"), None),
]


@pytest.mark.parametrize(("expected", "what", "code"), ROWS)
def test_the_first_that_holds_wins_over_an_account_that_is_registered_elsewhere(
    life: Life, expected: Verdict, what: Seen, code: int | None
) -> None:
    judged = verdict(life, what, elsewhere=True)
    assert judged.verdict == expected
    assert (judged.code and judged.code.ordinal) == code


def test_what_nobody_knows_is_a_strangers(life: Life) -> None:
    assert verdict(life, seen("a thief's")) == Judged("foreign_account")
    assert verdict(life, seen("same number, other bank", MINE, BIDV)).verdict == "foreign_account"


def test_an_older_code_with_the_payload_of_the_live_one_is_matched() -> None:
    life = Life().issued_on("2023-05-02 08:00")
    life.revoke("2023-05-03 08:00")
    life.issue("2023-05-04 08:00")
    what = seen("the same", MINE)
    payloads = {1: "the same", 2: "the same"}
    judged = judge(life.history, VAULT, what, payloads=payloads, registered_elsewhere=False)
    assert (judged.verdict, judged.code and judged.code.ordinal) == ("matched", 2)


def test_a_revoked_code_is_superseded_and_its_account_altered() -> None:
    life = Life().issued_on("2023-05-02 08:00")
    life.revoke("2023-05-03 08:00")
    assert verdict(life, seen(payload(1), MINE)).verdict == "superseded"
    judged = verdict(life, seen("another payload", MINE))
    assert judged == Judged("altered", None)


def scan(life: Life, what: Seen, moment: str = MOMENT) -> list[object]:
    judged = verdict(life, what)
    facts = decide_codes.record_scan(life.history, VAULT, when(moment), seen=what, judged=judged)
    return list(life.then(facts))


def test_a_matched_scan_renews_the_verification_and_opens_nothing(life: Life) -> None:
    life.attach("2023-05-20 08:00", code=2)
    assert scan(life, seen(payload(2), MINE)) == [Scanned(*when(MOMENT), verdict="matched", code=2)]
    assert life.vendor.codes[2].matched_at == when(MOMENT).at
    assert not life.vendor.incidents


def test_a_stranger_opens_one_incident_until_it_is_resolved(life: Life) -> None:
    opened, scanned = scan(life, seen("a thief's"))
    assert isinstance(opened, IncidentOpened)
    assert isinstance(scanned, Scanned)
    (event,) = life.vendor.incidents
    assert scanned.incident == event == life.history.version - 1
    again = scan(life, seen("another print of the thief's"), "2023-06-02 09:00")
    assert again == [Scanned(*when("2023-06-02 09:00"), verdict="foreign_account", incident=event)]
    other = scan(life, seen("another thief's", "777"), "2023-06-02 10:00")
    assert len(other) == 2
    life.then(
        decide_codes.handle_incident(
            life.history, when("2023-06-03 09:00"), incident=event, state="resolved", reason="gone"
        )
    )
    assert [i.state for i in life.vendor.incidents.values()] == ["resolved", "open"]
    assert len(scan(life, seen("a thief's"), "2023-06-04 09:00")) == 2
    assert [i.state for i in life.vendor.incidents.values()] == ["resolved", "open", "open"]


def test_incidents_go_forward_only(life: Life) -> None:
    scan(life, seen("a thief's"))
    (event,) = life.vendor.incidents

    def handle(state: Literal["confirmed", "dismissed", "resolved"]) -> list[object]:
        facts = decide_codes.handle_incident(
            life.history,
            when("2023-06-03 09:00"),
            incident=event,
            state=state,
            reason="seen",
        )
        return list(life.then(facts))

    assert len(handle("confirmed")) == 1
    assert handle("confirmed") == []
    assert life.vendor.incidents[event].unresolved
    assert len(handle("dismissed")) == 1
    assert handle("dismissed") == []
    assert refusal(lambda: handle("resolved")).code == "INCIDENT_CLOSED"
    assert refusal(lambda: handle("confirmed")).code == "INCIDENT_CLOSED"
    unknown = refusal(
        lambda: decide_codes.handle_incident(
            life.history, when(MOMENT), incident=1, state="resolved", reason="x"
        )
    )
    assert unknown.code == "NOT_FOUND"


@pytest.mark.parametrize("what", [UNREADABLE, seen(payload(2), MINE), seen("a thief's")])
def test_nothing_is_scanned_before_the_registration_or_after_the_vendor_left(
    life: Life, what: Seen
) -> None:
    early = refusal(lambda: scan(life, what, "2023-04-01 08:00"))
    assert early.code == "BEFORE_REGISTRATION"
    life.status("2023-06-02 08:00", "left")
    assert refusal(lambda: scan(life, what)).code == "VENDOR_LEFT"


def test_a_code_ends_once_and_not_before_it_was_issued() -> None:
    life = Life().issued_on("2023-05-02 08:00")

    def revoke(moment: str) -> list[object]:
        facts = decide_codes.revoke(life.history, when(moment), code=1, reason="lost")
        return list(life.then(facts))

    assert refusal(lambda: revoke("2023-05-01 09:00")).code == "BEFORE_ISSUE"
    assert len(revoke("2023-05-02 08:00")) == 1
    assert not life.vendor.codes[1].live
    assert revoke("2023-05-03 08:00") == []
    life.issue("2023-05-04 08:00")
    life.approved_account("2023-05-05 08:00", "314")
    life.issue("2023-05-05 09:00")
    ended = refusal(
        lambda: decide_codes.revoke(life.history, when("2023-06-01 08:00"), code=2, reason="x")
    )
    assert ended.code == "CODE_NOT_LIVE"


def test_prints_count_and_a_sheet_prints_once() -> None:
    life = Life().issued_on("2023-05-02 08:00")

    def print_(sheet: str | None = None) -> int:
        life.then(decide_codes.print_code(life.history, when(MOMENT), code=1, sheet=sheet))
        return life.vendor.codes[1].prints

    assert [print_(), print_("job"), print_("job"), print_()] == [1, 2, 2, 3]
    assert [print_("job"), print_("another")] == [3, 4]
    numbers = {s: decide_codes.print_number(life.history, code=1, sheet=s) for s in ("job", "no")}
    assert numbers == {"job": 2, "no": None}
    life.revoke("2023-06-01 10:00")
    stated = decide.stated(None, NOW, "key")
    printed = refusal(lambda: decide_codes.print_code(life.history, stated, code=1))
    invoiced = refusal(lambda: decide_codes.compose_invoice(life.history, stated, code=1))
    assert (printed.code, invoiced.code) == ("CODE_NOT_LIVE", "CODE_NOT_LIVE")
