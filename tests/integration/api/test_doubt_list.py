"""A market's doubts: listed once, decided once, and back only when something changed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.api.city import FIRST, MARKET, OTHER, City, problem
from tests.integration.registry import BIDV, VCB
from tracker.domain.codes import vendor_code
from tracker.services import audit, findings, imports

SECOND, THIRD = vendor_code("CVT", 2), vendor_code("CVT", 3)
DOUBTS = f"/v1/markets/{MARKET}/doubts"
FINE = {"decision": "accepted", "reason": "Hai mẹ con"}
SHARED = {"bin": VCB, "number": "0071000888999"}
FAMILY = f"family_account.{THIRD}.{BIDV}"
DUPLICATE = f"duplicate_account.{FIRST}.{SECOND}"
SIMILAR = f"similar_name.{FIRST}.{SECOND}"


@pytest.fixture
def three(market: City) -> City:
    """One account at two stalls whose names differ by a letter, and a third with a family's."""
    mother = {"bin": BIDV, "number": "1", "holder": "Lê Thị Mẹ"}
    for stall, name, account in (
        ("A1", "Trần Văn An", SHARED),
        ("A2", "Trần Văn Ân n", SHARED),
        ("A3", "Lê Văn Con", mother),
    ):
        market.register("admin", stall=stall, name=name, account=account)
    market.run(findings.find(market.tracker))
    return market


def listed(city: City, query: str = "?state=open", as_: str = "manager") -> list[Any]:
    answer = city.get(as_, DOUBTS + query)
    assert answer.status_code == 200, answer.text
    items: list[Any] = answer.json()["items"]
    return items


def ids(city: City, query: str = "?state=open") -> list[str]:
    return [doubt["id"] for doubt in listed(city, query)]


def decide(city: City, id_: str, body: Any = FINE, as_: str = "manager", **more: Any) -> Any:
    return city.post(as_, f"{DOUBTS}/{id_}/decision", body, **more)


def position(city: City) -> int:
    return city.run(city.tracker.reader.position(MARKET))


def test_every_doubt_once_with_stalls_and_nothing_personal(three: City) -> None:
    assert ids(three) == [DUPLICATE, FAMILY, SIMILAR]
    duplicate, family, _ = listed(three)
    assert duplicate["vendors"] == [
        {"vendor": FIRST, "stall": "A1"},
        {"vendor": SECOND, "stall": "A2"},
    ]
    assert (family["vendors"], family["bin"]) == ([{"vendor": THIRD, "stall": "A3"}], BIDV)
    text = three.get("manager", DOUBTS).text
    assert not any(word in text for word in ("Trần", "Mẹ", "0071000888999", "8999"))
    page = three.get("manager", f"{DOUBTS}?limit=2").json()
    rest = three.get("manager", f"{DOUBTS}?limit=2&after={page['next']}").json()
    assert [d["id"] for d in page["items"] + rest["items"]] == ids(three, "")


def test_a_decision_is_a_fact_and_said_twice_it_is_one(three: City) -> None:
    before = position(three)
    answer = decide(three, DUPLICATE, key="k")
    assert answer.status_code == 200, answer.text
    said = answer.json()
    assert (said["state"], said["reason"]) == ("accepted", "Hai mẹ con")
    assert said["decided_by"]
    assert said["decided_at"]
    assert decide(three, DUPLICATE, key="k").content == answer.content
    assert decide(three, DUPLICATE).json() == said
    assert position(three) == before + 1
    assert ids(three) == [FAMILY, SIMILAR]
    assert ids(three, "?state=accepted") == [DUPLICATE]
    changed = decide(three, DUPLICATE, {"decision": "to_correct", "reason": "sai số"}).json()
    assert changed["state"] == "to_correct"
    assert position(three) == before + 2

    async def differences() -> list[str]:
        return [found.text() async for found in audit.verify(three.tracker)]

    assert three.run(differences()) == []


def test_a_decided_doubt_is_back_when_what_it_rests_on_changed(three: City) -> None:
    for id_ in (DUPLICATE, FAMILY, SIMILAR):
        assert decide(three, id_).status_code == 200
    three.run(findings.find(three.tracker))
    assert ids(three) == []
    other = {"number": "2", "holder": "Lê Thị Mẹ"}
    path = f"/v1/vendors/{THIRD}/accounts/{BIDV}"
    assert three.call("admin", "PUT", path, other, headers={"If-Match": "*"}).status_code == 200
    assert ids(three) == [FAMILY]
    renamed = three.call(
        "manager",
        "PATCH",
        f"/v1/vendors/{SECOND}",
        {"name": "Trần Văn Am"},
        headers={"If-Match": "*"},
    )
    assert renamed.status_code == 200, renamed.text
    assert ids(three) == [FAMILY, SIMILAR]


def test_who_decides(three: City) -> None:
    problem(decide(three, DUPLICATE, as_="auditor"), 403, "FORBIDDEN")
    problem(decide(three, DUPLICATE, as_="bank"), 404, "NOT_FOUND")
    problem(three.get("field", DOUBTS), 404, "NOT_FOUND")
    for unknown in ("same_name.x.y", f"same_name.{FIRST}.{SECOND}", "nonsense"):
        problem(decide(three, unknown), 404, "NOT_FOUND")
    problem(decide(three, DUPLICATE, {"decision": "maybe"}), 400, "INVALID_BODY")
    assert len(listed(three, as_="auditor")) == 3


def test_a_vendor_of_a_market_out_of_sight_is_not_named(three: City) -> None:
    three.open_market(OTHER, "CP7")
    body = {"stall": "A1", "name": "Chi", "account": {"bin": BIDV, "number": "1"}}
    assert three.post("admin", f"/v1/markets/{OTHER}/vendors", body).status_code == 201
    three.run(findings.find(three.tracker))
    (found,) = (d for d in listed(three) if d["id"].startswith(f"duplicate_account.{THIRD}"))
    assert found["vendors"] == [{"vendor": THIRD, "stall": "A3"}]


def test_an_import_says_how_many_doubts_there_are_and_blocks_nothing(three: City) -> None:
    path = f"/v1/imports?kind=roster&market={MARKET}"
    roster = "STT,Họ và tên,Số sạp\n1,Lê Văn Con,B1\n2,Lê Văn Con,B2\n"
    started = three.call("manager", "POST", path, content=roster.encode())
    job = three.worked(started.json()["id"], imports.run)
    assert job["result"]["totals"] == {"accepted": 2, "duplicate": 0, "rejected": 0}
    assert job["result"]["doubts"] == len(ids(three)) == 6
