"""Four eyes over HTTP: what waits, who may decide it, and what becomes of it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.api.city import FIRST, MARKET, OTHER, City, problem
from tests.integration.api.test_events import approve, items, live, void
from tests.integration.api.test_vendor_life import differences
from tests.integration.registry import BIDV, VCB
from tracker.domain.days import DAY_MS
from tracker.services import audit, imports

VENDOR = f"/v1/vendors/{FIRST}"
ACCOUNT = f"{VENDOR}/accounts/{VCB}"
STATUS = f"{VENDOR}/status"
CENSUS = f"/v1/markets/{MARKET}/census"
NEW = {"number": "9990001112223", "holder": "Nguyễn Văn Chồng"}
ANY = {"If-Match": "*"}
YES = {"decision": "approved", "reason": "Đã gọi tiểu thương"}
NO = {"decision": "rejected", "reason": "Không liên lạc được"}


@pytest.fixture
def hung(market: City) -> City:
    """Hoa, registered by the bank, her sticker hangs: e1 to e4."""
    market.register("bank", issue_code=True)
    path = f"/v1/codes/{FIRST}.c1/attachments"
    assert market.post("bank", path, {}, key="a").status_code == 201
    return market


def ask(city: City, as_: str = "bank", body: Any = NEW, **more: Any) -> Any:
    """Another account behind Hoa's live code."""
    answer = city.call(as_, "PUT", ACCOUNT, body, headers=ANY, **more)
    assert answer.status_code == 202, answer.text
    return answer


def decide(city: City, asked: Any, body: Any = None, as_: str = "manager", **more: Any) -> Any:
    """A second person's decision on what a 202 says."""
    return city.post(as_, f"{asked.headers['location']}/decision", body or YES, **more)


def state(city: City, asked: Any, as_: str = "manager") -> str:
    """How far it is."""
    told: str = city.get(as_, asked.headers["location"]).json()["state"]
    return told


def listed(city: City, as_: str, query: str = "") -> list[str]:
    """The ids of the approvals that a caller gets."""
    answer = city.get(as_, f"/v1/approvals{query}")
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


class TestAnAccountBehindALiveCode:
    def test_changes_with_its_code_when_somebody_else_approves(self, hung: City) -> None:
        asked = ask(hung)
        assert asked.headers["location"] == f"/v1/approvals/{FIRST}.e5"
        assert asked.json() | {"asked_by": ""} == {
            "id": f"{FIRST}.e5",
            "kind": "account",
            "state": "waiting",
            "market": MARKET,
            "vendor": FIRST,
            "asked_by": "",
            "asked_at": "2023-05-02T08:00:00+07:00",
            "expires_at": "2023-05-09T08:00:00+07:00",
            "decided_by": None,
            "decided_at": None,
            "reason": None,
            "account": {
                "bin": VCB,
                "number": "•••• 2223",
                "holder": NEW["holder"],
                "replaces": "•••• 6789",
                "code": f"{FIRST}.c1",
            },
            "status": None,
            "void": None,
            "census": None,
        }
        before = hung.get("bank", VENDOR).json()
        assert before["accounts"][0]["number"] == "0123456789"
        assert live(hung) == 1
        hung.clock.ms += 3_600_000
        done = decide(hung, asked)
        assert (done.status_code, done.json()["state"]) == (200, "approved")
        assert done.json()["decided_by"] == hung.get("manager", "/v1/me").json()["id"]
        after = hung.get("bank", VENDOR).json()
        assert after["accounts"][0]["number"] == NEW["number"]
        assert after["accounts"][0]["owner"] == "family"
        told = [(c["id"][-2:], c["state"], c["version"], c["attached"]) for c in after["codes"]]
        assert told == [("c1", "superseded", 1, False), ("c2", "live", 2, False)]
        assert (live(hung), live(hung, "issued")) == (0, 1)
        stated = items(hung)[-2:]
        assert [f["kind"] for f in stated] == ["account_linked", "code_issued"]
        assert {f["by"] for f in stated} == {f"{FIRST}.e5"}
        assert hung.call("bank", "PUT", ACCOUNT, NEW).status_code == 200
        assert differences(hung) == []

    def test_waits_under_one_approval_however_often_it_is_sent(self, hung: City) -> None:
        first = ask(hung)
        again = hung.call("bank", "PUT", ACCOUNT, NEW, headers={"If-Match": '"1"'})
        assert (again.status_code, again.json()) == (202, first.json())
        assert again.headers["location"] == first.headers["location"]
        assert hung.call("bank", "PUT", ACCOUNT, NEW).json() == first.json()
        other = {"number": "77"}
        calls = [hung.acall("bank", "PUT", ACCOUNT, other, headers=ANY) for _ in range(6)]
        places = {answer.headers["location"] for answer in hung.together(calls)}
        assert places == {f"/v1/approvals/{FIRST}.e6"}
        problem(hung.call("bank", "PUT", ACCOUNT, {"number": "78"}), 428, "PRECONDITION_REQUIRED")
        old = {"If-Match": '"1"'}
        stale = hung.call("bank", "PUT", ACCOUNT, {"number": "78"}, headers=old)
        problem(stale, 412, "PRECONDITION_FAILED")

    def test_that_is_rejected_stays_as_it_was(self, hung: City) -> None:
        asked = ask(hung)
        done = decide(hung, asked, NO)
        assert (done.json()["state"], done.json()["reason"]) == ("rejected", NO["reason"])
        assert hung.get("bank", VENDOR).json()["accounts"][0]["number"] == "0123456789"
        assert live(hung) == 1
        problem(decide(hung, asked), 409, "APPROVAL_CLOSED")
        assert ask(hung).headers["location"] != asked.headers["location"]

    def test_that_changed_meanwhile_is_stale(self, hung: City) -> None:
        asked, other = ask(hung), ask(hung, body={"number": "8880001112223"})
        assert decide(hung, other).status_code == 200
        assert state(hung, asked) == "stale"
        wrong = problem(decide(hung, asked), 409, "APPROVAL_STALE")
        assert "has ended" in wrong["detail"]
        problem(decide(hung, asked, NO, "admin"), 409, "APPROVAL_STALE")
        shown = hung.get("manager", asked.headers["location"]).json()
        assert (shown["state"], shown["reason"]) == ("stale", YES["reason"])
        accounts = hung.get("bank", VENDOR).json()["accounts"]
        assert accounts[0]["number"] == "8880001112223"
        assert differences(hung) == []

    def test_while_its_code_is_revoked_is_one_of_the_two(self, hung: City) -> None:
        asked = ask(hung)
        revocation = f"/v1/codes/{FIRST}.c1/revocation"
        calls = [
            hung.acall("manager", "POST", f"{asked.headers['location']}/decision", YES),
            hung.acall("bank", "POST", revocation, {"reason": "đổi ngân hàng"}),
        ]
        answers = hung.together(calls)
        assert sorted(a.is_success for a in answers) == [False, True]
        lost = next(a for a in answers if not a.is_success)
        assert lost.json()["code"] in {"APPROVAL_STALE", "CODE_NOT_LIVE"}
        assert state(hung, asked) == ("approved" if answers[0].is_success else "stale")
        assert differences(hung) == []

    def test_in_a_market_that_closed_is_stale(self, hung: City) -> None:
        asked = ask(hung)
        body = {"closed_on": "2023-05-02", "reason": "Di dời"}
        assert hung.post("admin", f"/v1/markets/{MARKET}/closure", body).status_code == 201
        assert "closed" in problem(decide(hung, asked), 409, "APPROVAL_STALE")["detail"]

    def test_registered_again_with_it_is_told_the_way(self, hung: City) -> None:
        account = {"bin": VCB, "number": "55"}
        body = {"stall": "B12", "name": "Đặng Thị Hoa", "account": account}
        path = f"/v1/markets/{MARKET}/vendors"
        wrong = problem(hung.post("bank", path, body, key="x"), 409, "ACCOUNT_HAS_LIVE_CODE")
        assert "second person" in wrong["detail"]

    def test_of_an_erased_vendor_can_only_be_rejected(self, hung: City) -> None:
        asked = ask(hung)
        keys: Any = hung.tracker.client
        hung.run(keys.hdel(f"{{m:{MARKET}}}:datakeys", "1"))
        shown = hung.get("manager", asked.headers["location"]).json()
        assert shown["account"]["number"] is None
        problem(decide(hung, asked), 404, "ERASED")
        assert decide(hung, asked, NO).json()["state"] == "rejected"


class TestWhoDecides:
    def test_is_never_who_asked(self, hung: City) -> None:
        asked = ask(hung, "manager")
        problem(decide(hung, asked, as_="manager"), 403, "OWN_APPROVAL")
        problem(decide(hung, asked, NO, "manager"), 403, "OWN_APPROVAL")
        hung.keys["second"] = hung.new_key("manager", markets=(MARKET,))
        assert decide(hung, asked, as_="second").status_code == 200

    def test_is_no_bank_and_no_key_of_the_same_bank(self, hung: City) -> None:
        asked = ask(hung)
        hung.keys["twin"] = hung.new_key("bank", bins=(VCB,))
        hung.keys["insider"] = hung.new_key("manager", bins=(BIDV, VCB), markets=(MARKET,))
        hung.keys["outsider"] = hung.new_key("manager", bins=(BIDV,), markets=(MARKET,))
        for as_, code in (
            ("bank", "FORBIDDEN"),
            ("twin", "FORBIDDEN"),
            ("field", "FORBIDDEN"),
            ("auditor", "FORBIDDEN"),
            ("insider", "OWN_APPROVAL"),
        ):
            problem(decide(hung, asked, as_=as_), 403, code)
        problem(decide(hung, asked, as_="ioc"), 404, "NOT_FOUND")
        assert state(hung, asked) == "waiting"
        assert decide(hung, asked, as_="outsider").status_code == 200

    def test_is_of_the_market(self, hung: City) -> None:
        hung.open_market(OTHER, "CP7")
        hung.keys["elsewhere"] = hung.new_key("manager", markets=(OTHER,))
        asked = ask(hung)
        problem(decide(hung, asked, as_="elsewhere"), 404, "NOT_FOUND")
        problem(hung.get("elsewhere", asked.headers["location"]), 404, "NOT_FOUND")

    def test_says_why(self, hung: City) -> None:
        wrong = problem(decide(hung, ask(hung), {"decision": "yes"}), 400, "INVALID_BODY")
        assert {f["pointer"] for f in wrong["errors"]} == {"/decision", "/reason"}

    def test_is_one_of_two_at_once(self, hung: City) -> None:
        asked = ask(hung)
        path = f"{asked.headers['location']}/decision"
        calls = [hung.acall("manager", "POST", path, YES), hung.acall("admin", "POST", path, NO)]
        answers = hung.together(calls)
        assert sorted(a.status_code for a in answers) == [200, 409]
        lost = next(a for a in answers if a.status_code == 409)
        problem(lost, 409, "APPROVAL_CLOSED")
        won = next(a for a in answers if a.status_code == 200)
        assert state(hung, asked) == won.json()["state"]
        assert sum(f["kind"] == "approval_decided" for f in items(hung)) == 1
        assert differences(hung) == []

    def test_may_say_it_again(self, hung: City) -> None:
        asked = ask(hung)
        first = decide(hung, asked, key="d")
        replayed = decide(hung, asked, key="d")
        assert (replayed.content, replayed.headers["idempotency-replayed"]) == (
            first.content,
            "true",
        )
        for key in ("e", None):
            again = decide(hung, asked, key=key)
            assert (again.status_code, again.json()) == (200, first.json())
        assert len(items(hung)) == 8

    def test_has_seven_days(self, hung: City) -> None:
        asked = ask(hung)
        hung.clock.ms += 7 * DAY_MS - 1
        assert state(hung, asked) == "waiting"
        assert ask(hung).headers["location"] == asked.headers["location"]
        hung.clock.ms += 1
        assert state(hung, asked) == "expired"
        assert listed(hung, "manager", "?state=waiting") == []
        assert "anew" in problem(decide(hung, asked), 409, "APPROVAL_CLOSED")["detail"]
        anew = ask(hung)
        assert anew.headers["location"] != asked.headers["location"]
        assert decide(hung, anew).status_code == 200


class TestASuspensionForFraud:
    def test_is_lifted_by_two(self, hung: City) -> None:
        body = {"status": "suspended", "reason": "fraud"}
        assert hung.call("manager", "PUT", STATUS, body, headers=ANY).status_code == 200
        lift = {"status": "trading"}
        problem(hung.call("manager", "PUT", STATUS, lift), 428, "PRECONDITION_REQUIRED")
        asked = hung.call("manager", "PUT", STATUS, lift, headers=ANY)
        assert (asked.status_code, asked.json()["kind"]) == (202, "status")
        assert asked.json()["status"] == {"status": "trading", "reason": None, "occurred_at": None}
        again = hung.call("manager", "PUT", STATUS, lift)
        assert (again.status_code, again.json()) == (202, asked.json())
        assert hung.get("manager", VENDOR).json()["status"] == "suspended"
        problem(decide(hung, asked), 403, "OWN_APPROVAL")
        assert decide(hung, asked, as_="admin").json()["state"] == "approved"
        assert hung.get("manager", VENDOR).json()["status"] == "trading"
        assert hung.call("manager", "PUT", STATUS, lift).status_code == 200

    def test_for_another_reason_is_lifted_alone(self, hung: City) -> None:
        for body in ({"status": "suspended", "reason": "nghỉ"}, {"status": "trading"}):
            assert hung.call("manager", "PUT", STATUS, body, headers=ANY).status_code == 200


class TestAVoid:
    def test_of_others_or_old_facts_waits(self, hung: City) -> None:
        asked = void(hung, 4, "field", key="v")
        assert (asked.status_code, asked.json()["void"]) == (
            202,
            {"event": f"{FIRST}.e4", "fact": "attached", "reason": "Ghi nhầm quầy"},
        )
        replayed = void(hung, 4, "field", key="v")
        assert (replayed.status_code, replayed.content) == (202, asked.content)
        assert void(hung, 4, "field", key="w").json() == asked.json()
        assert live(hung) == 1
        approve(hung, asked, "manager")
        assert live(hung) == 0
        stands = void(hung, 4, "field")
        assert (stands.status_code, stands.json()["event"]) == (200, f"{FIRST}.e7")
        problem(void(hung, 4, "bank"), 409, "ALREADY_VOIDED")
        restored = void(hung, 7, "manager")
        assert restored.status_code == 202  # what was approved is nobody's own
        assert differences(hung) == []

    def test_of_what_was_voided_meanwhile_is_stale(self, hung: City) -> None:
        asked = void(hung, 4, "field")
        assert void(hung, 4, "bank").status_code == 201
        assert state(hung, asked) == "stale"
        problem(decide(hung, asked), 409, "APPROVAL_STALE")

    def test_that_would_take_a_stall_again_ends_stale_where_another_trades_there(
        self, hung: City
    ) -> None:
        left = {"status": "left", "reason": "closed"}
        hung.call("admin", "PUT", STATUS, left, headers=ANY)
        asked = void(hung, 5, "manager")
        hung.register(name="Lan", account=None, stall="B12")
        problem(decide(hung, asked, as_="admin"), 409, "APPROVAL_STALE")
        assert state(hung, asked) == "stale"
        assert differences(hung) == []

    def test_that_cannot_be_is_refused_at_once(self, hung: City) -> None:
        problem(void(hung, 2, "manager"), 409, "EVENT_IN_USE")
        ask(hung)
        problem(void(hung, 5, "manager"), 409, "EVENT_NOT_VOIDABLE")
        assert len(items(hung)) == 5


class TestACensus:
    def test_goes_up_by_one_and_down_by_two(self, hung: City) -> None:
        def declare(vendors: int, as_: str = "manager", **more: Any) -> Any:
            body = {"effective_on": "2023-05-01", "vendors": vendors, "source": "sổ của chợ"}
            return hung.post(as_, CENSUS, body, **more)

        def base() -> int:
            shown = hung.get("admin", f"/v1/markets/{MARKET}/adoption").json()
            value: int = shown["denominator"]["value"]
            return value

        for vendors in (500, 542):
            assert declare(vendors).status_code == 201
        asked = declare(168, key="c")
        assert (asked.status_code, asked.json()["census"]) == (
            202,
            {
                "effective_on": "2023-05-01",
                "vendors": 168,
                "source": "sổ của chợ",
                "replaces": 542,
            },
        )
        assert asked.json()["vendor"] is None
        assert declare(168, key="c").content == asked.content
        assert declare(168, key="d").json() == asked.json()
        assert declare(168).json() == asked.json()
        hung.clock.next_day()
        hung.publish("2023-05-02")
        assert base() == 542
        assert decide(hung, asked, as_="admin").json()["state"] == "approved"
        assert base() == 168
        assert declare(168).status_code == 200
        assert hung.publish("2023-05-02") == 1
        day = hung.get("ioc", f"/v1/markets/{MARKET}/snapshots/2023-05-02").json()
        assert (day["revision"], day["denominator"]["value"]) == (2, 168)
        assert differences(hung) == []

    def test_that_another_overtook_is_stale(self, hung: City) -> None:
        body = {"effective_on": "2023-05-01", "vendors": 500, "source": "sổ"}
        hung.post("manager", CENSUS, body)
        asked = hung.post("manager", CENSUS, {**body, "vendors": 400})
        hung.post("manager", CENSUS, {**body, "vendors": 600})
        problem(decide(hung, asked, as_="admin"), 409, "APPROVAL_STALE")


class TestTheList:
    def test_is_by_market_and_state_a_page_at_a_time(self, hung: City) -> None:
        asked = []
        for n in range(5):
            hung.clock.ms += 60_000
            asked.append(ask(hung, body={"number": f"100{n}"}))
        hung.post("manager", CENSUS, {"effective_on": "2023-05-01", "vendors": 9, "source": "x"})
        low = {"effective_on": "2023-05-01", "vendors": 8, "source": "x"}
        hung.clock.ms += 60_000
        asked.append(hung.post("admin", CENSUS, low))
        decide(hung, asked[1], NO)
        ids = [a.json()["id"] for a in asked]
        assert listed(hung, "manager") == ids
        assert listed(hung, "admin", f"?market={MARKET}&state=waiting") == [ids[0], *ids[2:]]
        assert listed(hung, "admin", "?state=rejected") == [ids[1]]
        pages, query = [], "?limit=2&state=waiting"
        while query:
            page = hung.get("manager", f"/v1/approvals{query}").json()
            pages.append([item["id"] for item in page["items"]])
            query = f"?limit=2&state=waiting&after={page['next']}" if "next" in page else ""
        assert pages == [[ids[0], ids[2]], [ids[3], ids[4]], [ids[5]]]
        first = hung.get("manager", "/v1/approvals?limit=2").json()["next"]
        wrong = hung.get("manager", f"/v1/approvals?state=waiting&after={first}")
        problem(wrong, 400, "CURSOR_INVALID")
        problem(hung.get("manager", f"/v1/approvals?market={OTHER}"), 404, "NOT_FOUND")

    def test_of_a_bank_is_what_its_own_keys_asked_for(self, hung: City) -> None:
        own, theirs = ask(hung), ask(hung, "manager")
        hung.keys["twin"] = hung.new_key("bank", bins=(VCB,))
        assert listed(hung, "bank") == listed(hung, "twin") == [own.json()["id"]]
        assert listed(hung, "bidv") == []
        assert hung.get("bank", own.headers["location"]).json()["asked_by"]
        assert hung.get("twin", own.headers["location"]).json()["asked_by"] is None
        problem(hung.get("bank", theirs.headers["location"]), 404, "NOT_FOUND")
        problem(hung.get("bidv", own.headers["location"]), 404, "NOT_FOUND")
        problem(hung.get("ioc", "/v1/approvals"), 404, "NOT_FOUND")
        decide(hung, own)
        assert hung.get("bank", own.headers["location"]).json()["decided_by"] is None

    def test_shows_nobody_an_account_number(self, hung: City) -> None:
        asked = ask(hung)
        for as_ in ("bank", "manager", "admin", "field", "auditor"):
            for path in ("/v1/approvals", asked.headers["location"], f"{VENDOR}/events"):
                text = hung.get(as_, path).text
                assert NEW["number"] not in text
                assert "0123456789" not in text
        shown = hung.get("auditor", asked.headers["location"]).json()["account"]
        assert (shown["number"], shown["holder"]) == ("•••• 2223", "N. V. C.")

    def test_says_304_to_who_has_it(self, hung: City) -> None:
        asked = ask(hung)
        for path in ("/v1/approvals", asked.headers["location"]):
            tag = {"If-None-Match": hung.get("manager", path).headers["etag"]}
            assert hung.get("manager", path, headers=tag).status_code == 304

    def test_of_ids_that_are_none(self, hung: City) -> None:
        ask(hung)
        for id_ in (f"{FIRST}.e1", f"{FIRST}.e99", "CVT.e1", "CVT.e99", "nonsense", "XXX.e1"):
            problem(hung.get("admin", f"/v1/approvals/{id_}"), 404, "NOT_FOUND")


def test_nothing_of_it_is_in_the_store_in_clear(hung: City) -> None:
    ask(hung)
    store: Any = hung.tracker.client

    async def values() -> bytes:
        found = b""
        async for key in store.scan_iter(count=1_000):
            found += await store.dump(key)
        return found

    stored = hung.run(values())
    for text in (NEW["number"], NEW["holder"]):
        assert text.encode() not in stored


def test_a_banks_file_asks_once_and_its_own_keys_see_it(hung: City) -> None:
    file = f"stall,bin,account,holder\nB12,{VCB},{NEW['number']},{NEW['holder']}\n"
    path = f"/v1/imports?kind=attachments&market={MARKET}"
    rows = []
    for key in ("one", "two"):
        job = hung.call("bank", "POST", path, content=file.encode(), key=key).json()["id"]
        assert hung.worked(job, imports.run)["result"]["totals"]["rejected"] == 1
        rows += hung.get("bank", f"/v1/jobs/{job}/rows").json()["items"]
    assert [(row["status"], row["code"]) for row in rows] == [("rejected", "NEEDS_APPROVAL")] * 2
    assert {row["id"] for row in rows} == {f"{FIRST}.e5"}
    assert listed(hung, "bank") == [f"{FIRST}.e5"]
    assert ask(hung).json()["id"] == f"{FIRST}.e5"  # the same wish by another way
    approve(hung, ask(hung), "manager")
    assert hung.get("bank", VENDOR).json()["accounts"][0]["number"] == NEW["number"]
    assert differences(hung) == []


def test_the_list_is_made_anew_from_the_ledger(hung: City) -> None:
    asked = ask(hung)
    store: Any = hung.tracker.client
    hung.run(store.delete(f"{{m:{MARKET}}}:asked"))
    assert listed(hung, "manager") == []
    assert [d.kind for d in differences(hung)] == ["approval"]

    async def rebuilt() -> None:
        async for _ in audit.rebuild(hung.tracker):
            pass

    hung.run(rebuilt())
    assert listed(hung, "manager") == [asked.json()["id"]]
    assert differences(hung) == []
