"""Markets that close, and markets that merge into others."""

from __future__ import annotations

from datetime import date
from typing import Any

from tests.integration.api.city import FIRST, HOA, MARKET, OTHER, City, problem
from tests.integration.api.over_time import REASON, close, on
from tracker.domain.days import day_number
from tracker.services import imports
from tracker.services.snapshots import publish_days

PATH = f"/v1/markets/{MARKET}"


def test_a_closed_market_keeps_what_was_published_and_gets_no_more(known: City) -> None:
    known.register()
    known.publish("2025-07-04", "2025-07-05")
    made = close(known)
    assert made.status_code == 201
    assert (made.json()["closed_on"], made.json()["into"]) == ("2025-07-05", None)
    assert close(known).status_code == 200
    problem(close(known, closed_on="2025-07-06"), 409, "MARKET_CLOSED")
    assert known.get("ioc", "/v1/markets").json()["items"] == [made.json()]
    since = known.run(known.tracker.reader.marks([MARKET]))[MARKET][0]
    assert since == day_number(date(2025, 7, 5))
    assert known.publish("2025-07-04", "2025-07-05", "2025-07-06") == 0
    history = known.get("ioc", f"{PATH}/snapshots/2025-07-05")
    assert (history.status_code, history.json()["revision"]) == (200, 1)
    problem(known.get("ioc", f"{PATH}/snapshots/2025-07-06"), 404, "NOT_FOUND")
    assert known.get("ioc", "/v1/adoption").json()["markets"] == 0


def test_in_a_closed_market_nobody_is_registered_and_nothing_issued_or_attached(
    known: City,
) -> None:
    known.register(issue_code=True)
    attachments = f"/v1/codes/{FIRST}.c1/attachments"
    close(known)
    new = {**HOA, "stall": "B13", "name": "Trần Thị Lan"}
    problem(known.post("manager", f"{PATH}/vendors", new), 409, "MARKET_CLOSED")
    codes = known.post("manager", f"/v1/vendors/{FIRST}/codes", {"bin": "970436"})
    problem(codes, 409, "MARKET_CLOSED")
    hung = {"evidence": {"kind": "declared"}}
    problem(known.post("manager", attachments, hung), 409, "MARKET_CLOSED")


def test_what_happened_before_the_end_is_still_told_after_it(known: City) -> None:
    known.register(issue_code=True)
    on(known, "2025-07-20")
    close(known, closed_on="2025-07-15")
    hung = {"evidence": {"kind": "declared"}, "occurred_at": "2025-07-14T10:00:00+07:00"}
    assert known.post("manager", f"/v1/codes/{FIRST}.c1/attachments", hung).status_code == 201
    gone = {"reason": "closed"}
    assert known.post("manager", f"/v1/codes/{FIRST}.c1/removals", gone).status_code == 201


def test_a_closure_that_lies_ahead_changes_nothing_yet(known: City) -> None:
    assert close(known, closed_on="2025-08-01").status_code == 201
    known.register(issue_code=True)
    assert known.publish("2025-07-09") == 1
    assert known.get("ioc", "/v1/adoption").json()["markets"] == 1
    on(known, "2025-08-01")
    assert known.get("ioc", "/v1/adoption").json()["markets"] == 0


def test_files_of_a_closed_market(known: City) -> None:
    close(known)
    heading = "STT,Họ và tên,Số sạp\n"

    def send(row: str, kind: str, **query: str) -> Any:
        text = "&".join(f"{name}={value}" for name, value in query.items())
        return known.call(
            "admin",
            "POST",
            f"/v1/imports?kind={kind}&market={MARKET}&{text}",
            content=row.encode(),
            headers={"Content-Type": "text/csv"},
        )

    roster = heading + "1,Lan,A1\n"
    problem(send(roster, "roster", effective_on="2025-07-05"), 409, "MARKET_CLOSED")
    before = send(roster, "roster", effective_on="2025-07-04")
    assert before.status_code == 202
    done = known.worked(before.json()["id"], imports.run)
    assert done["result"]["totals"]["accepted"] == 1
    bank = (
        "market,stall,bin,account,holder,issued_on,attached_on,partner_ref\n"
        f"{MARKET},A1,970436,0123456789,,2025-07-05,2025-07-06,r-1\n"
        f"{MARKET},A1,970436,0123456789,,2025-07-04,2025-07-06,r-2\n"
        f"{MARKET},A1,970436,0123456789,,2025-07-04,2025-07-04,r-3\n"
    )
    job = send(bank, "attachments").json()["id"]
    known.worked(job, imports.run)
    rows = known.get("admin", f"/v1/jobs/{job}/rows").json()["items"]
    assert [(row["status"], row["code"]) for row in rows] == [
        ("rejected", "MARKET_CLOSED"),
        ("rejected", "MARKET_CLOSED"),
        ("accepted", None),
    ]
    assert rows[0]["detail"].startswith("The market had closed")


def test_a_market_merges_into_one_that_goes_on(known: City) -> None:
    known.open_market(OTHER, "CP7")
    for into, code in ((MARKET, "INTO_ITSELF"), ("cho-la", "MARKET_UNKNOWN")):
        said = problem(close(known, into=into), 400, "INVALID_BODY")["errors"]
        assert [(fault["pointer"], fault["code"]) for fault in said] == [("/into", code)]
    assert close(known, OTHER, closed_on="2025-07-05").status_code == 201
    said = problem(close(known, into=OTHER), 400, "INVALID_BODY")["errors"]
    assert [fault["code"] for fault in said] == ["INTO_CLOSED"]
    merged = close(known, closed_on="2025-07-04", into=OTHER)
    assert (merged.status_code, merged.json()["into"]) == (201, OTHER)
    assert close(known, closed_on="2025-07-04", into=OTHER).status_code == 200


def test_a_market_closes_after_the_day_on_which_it_opened(known: City) -> None:
    problem(close(known, closed_on="2020-01-01"), 400, "BEFORE_OPENING")
    assert close(known, closed_on="2020-01-02").status_code == 201


def test_two_closures_at_once_are_one(known: City) -> None:
    body = {"closed_on": "2025-07-05", "reason": REASON}
    calls = [known.acall("admin", "POST", f"{PATH}/closure", body) for _ in range(4)]
    answers = known.together(calls)
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 201]
    assert known.run(known.tracker.market(MARKET)).version == 2


def test_days_of_many_markets_are_closed_by_those_that_are_open(known: City) -> None:
    known.open_market(OTHER, "CP7")
    close(known)
    day = day_number(date(2025, 7, 6))
    assert known.run(publish_days(known.tracker, [MARKET, OTHER], [day])) == 1


def test_a_closure_that_is_taken_back_never_was(known: City) -> None:
    close(known)
    void = {"reason": "Nhầm chợ"}
    assert known.post("admin", "/v1/events/CVT.e2/void", void).status_code == 201
    assert known.get("ioc", PATH).json()["closed_on"] is None
    known.register(issue_code=True)
    assert known.publish("2025-07-06") == 1
