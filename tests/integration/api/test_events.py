"""Facts by their ids: who sees them, who takes which back, and what the figures say then."""

from __future__ import annotations

import random
from typing import Any

import pytest

from tests.integration.api.city import FIRST, HOA, MARKET, OTHER, City, problem
from tests.integration.api.test_vendor_life import differences, put_status
from tests.integration.registry import BIDV, VCB
from tracker.domain.facts import MarketRenamed
from tracker.services import imports
from tracker.store.commit import Commit
from tracker.store.keys import Space

LIST = f"/v1/vendors/{FIRST}/events"
OF_MARKET = f"/v1/markets/{MARKET}/events"
CODE = f"/v1/codes/{FIRST}.c1"
WHY = {"reason": "Ghi nhầm quầy"}


def items(city: City, as_: str = "manager", path: str = LIST) -> list[dict[str, Any]]:
    """The facts that a caller gets."""
    answer = city.get(as_, path)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


def void(city: City, event: str | int, as_: str = "manager", body: Any = None, **more: Any) -> Any:
    """Takes back an event; a number is one of Hoa's."""
    id_ = event if isinstance(event, str) else f"{FIRST}.e{event}"
    return city.post(as_, f"/v1/events/{id_}/void", WHY if body is None else body, **more)


def approve(city: City, asked: Any, as_: str = "admin") -> dict[str, Any]:
    """A second person lets it through; the approval then."""
    assert asked.status_code == 202, asked.text
    body = {"decision": "approved", "reason": "Đã xem lại"}
    done = city.post(as_, f"{asked.headers['location']}/decision", body)
    assert done.status_code == 200, done.text
    shown: dict[str, Any] = done.json()
    return shown


def live(city: City, figure: str = "attached") -> int:
    """A figure of the market now."""
    figures = city.get("admin", f"/v1/markets/{MARKET}/adoption").json()["figures"]
    count: int = figures[figure]["count"]
    return count


@pytest.fixture
def hung(market: City) -> City:
    """Hoa, registered by the bank: e1 registered, e2 linked, e3 issued, e4 attached."""
    market.register("bank", issue_code=True, partner_ref="R1")
    assert market.post("bank", f"{CODE}/attachments", {}, key="a").status_code == 201
    return market


def test_facts_are_listed_by_id_with_nothing_personal(hung: City) -> None:
    hung.post("field", f"{CODE}/removals", {"reason": "tax_worry"})
    shown = items(hung)
    assert [(f["id"], f["kind"]) for f in shown] == [
        (f"{FIRST}.e{n}", kind)
        for n, kind in enumerate(
            ("registered", "account_linked", "code_issued", "attached", "removed"), 1
        )
    ]
    assert shown[0]["values"] == {
        "stall": "B12",
        "zone": "Khu B",
        "category": None,
        "bin": VCB,
        "partner_ref": "R1",
    }
    assert shown[2]["values"]["account"] == f"{FIRST}.e2"
    assert shown[4]["values"]["code"] == f"{FIRST}.c1"
    assert shown[4]["by"] == hung.get("field", "/v1/me").json()["id"]
    text = hung.get("admin", LIST).text
    for secret in (HOA["name"], "0912345678", "0123456789"):
        assert str(secret) not in text
    assert items(hung, "auditor") == shown
    first = hung.get("manager", f"{LIST}?limit=3").json()
    rest = hung.get("manager", f"{LIST}?limit=3&after={first['next']}").json()
    assert first["items"] + rest["items"] == shown


def test_a_bank_sees_its_own_facts_only(hung: City) -> None:
    assert [f["id"][-2:] for f in items(hung, "bank")] == ["e1", "e2", "e3", "e4"]
    assert items(hung, "bidv") == []
    problem(void(hung, 4, "bidv"), 404, "NOT_FOUND")
    hung.call("bidv", "PUT", f"/v1/vendors/{FIRST}/accounts/{BIDV}", {"number": "55"})
    assert [f["id"][-2:] for f in items(hung, "bidv")] == ["e5"]
    assert [f["id"][-2:] for f in items(hung, "bank")] == ["e1", "e2", "e3", "e4"]
    hung.found_stranger()
    assert len(items(hung, "bank")) == 4
    assert len(items(hung)) == 7


def test_a_void_changes_the_figures_and_a_void_of_it_restores_them(hung: City) -> None:
    assert live(hung) == 1
    made = void(hung, 4, "bank", key="v")
    assert made.status_code == 201, made.text
    assert made.json() == {
        "event": f"{FIRST}.e5",
        "voids": f"{FIRST}.e4",
        "reason": WHY["reason"],
        "recorded_at": "2023-05-02T08:00:00+07:00",
    }
    assert live(hung) == 0
    assert items(hung)[3]["voided_by"] == f"{FIRST}.e5"
    replayed = void(hung, 4, "bank", key="v")
    assert (replayed.json(), replayed.status_code) == (made.json(), 201)
    hung.clock.ms += 2 * 86_400_000
    again = void(hung, 4, "bank", key="w")
    assert (again.status_code, again.json()) == (200, made.json())
    problem(void(hung, 4, "manager"), 409, "ALREADY_VOIDED")
    problem(void(hung, 4, "admin", {"reason": "khác"}), 409, "ALREADY_VOIDED")
    approve(hung, void(hung, 5))
    assert live(hung) == 1
    assert differences(hung) == []


def test_ones_own_for_a_day_and_the_rest_needs_a_second_person(hung: City) -> None:
    hung.keys["twin"] = hung.new_key("bank", bins=(VCB,))
    asked = [void(hung, 4, as_) for as_ in ("field", "twin", "manager", "admin")]
    hung.clock.ms += 86_400_001
    asked.append(void(hung, 4, "bank"))
    assert [answer.status_code for answer in asked] == [202] * 5
    waiting = [answer.headers["location"] for answer in asked]
    assert waiting[4] == waiting[1]  # a key of the same bank
    assert len(set(waiting)) == 4
    assert live(hung) == 1
    approve(hung, asked[0])
    assert live(hung) == 0
    problem(void(hung, 4, "auditor"), 403, "FORBIDDEN")
    problem(void(hung, 4, "ioc"), 404, "NOT_FOUND")


def test_what_is_not_there_is_404(hung: City) -> None:
    hung.open_market(OTHER, "CP7")
    for id_ in (f"{FIRST}.e9", f"{FIRST}.e0", FIRST, "nonsense", "CVT.e99", "XXX.e1", "CP7.e1"):
        problem(void(hung, id_), 404, "NOT_FOUND")
    problem(hung.get("manager", f"/v1/markets/{OTHER}/events"), 404, "NOT_FOUND")
    problem(hung.get("manager", "/v1/vendors/CVT-0002-X/events"), 404, "NOT_FOUND")
    problem(void(hung, 4, body={}), 400, "INVALID_BODY")


def test_what_a_live_code_rests_on_goes_after_the_code(hung: City) -> None:
    for event in (1, 2):
        wrong = problem(void(hung, event), 409, "EVENT_IN_USE")
        assert wrong["event"] == f"{FIRST}.e3"
        assert wrong["event"] in wrong["detail"]
    assert void(hung, 3, "bank").status_code == 201
    problem(hung.get("manager", CODE), 404, "NOT_FOUND")
    assert (live(hung), live(hung, "issued"), live(hung, "registered")) == (0, 0, 1)
    assert void(hung, 2, "bank").status_code == 201
    assert void(hung, 1, "bank").status_code == 201
    assert live(hung, "registered") == 0
    problem(hung.get("manager", f"/v1/vendors/{FIRST}"), 404, "NOT_FOUND")
    assert len(items(hung)) == 7
    assert void(hung, 7, "bank").status_code == 201
    assert hung.get("manager", f"/v1/vendors/{FIRST}").json()["stall"] == "B12"
    assert differences(hung) == []


def test_a_bank_is_not_told_what_of_another_rests_on_its_fact(market: City) -> None:
    market.register("bank", account=None)
    market.call("bidv", "PUT", f"/v1/vendors/{FIRST}/accounts/{BIDV}", {"number": "55"})
    market.post("bidv", f"/v1/vendors/{FIRST}/codes", {"bin": BIDV}, key="c")
    wrong = problem(void(market, 1, "bank"), 409, "EVENT_IN_USE")
    assert "event" not in wrong
    assert FIRST not in wrong["detail"]
    assert problem(void(market, 1), 409, "EVENT_IN_USE")["event"] == f"{FIRST}.e3"


def test_how_a_market_was_set_up_is_taken_back_by_the_admin_alone(hung: City) -> None:
    """And so is the void of it, which would restore it."""
    version = len(items(hung, path=OF_MARKET))
    admin = hung.get("admin", "/v1/me").json()["id"]

    async def rename() -> None:
        now = hung.clock()
        commit = Commit(Space(MARKET))
        commit.append("0", version, [MarketRenamed(now, now, admin, "Chợ khác")])
        await hung.tracker.commit(commit)

    hung.run(rename())
    renamed = f"CVT.e{version + 1}"
    problem(void(hung, renamed), 403, "FORBIDDEN")
    made = void(hung, renamed, "admin").json()["event"]
    assert hung.get("admin", f"/v1/markets/{MARKET}").json()["name"] == "Chợ CVT"
    problem(void(hung, made), 403, "FORBIDDEN")
    assert void(hung, made, "admin").status_code == 201
    assert hung.get("admin", f"/v1/markets/{MARKET}").json()["name"] == "Chợ khác"


def test_what_was_given_away_since_is_not_brought_back(market: City) -> None:
    market.register("bank", partner_ref="R1", account=None)
    assert void(market, 1, "bank").status_code == 201
    lan = market.register("bank", name="Lan", stall="B12", account=None)["vendor"]
    assert problem(void(market, 2, "bank"), 409, "STALL_TAKEN")["vendor"] == lan
    market.post("manager", f"/v1/vendors/{lan}/moves", {"stall": "C1"})
    market.register("bank", name="Mai", stall="D1", account=None, partner_ref="R1")
    problem(void(market, 2, "bank"), 409, "PARTNER_REF_TAKEN")
    assert differences(market) == []


def test_a_leaving_that_was_wrong_is_as_if_it_had_never_been(hung: City) -> None:
    hung.clock.next_day()
    put_status(hung, "left", reason="closed")
    assert live(hung, "registered") == 0
    assert void(hung, 5).status_code == 201
    assert (live(hung), live(hung, "registered")) == (1, 1)


def test_of_many_voids_at_once_one_is_recorded(hung: City) -> None:
    path = f"/v1/events/{FIRST}.e4/void"
    calls = [hung.acall("bank", "POST", path, WHY) for _ in range(6)]
    answers = hung.together(calls)
    assert sorted(a.status_code for a in answers) == [200] * 5 + [201]
    assert len({a.text for a in answers}) == 1
    assert len(items(hung)) == 5


def test_a_markets_own_facts_are_listed_and_taken_back(hung: City) -> None:
    for vendors in (500, 5_000):
        body = {"effective_on": "2023-05-01", "vendors": vendors, "source": "sổ của chợ"}
        assert hung.post("manager", f"/v1/markets/{MARKET}/census", body).status_code == 201
    shown = items(hung, path=OF_MARKET)
    assert [(f["id"], f["kind"]) for f in shown] == [
        ("CVT.e1", "market_opened"),
        ("CVT.e2", "zone_added"),
        ("CVT.e3", "census_declared"),
        ("CVT.e4", "census_declared"),
    ]
    problem(void(hung, "CVT.e4", "field"), 403, "FORBIDDEN")
    made = void(hung, "CVT.e4", key="census")
    assert (made.status_code, made.json()["event"]) == (201, "CVT.e5")
    again = void(hung, "CVT.e4")
    assert (again.status_code, again.json()) == (200, made.json())
    adoption = hung.get("admin", f"/v1/markets/{MARKET}/adoption").json()
    assert adoption["denominator"] == {"value": 500, "basis": "census"}
    problem(void(hung, "CVT.e1", "admin"), 409, "EVENT_NOT_VOIDABLE")
    problem(hung.get("ioc", OF_MARKET), 404, "NOT_FOUND")
    assert differences(hung) == []


def test_a_fact_taken_back_gives_its_day_a_new_revision(hung: City) -> None:
    hung.clock.next_day()
    assert hung.publish("2023-05-02") == 1
    void(hung, 4, "bank")
    assert hung.publish("2023-05-02") == 1
    day = hung.get("ioc", f"/v1/markets/{MARKET}/snapshots/2023-05-02").json()
    assert (day["revision"], day["figures"]["attached"]["count"]) == (2, 0)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_verify_is_clean_after_whatever_people_do(market: City, seed: int) -> None:
    """Moves, leaves, codes, late dates and voids in any order; refusals are refusals."""
    pick = random.Random(seed)
    vendors = []
    for n in range(4):
        account = {"bin": VCB, "number": f"10{n}"}
        body: dict[str, Any] = {
            "stall": f"S{n}",
            "name": f"Chị {n}",
            "account": account,
            "issue_code": True,
        }
        vendors.append(market.register(**body)["vendor"])
    seen = set()
    for step in range(60):
        if step % 6 == 0:
            market.clock.next_day()
        vendor = pick.choice(vendors)
        back = pick.randint(0, step // 6 + 1) * 86_400_000
        at = f"2023-05-{max(2 + step // 6 + 1 - back // 86_400_000, 2):02d}T08:00:00+07:00"
        dated = {"occurred_at": at}
        any_ = {"If-Match": "*"}
        match pick.randint(0, 6):
            case 0:
                body = {"stall": f"S{pick.randint(0, 6)}", **dated}
                answer = market.post("admin", f"/v1/vendors/{vendor}/moves", body)
            case 1:
                body = {"status": pick.choice(["left", "trading", "suspended"]), **dated}
                path = f"/v1/vendors/{vendor}/status"
                answer = market.call("admin", "PUT", path, body, headers=any_)
            case 2:
                path = f"/v1/codes/{vendor}.c1/attachments"
                answer = market.post("admin", path, dated)
            case 3:
                body = {"reason": "no_signal", **dated}
                answer = market.post("admin", f"/v1/codes/{vendor}.c1/removals", body)
            case 4:
                body = {"zone": pick.choice(["A", "B", None])}
                answer = market.call("admin", "PATCH", f"/v1/vendors/{vendor}", body, headers=any_)
            case _:
                known = items(market, "admin", f"/v1/vendors/{vendor}/events")
                answer = void(market, pick.choice(known)["id"], "admin", {"reason": f"{step}"})
        assert answer.status_code < 500, answer.text
        seen.add(answer.status_code)
        assert answer.status_code in {200, 201, 202, 400, 404, 409}, answer.text
        if answer.status_code == 202:
            body = {"decision": pick.choice(["approved", "approved", "rejected"]), "reason": "."}
            place = answer.headers["location"]
            decided = market.post("manager", f"{place}/decision", body)
            assert decided.status_code in {200, 409}, decided.text
    assert {201, 202, 409} <= seen
    assert differences(market) == []


def test_a_row_of_ones_own_file_is_ones_own_fact(market: City) -> None:
    market.register("manager", issue_code=True)
    file = f"stall,bin,account,attached_on\nB12,{VCB},0123456789,2023-05-02\n"
    path = f"/v1/imports?kind=attachments&market={MARKET}"
    job = market.call("bank", "POST", path, content=file.encode(), key="file").json()["id"]
    assert market.worked(job, imports.run)["result"]["totals"]["accepted"] == 1
    (hung,) = [f for f in items(market, "bank") if f["kind"] == "attached"]
    assert hung["by"] is None  # it was the job that stated it
    assert [f["by"] for f in items(market) if f["id"] == hung["id"]] == [f"{job}.2"]
    assert void(market, hung["id"], "field").status_code == 202
    assert void(market, hung["id"], "bank", key="v").status_code == 201
    assert live(market) == 0


def test_an_erased_vendor_can_be_moved_put_off_the_roster_and_corrected_in_facts(
    hung: City,
) -> None:
    store: Any = hung.tracker.client
    hung.run(store.hdel(Space(MARKET).data_keys, "1"))
    assert hung.post("manager", f"/v1/vendors/{FIRST}/moves", {"stall": "C1"}).status_code == 201
    assert put_status(hung, "left").json()["name"] is None
    assert void(hung, 6).status_code == 201
    assert len(items(hung)) == 7
