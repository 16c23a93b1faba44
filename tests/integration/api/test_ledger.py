"""`/v1/ledger`: every entry once, in order, with what it changed and its seal; nothing personal."""

from __future__ import annotations

import csv
import io
from itertools import pairwise
from typing import Any

import pytest

from tests.integration.api.city import FIRST, HOA, MARKET, OTHER, SCOPES, City, problem
from tests.integration.api.test_events import approve, void
from tests.integration.registry import VCB
from tracker.domain.facts import InvoiceComposed
from tracker.services import imports
from tracker.services.ledger import COST_MAX
from tracker.services.seals import seal
from tracker.store.commit import Commit
from tracker.store.keys import Space

LEDGER = f"/v1/ledger?market={MARKET}"


@pytest.fixture
def hung(market: City) -> City:
    """Hoa, registered by the bank with a code that hangs; then moved, and the code removed."""
    market.register("bank", issue_code=True, partner_ref="R1")
    assert market.post("bank", f"/v1/codes/{FIRST}.c1/attachments", {}, key="a").status_code == 201
    market.post("manager", f"/v1/vendors/{FIRST}/moves", {"stall": "C1"})
    market.post("field", f"/v1/codes/{FIRST}.c1/removals", {"reason": "tax_worry"})
    return market


def entries(city: City, path: str = LEDGER, as_: str = "auditor") -> list[dict[str, Any]]:
    """All entries, page after page."""
    found: list[dict[str, Any]] = []
    after = ""
    while True:
        answer = city.get(as_, path + after)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        assert body["items"]
        found += body["items"]
        if "next" not in body:
            return found
        after = f"&after={body['next']}"


def test_every_entry_says_who_stated_what_and_what_it_changed(hung: City) -> None:
    shown = entries(hung)
    assert [(e["position"], e["kind"]) for e in shown] == list(
        enumerate(
            (
                "market_opened",
                "zone_added",
                "registered",
                "account_linked",
                "code_issued",
                "attached",
                "moved",
                "removed",
            ),
            1,
        )
    )
    assert [e["subject"] for e in shown] == ["market"] * 2 + [FIRST] * 6
    assert [e["event"] for e in shown[:3]] == ["CVT.e1", "CVT.e2", f"{FIRST}.e1"]
    opened, _, registered, linked, issued, attached, moved, removed = shown
    assert (opened["before"], opened["after"]["name"]) == (None, "Chợ CVT")
    assert registered["before"] is None
    assert registered["after"]["stall"] == "B12"
    assert registered["fields"] == {
        "stall": "B12",
        "personal": "sealed",
        "zone": "Khu B",
        "category": None,
        "bin": VCB,
        "partner_ref": "R1",
    }
    assert linked["changed"] == ["banks"]
    assert (linked["before"]["banks"], linked["after"]["banks"]) == ([], [VCB])
    assert issued["fields"]["account"] == linked["event"]
    assert issued["changed"] == ["stage", "codes"]
    assert attached["after"]["codes"] == [f"{FIRST}.c1 {VCB} live attached"]
    assert (attached["before"]["stage"], attached["after"]["stage"]) == ("issued", "attached")
    assert moved["changed"] == ["stall"]
    assert (moved["before"]["stall"], moved["after"]["stall"]) == ("B12", "C1")
    assert removed["fields"]["reason"] == "tax_worry"
    assert removed["by"] == hung.get("field", "/v1/me").json()["id"]
    for one, next_ in pairwise(shown[2:]):
        assert one["after"] == next_["before"]


def test_nothing_personal_is_in_it(hung: City) -> None:
    hung.found_stranger(stall="C1")
    for form in ("json", "csv"):
        text = hung.get("auditor", f"{LEDGER}&format={form}").text
        for secret in (HOA["name"], "Hoa", "912345678", "0123456789", "6660001112223"):
            assert str(secret) not in text


def test_a_late_fact_and_a_void_show_what_was_known_just_then(hung: City) -> None:
    hung.clock.next_day()
    early = {"stall": "D1", "occurred_at": "2023-05-02T08:00:00+07:00"}
    assert hung.post("manager", f"/v1/vendors/{FIRST}/moves", early).status_code == 201
    approve(hung, void(hung, 4))
    by_event = {e["event"]: e for e in entries(hung)}
    late = by_event[f"{FIRST}.e7"]
    assert late["fields"]["stall"] == late["after"]["stall"] == "D1"
    voided = next(e for e in by_event.values() if e["kind"] == "voided")
    assert voided["fields"]["event"] == f"{FIRST}.e4"
    assert voided["by_kind"] == "approval"
    assert voided["by"] in by_event
    before = by_event[f"{FIRST}.e4"]
    assert before["after"]["stage"] == "attached"  # as it was known then


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
def test_pages_of_any_size_have_every_entry_once(hung: City, limit: int) -> None:
    assert entries(hung, f"{LEDGER}&limit={limit}") == entries(hung)
    other = hung.get("auditor", f"{LEDGER}&limit=1").json()["next"]
    problem(hung.get("admin", f"/v1/markets?after={other}"), 400, "CURSOR_INVALID")


def test_equal_facts_of_one_instant_keep_their_ids_on_every_page(hung: City) -> None:
    """Five equal facts in one millisecond: a page may begin at any of them."""

    async def five() -> None:
        now = hung.clock()
        history = (await hung.tracker.reader.histories(MARKET, "CVT", [1]))[0]
        commit = Commit(Space(MARKET))
        commit.vendor(history, [InvoiceComposed(now, now, "abcdefgh", 1)] * 5)
        await hung.tracker.commit(commit)

    hung.run(five())
    hung.post("manager", f"/v1/vendors/{FIRST}/moves", {"stall": "E1"})
    whole = [e["event"] for e in entries(hung)]
    assert whole == ["CVT.e1", "CVT.e2", *(f"{FIRST}.e{n}" for n in range(1, 13))]
    for limit in (1, 2, 3):
        assert [e["event"] for e in entries(hung, f"{LEDGER}&limit={limit}")] == whole


def test_a_page_that_costs_too_much_ends_early_and_goes_on(hung: City) -> None:
    async def crowded() -> None:
        now = hung.clock()
        history = (await hung.tracker.reader.histories(MARKET, "CVT", [1]))[0]
        commit = Commit(Space(MARKET))
        many = [InvoiceComposed(now - n, now, "abcdefgh", 1) for n in range(400)]
        commit.append("1", history.version, many)
        await hung.tracker.commit(commit)

    hung.run(crowded())
    path = f"{LEDGER}&limit=1000"
    first = hung.get("auditor", path).json()
    assert 1 < len(first["items"]) < 400
    assert len(first["items"]) ** 2 / 2 < 2 * COST_MAX
    assert [e["position"] for e in entries(hung, path)] == list(range(1, 409))


def test_each_entry_names_its_seal_once_there_is_one(hung: City) -> None:
    assert {e["seal"] for e in entries(hung)} == {None}
    hung.clock.next_day()
    hung.run(seal(hung.tracker))
    hung.post("manager", f"/v1/vendors/{FIRST}/moves", {"stall": "D1"})
    hung.clock.next_day()
    hung.run(seal(hung.tracker))
    hung.post("manager", f"/v1/vendors/{FIRST}/moves", {"stall": "E1"})
    seals = [e["seal"] for e in entries(hung)]
    assert [s and (s["number"], s["first"], s["last"]) for s in seals] == [
        *[(1, 1, 8)] * 8,
        (2, 9, 9),
        None,
    ]
    stored = hung.run(hung.tracker.seals.covering(MARKET, 9, 9))
    assert seals[8]["digest"] == f"sha256:{stored[0].seal.digest.hex()}"
    assert [e["seal"] for e in entries(hung, f"{LEDGER}&limit=1")] == seals


def test_a_page_that_one_has_is_304_until_something_of_it_is_new(hung: City) -> None:
    first = hung.get("auditor", f"{LEDGER}&limit=3")
    have = {"If-None-Match": first.headers["etag"]}
    hung.post("manager", f"/v1/vendors/{FIRST}/moves", {"stall": "D1"})
    assert hung.get("auditor", f"{LEDGER}&limit=3", headers=have).status_code == 304
    hung.clock.next_day()
    hung.run(seal(hung.tracker))
    assert hung.get("auditor", f"{LEDGER}&limit=3", headers=have).status_code == 200


def test_csv_says_the_same_in_lines(hung: City) -> None:
    answer = hung.get("auditor", f"{LEDGER}&limit=7", headers={"Accept": "text/csv"})
    assert answer.headers["content-type"].startswith("text/csv")
    lines = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [int(line["position"]) for line in lines] == list(range(1, 8))
    assert lines[6]["changes"] == "stall: B12 → C1"
    assert "stall=B12; personal=sealed" in lines[2]["fields"]
    link = answer.headers["link"]
    assert link.endswith('rel="next"')
    rest = hung.get("auditor", link[1 : link.index(">")])
    assert len(list(csv.DictReader(io.StringIO(rest.content.decode("utf-8-sig"))))) == 1
    problem(hung.get("auditor", f"{LEDGER}&format=xlsx"), 406, "NOT_ACCEPTABLE")


def test_a_row_of_a_file_is_told_from_a_key(market: City) -> None:
    market.register("manager", issue_code=True)
    file = f"stall,bin,account,attached_on\nB12,{VCB},0123456789,2023-05-02\n"
    path = f"/v1/imports?kind=attachments&market={MARKET}"
    job = market.call("bank", "POST", path, content=file.encode(), key="file").json()["id"]
    market.worked(job, imports.run)
    told = {e["kind"]: (e["by"], e["by_kind"]) for e in entries(market)}
    assert told["attached"] == (f"{job}.2", "import_row")
    assert told["registered"][1] == "key"


def test_publications_and_reports_stand_in_it_without_a_state(hung: City) -> None:
    hung.clock.next_day()
    hung.publish("2023-05-02")
    line = {"vendor": FIRST, "payments": 3, "amount_vnd": 90_000}
    day = f"/v1/markets/{MARKET}/activity/2023-05-02/{VCB}"
    assert hung.call("bank", "PUT", day, {"lines": [line]}).status_code == 200
    *_, published, reported = entries(hung)
    assert (published["kind"], published["fields"]["day"]) == ("published", "2023-05-02")
    assert (published["event"], published["before"], published["after"]) == (None, None, None)
    assert reported["fields"]["payments"] == 3
    assert FIRST not in str(reported["fields"])


def test_the_services_own_ledger_is_for_auditors_of_all_markets(hung: City) -> None:
    hung.keys["city"] = hung.new_key("auditor")
    shown = entries(hung, "/v1/ledger?market=sys", "city")
    assert [e["position"] for e in shown] == list(range(1, len(shown) + 1))
    created = next(e for e in shown if e["kind"] == "key_created")
    assert created["subject"].startswith("key:")
    assert created["fields"]["digest"] == "sealed"
    assert (created["before"], created["after"]["role"]) == (None, created["fields"]["role"])
    id_ = hung.get("manager", "/v1/me").json()["id"]
    hung.call("admin", "DELETE", f"/v1/keys/{id_}")
    revoked = entries(hung, "/v1/ledger?market=sys", "city")[-1]
    assert (revoked["kind"], revoked["changed"]) == ("key_revoked", ["revoked"])
    problem(hung.get("auditor", "/v1/ledger?market=sys"), 404, "NOT_FOUND")


def test_only_auditors_read_it_and_only_their_markets(hung: City) -> None:
    hung.open_market(OTHER, "CP7")
    for role in ("bank", "manager", "field", "ioc"):
        problem(hung.get(role, LEDGER), 404, "NOT_FOUND")
    problem(hung.get("admin", LEDGER), 403, "FORBIDDEN")
    assert SCOPES["auditor"] == {"markets": (MARKET,)}
    for market in (OTHER, "no-such-market"):
        problem(hung.get("auditor", f"/v1/ledger?market={market}"), 404, "NOT_FOUND")
    wrong = problem(hung.get("auditor", "/v1/ledger"), 400, "INVALID_PARAMETER")
    assert wrong["errors"][0]["pointer"] == "/query/market"
