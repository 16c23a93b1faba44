"""Markets that change: names, units, censuses to come, targets."""

from __future__ import annotations

from datetime import date
from typing import Any

from tests.integration.api.city import MARKET, City, problem
from tests.integration.api.over_time import REASON, on
from tracker.domain.days import day_number
from tracker.store.keys import Space

PATH = f"/v1/markets/{MARKET}"
SPLIT = [
    {"area_code": "26506", "from": "2014-12-16", "to": "2025-07-01"},
    {"area_code": "26506", "from": "2025-07-01", "to": None},
]


def change(city: City, body: dict[str, Any], etag: str | None = None) -> Any:
    """PATCH with the market's present ETag, or another."""
    current = city.get("admin", PATH).headers["etag"]
    return city.call("admin", "PATCH", PATH, body, headers={"If-Match": etag or current})


# ── name and units ───────────────────────────────────────────────────────────────────────────


def test_a_change_answers_with_what_a_read_gives(known: City) -> None:
    changed = change(known, {"name": "Chợ Vũng Tàu mới", "areas": SPLIT})
    assert changed.status_code == 200
    read = known.get("ioc", PATH)
    assert (changed.json(), changed.headers["etag"]) == (read.json(), read.headers["etag"])
    assert read.json()["name"] == "Chợ Vũng Tàu mới"
    assert (read.json()["areas"], read.json()["area_code"]) == (SPLIT, "26506")
    again = change(known, {"areas": SPLIT[::-1]})
    assert again.headers["etag"] == read.headers["etag"]


def test_a_change_must_name_the_state_that_it_was_decided_on(known: City) -> None:
    problem(known.call("admin", "PATCH", PATH, {"name": "x"}), 428, "PRECONDITION_REQUIRED")
    problem(change(known, {"name": "x"}, '"7"'), 412, "PRECONDITION_FAILED")
    assert known.get("ioc", PATH).json()["name"] == "Chợ CVT"


def test_arrays_replace_whole_and_null_clears(known: City) -> None:
    change(known, {"areas": SPLIT})
    assert change(known, {"areas": SPLIT[1:]}).json()["areas"] == SPLIT[1:]
    assert change(known, {"name": "Chợ A"}).json()["areas"] == SPLIT[1:]
    assert change(known, {"areas": None}).json()["areas"] == []
    assert change(known, {"areas": []}).json()["area_code"] is None
    said = problem(change(known, {"name": None}), 400, "INVALID_BODY")
    assert said["errors"][0]["pointer"] == "/name"


def test_all_faults_of_all_periods_are_told(known: City) -> None:
    body = {
        "areas": [
            {"area_code": "26506", "from": "2014-12-16"},
            {"area_code": "99999", "from": "2025-07-01"},
            {"area_code": "26526", "from": "2025-07-01", "to": "2025-07-01"},
            {"area_code": "26536", "from": "2010-01-01", "to": "2010-02-01"},
        ]
    }
    said = problem(change(known, body), 400, "INVALID_BODY")["errors"]
    assert [(fault["pointer"], fault["code"]) for fault in said] == [
        ("/areas/0/area_code", "AREA_UNKNOWN"),
        ("/areas/1/area_code", "AREA_UNKNOWN"),
        ("/areas/2/to", "ORDER"),
        ("/areas/3/area_code", "AREA_UNKNOWN"),
        ("/areas/1/from", "OVERLAP"),
        ("/areas/2/from", "OVERLAP"),
    ]
    assert "Phường 1 from 2014-12-16 to 2025-07-01" in said[0]["detail"]
    assert known.get("ioc", PATH).json()["areas"] == []


def test_published_days_get_a_revision_from_the_first_day_in_another_unit(known: City) -> None:
    days = ["2025-06-29", "2025-06-30", "2025-07-01"]
    known.publish(*days)
    change(known, {"areas": SPLIT[1:]})
    since = known.run(known.tracker.reader.marks([MARKET]))[MARKET][0]
    assert since == day_number(date(2025, 7, 1))
    assert known.publish(*days) == 1
    bodies = [known.get("ioc", f"{PATH}/snapshots/{day}").json() for day in days]
    told = [(body["revision"], body["area_code"]) for body in bodies]
    assert told == [(1, None), (1, None), (2, "26506")]
    change(known, {"areas": SPLIT})
    since = known.run(known.tracker.reader.marks([MARKET]))[MARKET][0]
    assert since == day_number(date(2020, 1, 1))  # its opening, not the unit's first day


# ── censuses and targets ─────────────────────────────────────────────────────────────────────


def test_units_taken_back_are_so_for_every_day_that_they_were_stated_for(known: City) -> None:
    change(known, {"areas": SPLIT})
    known.publish("2025-06-29", "2025-06-30", "2025-07-01")
    known.run(known.tracker.client.delete(Space(MARKET).marks))
    events = known.get("admin", f"{PATH}/events").json()["items"]
    stated = next(event["id"] for event in events if event["kind"] == "areas_assigned")
    answer = known.post("admin", f"/v1/events/{stated}/void", {"reason": "sai"})
    assert answer.status_code == 201, answer.text
    since = known.run(known.tracker.reader.marks([MARKET]))[MARKET][0]
    assert since == day_number(date(2014, 12, 16))


def test_a_census_of_a_future_day_waits_for_it(known: City) -> None:
    known.register()
    body = {"effective_on": "2025-07-12", "vendors": 214, "source": "Ban quản lý chợ"}
    assert known.post("manager", f"{PATH}/census", body).status_code == 201

    def base() -> dict[str, Any]:
        found: dict[str, Any] = known.get("ioc", f"{PATH}/adoption").json()["denominator"]
        return found

    assert base() == {"value": 1, "basis": "roster"}
    on(known, "2025-07-13")
    assert base() == {"value": 214, "basis": "census"}
    known.publish("2025-07-11", "2025-07-12")
    values = [
        known.get("ioc", f"{PATH}/snapshots/{day}").json()["denominator"]["value"]
        for day in ("2025-07-11", "2025-07-12")
    ]
    assert values == [1, 214]


def test_targets(known: City) -> None:
    body = {"figure": "attached", "due_on": "2025-12-31", "vendors": 150}
    made = known.post("admin", f"{PATH}/targets", body)
    assert made.status_code == 201
    assert made.json() | {"id": "", "recorded_at": ""} == {
        **body,
        "id": "",
        "effective_on": "2025-07-10",
        "recorded_at": "",
    }
    on(known, "2025-07-11")
    again = known.post("admin", f"{PATH}/targets", body)
    assert (again.status_code, again.json()) == (200, made.json())
    earlier = {**body, "effective_on": "2025-01-01", "vendors": 120}
    assert known.post("admin", f"{PATH}/targets", earlier).status_code == 201
    since = known.run(known.tracker.reader.marks([MARKET]))[MARKET][0]
    assert since == day_number(date(2025, 1, 1))
    back = {**body, "vendors": 0}
    assert known.post("admin", f"{PATH}/targets", back).status_code == 201
    assert known.post("admin", f"{PATH}/targets", back).status_code == 200
    listed = known.get("ioc", f"{PATH}/targets").json()["items"]
    assert [(t["effective_on"], t["vendors"]) for t in listed] == [
        ("2025-01-01", 120),
        ("2025-07-10", 150),
        ("2025-07-11", 0),
    ]
    place = known.run(known.tracker.market(MARKET))
    standing = [
        [t.vendors for t in place.targets_on(day_number(date.fromisoformat(day)))]
        for day in ("2025-07-09", "2025-07-10", "2025-07-11")
    ]
    assert standing == [[120], [150], []]


def test_targets_that_cannot_be(known: City) -> None:
    late = {"figure": "attached", "due_on": "2025-07-09", "vendors": 1}
    said = problem(known.post("admin", f"{PATH}/targets", late), 400, "INVALID_BODY")
    assert [fault["code"] for fault in said["errors"]] == ["ORDER"]
    none = {"figure": "attached", "due_on": "2025-12-31", "vendors": 0}
    said = problem(known.post("admin", f"{PATH}/targets", none), 400, "INVALID_BODY")
    assert [fault["code"] for fault in said["errors"]] == ["NO_TARGET"]
    other = {"figure": "issued", "due_on": "2025-12-31", "vendors": 1}
    problem(known.post("admin", f"{PATH}/targets", other), 400, "INVALID_BODY")


def test_a_repeat_under_the_same_key_is_the_stored_answer(known: City) -> None:
    body = {"figure": "attached", "due_on": "2025-12-31", "vendors": 150}
    first = known.post("admin", f"{PATH}/targets", body, key="t")
    again = known.post("admin", f"{PATH}/targets", body, key="t")
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["idempotency-replayed"] == "true"
    end = {"closed_on": "2025-08-01", "reason": REASON}
    for _ in range(2):
        answer = known.post("admin", f"{PATH}/closure", end, key="c")
        assert (answer.status_code, answer.json()["closed_on"]) == (201, "2025-08-01")
