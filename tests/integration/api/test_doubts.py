"""Who is told of a finding on a vendor, and of whom it speaks."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.api.city import FIRST, MARKET, OTHER, City
from tests.integration.registry import BIDV, VCB
from tracker.domain.codes import vendor_code
from tracker.services import findings

SECOND, FOREIGN = vendor_code("CVT", 2), vendor_code("CP7", 1)
SHARED = "0071000888999"
DUPLICATE = {"kind": "duplicate_account"}
REUSED = {"kind": "partner_ref_reused"}


@pytest.fixture
def three(market: City) -> City:
    """One BIDV account at two stalls here and one in another market; VCB knows the first two."""
    market.open_market(OTHER, "CP7")
    market.keys["vcb"] = market.new_key("bank", bins=(VCB,))
    for id_, stall, name in ((MARKET, "A1", "An"), (MARKET, "A2", "Bình"), (OTHER, "A1", "Chi")):
        body = {"stall": stall, "name": name, "account": {"bin": BIDV, "number": SHARED}}
        assert market.post("admin", f"/v1/markets/{id_}/vendors", body).status_code == 201
    for n, vendor in enumerate((FIRST, SECOND)):
        answer = market.call(
            "vcb", "PUT", f"/v1/vendors/{vendor}/accounts/{VCB}", {"number": f"00710001{n}"}
        )
        assert answer.status_code == 201
    market.run(findings.find(market.tracker))
    return market


def doubts(city: City, as_: str, vendor: str = FIRST) -> Any:
    """What a caller is told of a vendor."""
    answer = city.get(as_, f"/v1/vendors/{vendor}")
    assert answer.status_code == 200, answer.text
    return answer.json()["doubts"]


def test_the_office_sees_both_others(three: City) -> None:
    assert doubts(three, "admin") == [
        {**DUPLICATE, "other": FOREIGN},
        {**DUPLICATE, "other": SECOND},
    ]


@pytest.mark.parametrize("role", ["manager", "field", "auditor"])
def test_who_is_bounded_to_a_market_sees_the_other_of_that_market_only(
    three: City, role: str
) -> None:
    assert doubts(three, role) == [DUPLICATE, {**DUPLICATE, "other": SECOND}]


def test_a_bank_is_told_of_its_own_accounts_only_and_never_of_whom(three: City) -> None:
    assert doubts(three, "bidv") == [DUPLICATE]
    for bank in ("bank", "vcb"):
        assert doubts(three, bank) == []
    path = f"/v1/vendors/{SECOND}/accounts/{VCB}"
    etag = three.get("vcb", f"/v1/vendors/{SECOND}").headers["etag"]
    taken = three.call("vcb", "PUT", path, {"number": "007100010"}, headers={"If-Match": etag})
    assert taken.status_code == 200
    three.run(findings.find(three.tracker))
    for bank in ("bank", "vcb", "bidv"):
        assert doubts(three, bank) == [DUPLICATE]
    assert doubts(three, "vcb", FOREIGN) == []


def test_a_bank_is_told_of_its_own_references_only(three: City) -> None:
    three.keys["bidv"] = three.new_key("bank", bins=(BIDV,))
    for id_ in (MARKET, OTHER):
        body = {"stall": "B1", "name": "Dung", "partner_ref": "BID-1"}
        answer = three.post("bidv", f"/v1/markets/{id_}/vendors", body, key=id_)
        assert answer.status_code == 201
    three.run(findings.find(three.tracker))
    one, other = vendor_code("CVT", 3), vendor_code("CP7", 2)
    assert doubts(three, "admin", one) == [{**REUSED, "other": other}]
    assert doubts(three, "manager", one) == [REUSED]
    assert doubts(three, "bidv", one) == [REUSED]
    assert doubts(three, "vcb", one) == []


def test_doubts_stand_in_the_vendor_s_own_resource_and_nowhere_else(three: City) -> None:
    listed = three.get("admin", f"/v1/markets/{MARKET}/vendors").json()["items"]
    assert len(listed) == 2
    assert not any("doubts" in one for one in listed)
    body = {"stall": "A1", "name": "An"}
    again = three.post("admin", f"/v1/markets/{MARKET}/vendors", body)
    assert again.status_code == 200
    assert "doubts" not in again.json()


def test_a_new_finding_is_a_new_etag(three: City) -> None:
    path = f"/v1/vendors/{FOREIGN}"
    etag = three.get("admin", path).headers["etag"]
    seen = {"If-None-Match": etag}
    assert three.get("admin", path, headers=seen).status_code == 304
    body = {"stall": "A3", "name": "Em", "account": {"bin": BIDV, "number": SHARED}}
    assert three.post("admin", f"/v1/markets/{MARKET}/vendors", body).status_code == 201
    assert three.get("admin", path, headers=seen).status_code == 304
    three.run(findings.find(three.tracker))
    assert three.get("admin", path, headers=seen).status_code == 200
    assert len(doubts(three, "admin", FOREIGN)) == 3
