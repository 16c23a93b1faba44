"""Every use of the service once, on whatever store it is given: for stores of another kind."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

from redis.asyncio import Redis

from tests.integration.api.city import FIRST, HOA, MARKET, OTHER, City
from tests.integration.api.people import signed_up
from tests.integration.conftest import Run
from tests.integration.imports.office import Clock as OfficeClock
from tests.integration.imports.office import Office
from tests.integration.imports.test_sample import REPORTED_ON, import_all
from tests.integration.registry import ADMIN, VCB, Clock
from tracker.domain.activity import Line
from tracker.domain.codes import vendor_code
from tracker.domain.days import day_number, day_of
from tracker.sample import expected
from tracker.services import (
    activity,
    areas,
    audit,
    code_life,
    erasure,
    feed,
    groups,
    indicators,
    rotation,
    schedule,
    sheets,
    snapshots,
    vendor_life,
)
from tracker.services.adoption import LiveFigures
from tracker.services.context import Tracker
from tracker.services.last_used import LastUsed
from tracker.vietqr.compose import compose

BULK = 60
ANY = {"If-Match": "*"}
YES = {"decision": "approved", "reason": "Đã gọi tiểu thương"}


def differences(run: Run, tracker: Tracker) -> list[str]:
    """What `verify` finds."""

    async def all_() -> list[str]:
        return [found.text() async for found in audit.verify(tracker)]

    return run(all_())


def rebuild(run: Run, tracker: Tracker) -> None:
    """All views anew; nothing is refused."""

    async def all_() -> None:
        async for rebuilt in audit.rebuild(tracker):
            assert not rebuilt.refused

    run(all_())


def sample(run: Run, store: Redis) -> None:
    """The four markets of the sample: files, two closed days, the feed, 168 of 542."""
    office = Office(run, store, OfficeClock())
    run(areas.seed(office.tracker))
    for slug, place in expected().markets.items():
        office.open_market(slug, name=place.name, prefix=place.prefix, opened_on=date(2000, 1, 1))
    import_all(office)
    for day in (REPORTED_ON, office.clock.today - timedelta(days=1)):
        number = day_number(day)
        job = run(snapshots.start_run(office.tracker, "test", first=number, last=number))
        run(snapshots.run(office.tracker, job))
    bodies, _, more = run(feed.follow(office.tracker, ADMIN, 0, 100))
    assert (len(bodies), more) == (8, False)
    live = json.loads(run(LiveFigures(office.tracker).city(ADMIN)).body)
    assert live["figures"]["attached"] == {"count": 168, "rate": 31}
    run(schedule.tick(office.tracker))
    assert differences(run, office.tracker) == []


def service(run: Run, store: Redis, clock: Clock) -> None:
    """Two markets over HTTP: from the first key to the erasure of a trader."""
    city = City(run, store, clock)
    tracker = city.tracker
    for seed in (areas.seed, groups.seed, indicators.seed):
        run(seed(tracker))
    city.open_market()
    city.open_market(OTHER, "CP7")
    vendor = _register(city)
    _change(city)
    clock.next_day()
    run(schedule.tick(tracker))
    _report(city, vendor)
    clock.next_day()
    run(schedule.tick(tracker))  # what closed the day before is an open job
    _work(city)
    run(schedule.tick(tracker))
    _read(city)
    _forget(city, vendor)
    assert run(tracker.jobs.open_ids()) == []
    run(rotation.rewrap(tracker, clock()))
    assert differences(run, tracker) == []
    rebuild(run, tracker)
    assert differences(run, tracker) == []


def _register(city: City) -> str:
    """One, many, and one with an account that is known elsewhere; one of the many."""
    city.register("bank", issue_code=True)
    rows = [
        {
            "stall": f"A{n}",
            "name": f"Lê Thị {n}",
            "account": {"bin": VCB, "number": f"{n:010d}"},
            "partner_ref": f"ref-{n}",
            "issue_code": True,
            "zone": "Khu A",
        }
        for n in range(BULK)
    ]
    for _ in range(2):
        many = city.post("bank", f"/v1/markets/{MARKET}/vendors/bulk", rows, key="many")
        assert many.json()["totals"]["accepted"] == BULK, many.text
    twice = {**HOA, "account": rows[5]["account"], "issue_code": True}
    there = city.post("admin", f"/v1/markets/{OTHER}/vendors", twice)
    assert there.status_code == 201, there.text
    one: str = many.json()["items"][7]["id"]
    return one


def _change(city: City) -> None:
    """Stickers, a census, a void, four eyes, a stranger's code, a sheet, a person, a key."""
    for vendor in (FIRST, vendor_code("CP7", 1)):
        path = f"/v1/codes/{vendor}.c1/attachments"
        hung = city.post("admin", path, {"evidence": {"kind": "declared"}})
        assert hung.status_code == 201, hung.text
    census = {"effective_on": "2023-05-01", "vendors": 80, "source": "sổ của chợ"}
    assert city.post("manager", f"/v1/markets/{MARKET}/census", census).is_success
    account = f"/v1/vendors/{FIRST}/accounts/{VCB}"
    other = {"number": "9990001112223", "holder": "Nguyễn Văn Chồng"}
    asked = city.call("bank", "PUT", account, other, headers=ANY)
    assert asked.status_code == 202, asked.text
    assert city.get("manager", "/v1/approvals").json()["items"]
    decided = city.post("manager", f"{asked.headers['location']}/decision", YES)
    assert decided.json()["state"] == "approved", decided.text
    city.scan(compose(VCB, "0000000001"), "A1")
    city.found_stranger(OTHER)
    assert city.get("admin", "/v1/incidents").json()["items"]
    ordered = city.post("manager", "/v1/sheets", {"market": MARKET})
    drawn = city.worked(ordered.json()["id"], sheets.run)
    assert city.get("manager", drawn["result"]["sheet"]).content.startswith(b"%PDF")
    person, browser = signed_up(city)
    assert browser.call("GET", "/v1/me").json()["id"] == person
    used = LastUsed(city.tracker)
    used.note(ADMIN)
    city.run(used.flush())
    made = city.post("admin", "/v1/keys", {"name": "một ngày", "role": "ioc"}).json()
    assert city.post("admin", f"/v1/keys/{made['id']}/rotation", {}).is_success
    assert city.call("admin", "DELETE", f"/v1/keys/{made['id']}", headers=ANY).is_success


def _report(city: City, vendor: str) -> None:
    """A bank's day, and a number of the city's own."""
    tracker, day = city.tracker, day_of(city.clock()) - 1
    lines = [Line(1, FIRST, 3, 120_000), Line(2, vendor, 1, 5_000)]
    for _ in range(2):
        city.run(activity.report(tracker, "key", MARKET, day=day, bin_=VCB, lines=lines))
    value = {
        "area": "26506",
        "date": "2023-04-30",
        "source": "the province",
        "numerator": 81_691,
        "denominator": 277_975,
    }
    path = "/v1/indicators/digital-signatures/values"
    assert city.post("admin", path, value).status_code == 201


def _work(city: City) -> None:
    """What a worker does with the open jobs."""
    for id_ in city.run(city.tracker.jobs.open_ids()):
        city.worked(id_, snapshots.run)


def _read(city: City) -> None:
    """Live, by day, summed, in all formats, and the ledger."""
    day = "2023-05-03"
    paths = [
        f"/v1/markets/{MARKET}/adoption",
        f"/v1/markets/{MARKET}/snapshots/{day}",
        f"/v1/markets/{MARKET}/vendors",
        f"/v1/markets/{MARKET}/events",
        f"/v1/vendors/{FIRST}",
        f"/v1/vendors/{FIRST}/events",
        f"/v1/groups/city/snapshots/{day}",
        "/v1/adoption",
        "/v1/snapshots/latest",
        "/v1/people",
        "/v1/keys",
        "/v1/indicators",
        "/health/ready",
        *(f"/v1/snapshots?format={form}" for form in ("json", "csv", "sdmx-csv", "ngsi-ld")),
    ]
    for path in paths:
        answer = city.get("admin", path)
        assert answer.status_code == 200, (path, answer.text)
    entries = city.get("admin", "/v1/snapshots").json()["items"]
    assert {entry.get("market") for entry in entries} >= {MARKET, OTHER}
    flags = city.get("admin", f"/v1/markets/{OTHER}/adoption").json()["flags"]
    assert "duplicate_account" in json.dumps(flags)


def _forget(city: City, vendor: str) -> None:
    """A trader of the bulk leaves and is erased; the log is written anew."""
    tracker = city.tracker
    asks_nothing = {"check": lambda _: None}
    city.run(code_life.revoke(tracker, ADMIN, f"{vendor}.c1", reason="left"))
    status: dict[str, Any] = {"status": "left", "reason": None, **asks_nothing}
    city.run(vendor_life.put_status(tracker, ADMIN, vendor, **status))
    city.run(erasure.erase(tracker, ADMIN, vendor, **asks_nothing))

    async def settled() -> bool:
        await erasure.complete_all(tracker)
        return vendor in await erasure.listed(tracker)

    assert any(city.run(settled()) for _ in range(1_000))
