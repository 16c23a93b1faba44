"""Pages, cursors, ETags: what pollers and lists rely on."""

from __future__ import annotations

from itertools import chain
from typing import Any

import pytest

from tests.integration.api.city import FIRST, MARKET, City, problem
from tracker.vietqr.banks import banks

VENDORS = f"/v1/markets/{MARKET}/vendors"
SNAPSHOTS = f"/v1/markets/{MARKET}/snapshots"


def pages(city: City, as_: str, path: str, limit: int) -> list[list[Any]]:
    """All pages of a list."""
    found, after = [], ""
    while True:
        joint = "&" if "?" in path else "?"
        answer = city.get(as_, f"{path}{joint}limit={limit}{after}")
        assert answer.status_code == 200, answer.text
        body = answer.json()
        found.append(body["items"])
        if "next" not in body:
            return found
        after = f"&after={body['next']}"


def joined(found: list[list[Any]]) -> list[Any]:
    """What all pages hold."""
    return list(chain.from_iterable(found))


def test_vendors_by_pages(market: City) -> None:
    for n in range(7):
        market.register(stall=f"A{n}", zone=f"Khu {n % 2}")
    whole = pages(market, "manager", VENDORS, 100)
    assert [len(page) for page in whole] == [7]
    assert [len(page) for page in pages(market, "manager", VENDORS, 3)] == [3, 3, 1]
    assert joined(pages(market, "manager", VENDORS, 3)) == whole[0]
    assert [len(page) for page in pages(market, "manager", f"{VENDORS}?zone=Khu 0", 2)] == [2, 2]
    assert len(market.get("manager", f"{VENDORS}?limit=5000").json()["items"]) == 7


@pytest.mark.parametrize(
    ("path", "as_", "count"),
    [("/v1/banks", "ioc", len(banks())), ("/v1/areas", "ioc", 6), ("/v1/keys", "admin", 7)],
)
def test_short_lists_by_pages(city: City, path: str, as_: str, count: int) -> None:
    for code in ("79", "790", "26506", "26526", "26536", "26542"):
        body = {"code": code, "name": code, "valid_from": "2025-07-01"}
        assert city.post("admin", "/v1/areas", body).status_code == 201
    whole = pages(city, as_, path, 1000)[0]
    assert joined(pages(city, as_, path, 2)) == whole
    assert len(whole) == count


def test_a_cursor_belongs_to_its_list_and_filters(market: City) -> None:
    for n in range(3):
        market.register(stall=f"A{n}")
    cursor = market.get("manager", f"{VENDORS}?zone=Khu B&limit=1").json()["next"]
    good = market.get("manager", f"{VENDORS}?zone=Khu B&limit=2&after={cursor}")
    assert [v["stall"] for v in good.json()["items"]] == ["A1", "A2"]
    for wrong in (
        f"{VENDORS}?limit=1&after={cursor}",
        f"{VENDORS}?zone=Khu C&after={cursor}",
        f"{VENDORS}?zone=Khu B&after={cursor[:-2]}AA",
        f"{VENDORS}?after=1",
        f"{VENDORS}?after=%C3%A9",
        f"/v1/snapshots?after={cursor}",
    ):
        problem(market.get("manager", wrong), 400, "CURSOR_INVALID")


def test_etags_of_everything_that_is_polled(market: City) -> None:
    market.register()
    market.publish("2020-06-01")
    for path in (
        f"/v1/markets/{MARKET}/adoption",
        "/v1/adoption",
        "/v1/snapshots",
        SNAPSHOTS,
        f"{SNAPSHOTS}/2020-06-01",
        "/v1/markets",
        f"/v1/markets/{MARKET}",
        f"/v1/markets/{MARKET}/census",
        "/v1/areas",
        "/v1/banks",
    ):
        first = market.get("ioc", path)
        etag = first.headers["etag"]
        assert etag.startswith('"'), path
        for given in (etag, f"W/{etag}", f'"x", W/{etag} , "y"', "*"):
            again = market.get("ioc", path, headers={"If-None-Match": given})
            assert (again.status_code, again.content) == (304, b""), (path, given)
            assert again.headers["etag"] == etag
            assert "content-length" not in again.headers
        for given in ('"x"', etag.strip('"'), 'W/"y"'):
            again = market.get("ioc", path, headers={"If-None-Match": given})
            assert (again.status_code, again.content) == (200, first.content)


def test_live_adoption_changes_at_once(market: City) -> None:
    path = f"/v1/markets/{MARKET}/adoption"
    before = market.get("ioc", path)
    market.register(issue_code=True)
    after = market.get("ioc", path, headers={"If-None-Match": before.headers["etag"]})
    assert after.status_code == 200
    assert after.json()["figures"]["issued"] == {"count": 1, "rate": 100}
    market.post("field", f"/v1/codes/{FIRST}.c1/attachments", {})
    assert market.get("ioc", path).json()["figures"]["attached"]["count"] == 1
    assert market.get("admin", "/v1/adoption").json()["figures"]["attached"]["count"] == 1


def test_the_feed_can_be_followed_for_ever(market: City) -> None:
    market.publish("2020-06-01", "2020-06-02")
    first = market.get("ioc", "/v1/snapshots?limit=1")
    assert first.json()["next"] == first.headers["tracker-cursor"]
    second = market.get("ioc", f"/v1/snapshots?after={first.json()['next']}")
    assert "next" not in second.json()
    assert [s["date"] for s in second.json()["items"]] == ["2020-06-02"]
    here = second.headers["tracker-cursor"]
    nothing = market.get("ioc", f"/v1/snapshots?after={here}")
    assert nothing.json() == {"items": []}
    assert nothing.headers["tracker-cursor"] == here
    same = market.get(
        "ioc",
        f"/v1/snapshots?after={here}",
        headers={"If-None-Match": nothing.headers["etag"]},
    )
    assert same.status_code == 304
    assert same.headers["tracker-cursor"] == here
    market.publish("2020-06-03")
    more = market.get("ioc", f"/v1/snapshots?after={here}")
    assert [s["date"] for s in more.json()["items"]] == ["2020-06-03"]


def test_the_feed_passes_over_what_a_reader_may_not_see(market: City) -> None:
    from tracker.services import snapshots

    market.open_market("cho-phuong-7", "CP7")
    day = 18_414
    both = [MARKET, "cho-phuong-7"]
    market.run(snapshots.publish_days(market.tracker, both, [day, day + 1]))
    seen = pages(market, "ioc", "/v1/snapshots", 1)
    assert {item["market"] for page in seen for item in page} == {MARKET}
    assert sum(len(page) for page in seen) == 2
    assert sum(len(page) for page in pages(market, "admin", "/v1/snapshots", 3)) == 4


def test_snapshots_by_day_and_revision(market: City) -> None:
    market.publish("2020-06-01", "2020-06-02")
    census = {"effective_on": "2020-06-02", "vendors": 9, "source": "s"}
    market.post("manager", f"/v1/markets/{MARKET}/census", census)
    market.publish("2020-06-01", "2020-06-02")
    latest = market.get("ioc", SNAPSHOTS).json()["items"]
    assert [(s["date"], s["revision"]) for s in latest] == [("2020-06-01", 1), ("2020-06-02", 2)]
    every = pages(market, "ioc", f"{SNAPSHOTS}?revision=all", 2)
    assert [(s["date"], s["revision"]) for page in every for s in page] == [
        ("2020-06-01", 1),
        ("2020-06-02", 1),
        ("2020-06-02", 2),
    ]
    ranged = market.get("ioc", f"{SNAPSHOTS}?from=2020-06-02&to=2020-06-30").json()["items"]
    assert ranged == latest[1:]
    assert market.get("ioc", f"{SNAPSHOTS}/2020-06-02").json() == latest[1]
    old = market.get("ioc", f"{SNAPSHOTS}/2020-06-02?revision=1").json()
    assert old["revision"] == 1
    problem(market.get("ioc", f"{SNAPSHOTS}/2020-06-02?revision=3"), 404, "NOT_FOUND")
    problem(market.get("ioc", f"{SNAPSHOTS}/2020-07-01"), 404, "NOT_FOUND")
