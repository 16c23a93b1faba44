"""`/v1/indicators`: the catalogue, values by area and day, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.api.city import City, problem
from tracker.services import indicators

CATALOGUE = "/v1/indicators"
VALUES = "/v1/indicators/digital-signatures/values"
AREAS = (
    ("26506", "Phường 1", "77", "2014-12-16", "2025-07-01"),
    ("26506", "Phường Vũng Tàu", "79", "2025-07-01", None),
    ("26526", "Phường Tam Thắng", "79", "2025-07-01", None),
    ("79", "Thành phố Hồ Chí Minh", None, "2025-07-01", None),
)
SIGNATURES = {
    "area": "26506",
    "date": "2026-10-31",
    "source": "the province",
    "numerator": 81_691,
    "denominator": 277_975,
}
OVER = {
    "area": "26506",
    "date": "2026-10-31",
    "source": "the city",
    "rate": 80,
    "bare": True,
    "comparator": "gt",
}
DEFINITION = {
    "id": "bus-fares",
    "version": "1",
    "name_vi": "Vé xe buýt không dùng tiền mặt",
    "name_en": "Bus fares without cash",
    "numerator": "Fares paid without cash",
    "denominator": "Fares",
    "period": "P1M",
}


@pytest.fixture
def service(city: City) -> City:
    """A service in November 2026 with the catalogue and some units."""
    city.clock.ms = 1_795_000_000_000
    city.run(indicators.seed(city.tracker))
    for code, name, parent, valid_from, valid_to in AREAS:
        body = {"code": code, "name": name, "valid_from": valid_from}
        more = {"parent": parent, "valid_to": valid_to}
        given = {key: value for key, value in more.items() if value is not None}
        assert city.post("admin", "/v1/areas", body | given).status_code == 201
    return city


def listed(service: City, path: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = service.get("ioc", path).json()["items"]
    return items


def test_a_first_start_knows_the_citys_indicators_and_no_value(service: City) -> None:
    known = listed(service, CATALOGUE)
    assert [one["id"] for one in known] == [
        "digital-signatures",
        "electricity-cashless",
        "invoices-with-qr",
        "pensions-by-transfer",
        "residents-with-account",
        "school-fees-cashless",
        "telecom-cashless",
        "water-cashless",
    ]
    assert all(one["unit"] == "percent" and one["name_vi"] for one in known)
    assert all(listed(service, f"{CATALOGUE}/{one['id']}/values") == [] for one in known)


def test_a_second_start_changes_nothing(service: City) -> None:
    before = service.run(service.tracker.reader.position("sys"))
    service.run(indicators.seed(service.tracker))
    assert service.run(service.tracker.reader.position("sys")) == before


def test_a_definition_changes_by_a_new_version_alone(service: City) -> None:
    first = service.post("admin", CATALOGUE, DEFINITION)
    assert first.status_code == 201
    assert (first.json()["unit"], first.json()["disaggregations"]) == ("percent", ["area"])
    again = service.post("admin", CATALOGUE, DEFINITION)
    assert (again.status_code, again.json()) == (200, first.json())
    changed = {**DEFINITION, "denominator": "Fares on weekdays"}
    problem(service.post("admin", CATALOGUE, changed), 409, "DEFINITION_EXISTS")
    service.clock.ms += 1
    assert service.post("admin", CATALOGUE, {**changed, "version": "2"}).status_code == 201
    mine = [one for one in listed(service, CATALOGUE) if one["id"] == "bus-fares"]
    assert [one["version"] for one in mine] == ["2"]
    both = [one for one in listed(service, f"{CATALOGUE}?version=all") if one["id"] == "bus-fares"]
    assert [one["version"] for one in both] == ["1", "2"]


def test_a_contradicted_rate_is_refused_with_the_computed_one(service: City) -> None:
    answer = service.post("admin", VALUES, {**SIGNATURES, "rate": 41.46})
    told = problem(answer, 400, "RATE_CONTRADICTS")
    assert "81691 of 277975 is 29.39, not 41.46" in told["detail"]
    assert [(e["pointer"], e["code"]) for e in told["errors"]] == [("/rate", "RATE_CONTRADICTS")]
    assert listed(service, VALUES) == []
    right = service.post("admin", VALUES, {**SIGNATURES, "rate": 29.39})
    assert (right.status_code, right.json()["rate"]) == (201, 29.39)


def test_the_same_value_is_the_same_revision_and_another_the_next(service: City) -> None:
    first = service.post("admin", VALUES, SIGNATURES)
    assert (first.status_code, first.json()["revision"]) == (201, 1)
    again = service.post("admin", VALUES, {**SIGNATURES, "rate": 29.39})
    assert (again.status_code, again.json()) == (200, first.json())
    second = service.post("admin", VALUES, {**SIGNATURES, "numerator": 81_692})
    assert (second.status_code, second.json()["revision"]) == (201, 2)
    assert [v["revision"] for v in listed(service, VALUES)] == [2]
    every = listed(service, f"{VALUES}?revision=all")
    assert every == [first.json(), second.json()]
    back = service.post("admin", VALUES, SIGNATURES)
    assert (back.status_code, back.json()["revision"]) == (201, 3)


def test_a_bare_rate_keeps_its_comparator(service: City) -> None:
    path = f"{CATALOGUE}/telecom-cashless/values"
    value = service.post("admin", path, OVER).json()
    assert (value["rate"], value["bare"], value["comparator"]) == (80, True, "gt")
    assert (value["numerator"], value["denominator"]) == (None, None)


@pytest.mark.parametrize(
    ("change", "faults"),
    [
        ({"numerator": 277_976}, {("/numerator", "OUT_OF_RANGE")}),
        ({"numerator": -1, "denominator": "x"},
         {("/numerator", "OUT_OF_RANGE"), ("/denominator", "TYPE")}),
        ({"numerator": None, "denominator": None},
         {("/numerator", "MISSING"), ("/denominator", "MISSING")}),
        ({"rate": "29.39"}, {("/rate", "TYPE")}),
        ({"rate": True}, {("/rate", "TYPE")}),
        ({"rate": -0.5}, {("/rate", "OUT_OF_RANGE")}),
        ({"rate": 29.388}, {("/rate", "VALUE")}),
        ({"bare": True, "rate": 29.39},
         {("/numerator", "NOT_ALLOWED"), ("/denominator", "NOT_ALLOWED")}),
        ({"comparator": "lt"}, {("/comparator", "NOT_ALLOWED")}),
        ({"area": "x", "date": "31.10.2026"}, {("/area", "PATTERN"), ("/date", "TYPE")}),
    ],
)  # fmt: skip
def test_all_faults_of_a_value_are_told(
    service: City, change: dict[str, Any], faults: set[tuple[str, str]]
) -> None:
    told = problem(service.post("admin", VALUES, {**SIGNATURES, **change}), 400, "INVALID_BODY")
    assert {(e["pointer"], e["code"]) for e in told["errors"]} == faults


def test_the_area_is_the_one_that_had_the_code_on_that_day(service: City) -> None:
    now = service.post("admin", VALUES, SIGNATURES).json()
    before = service.post("admin", VALUES, {**SIGNATURES, "date": "2024-12-31"}).json()
    assert (now["area_valid_from"], before["area_valid_from"]) == ("2025-07-01", "2014-12-16")
    for change in ({"date": "2010-01-01"}, {"area": "99999"}, {"area": "79", "date": "2025-06-30"}):
        answer = service.post("admin", VALUES, {**SIGNATURES, **change})
        told = problem(answer, 400, "AREA_UNKNOWN")
        assert told["errors"][0]["pointer"] == "/area"


def test_what_is_not_there_is_refused(service: City) -> None:
    problem(service.post("admin", f"{CATALOGUE}/no-such/values", SIGNATURES), 404, "NOT_FOUND")
    problem(service.get("ioc", f"{CATALOGUE}/*/values"), 404, "NOT_FOUND")
    problem(service.post("admin", VALUES, {**SIGNATURES, "version": "7"}), 400, "VERSION_UNKNOWN")
    problem(service.post("admin", VALUES, {**SIGNATURES, "date": "2027-01-01"}), 400, "IN_FUTURE")


def test_filters_and_pages(service: City) -> None:
    for area in ("26506", "26526"):
        for day in ("2026-08-31", "2026-09-30", "2026-10-31"):
            body = {**SIGNATURES, "area": area, "date": day}
            assert service.post("admin", VALUES, body).status_code == 201
    assert len(listed(service, VALUES)) == 6
    within = listed(service, f"{VALUES}?from=2026-09-01&to=2026-09-30")
    assert [(v["date"], v["area"]) for v in within] == [
        ("2026-09-30", "26506"),
        ("2026-09-30", "26526"),
    ]
    assert {v["area"] for v in listed(service, f"{VALUES}?area=26526")} == {"26526"}
    seen: list[dict[str, Any]] = []
    page: dict[str, Any] = {"next": ""}
    while "next" in page:
        after = f"&after={page['next']}" if page["next"] else ""
        page = service.get("ioc", f"{VALUES}?limit=4{after}").json()
        seen += page["items"]
    assert seen == listed(service, VALUES)
    first = service.get("ioc", f"{VALUES}?limit=4").json()["next"]
    problem(service.get("ioc", f"{VALUES}?area=26506&after={first}"), 400, "CURSOR_INVALID")


@pytest.mark.parametrize("path", [CATALOGUE, VALUES])
def test_nothing_new_is_304(service: City, path: str) -> None:
    etag = service.get("ioc", path).headers["etag"]
    assert service.get("ioc", path, headers={"If-None-Match": etag}).status_code == 304
    service.post("admin", CATALOGUE, DEFINITION)
    service.post("admin", VALUES, SIGNATURES)
    assert service.get("ioc", path, headers={"If-None-Match": etag}).status_code == 200


def test_one_idempotency_key_is_one_value(service: City) -> None:
    first = service.post("admin", VALUES, SIGNATURES, key="a")
    again = service.post("admin", VALUES, SIGNATURES, key="a")
    assert (again.content, again.headers["idempotency-replayed"]) == (first.content, "true")
    other = service.post("admin", VALUES, {**SIGNATURES, "numerator": 1}, key="a")
    problem(other, 422, "IDEMPOTENCY_KEY_REUSED")
    assert service.post("admin", VALUES, SIGNATURES, key="b").status_code == 200


def test_many_at_once_make_one_revision_each(service: City) -> None:
    bodies = [{**SIGNATURES, "numerator": n} for n in (1, 1, 2, 3)]
    calls = [service.acall("admin", "POST", VALUES, body) for body in bodies]
    answers = service.together(calls)
    assert {answer.status_code for answer in answers} <= {200, 201}
    revisions = [v["revision"] for v in listed(service, f"{VALUES}?revision=all")]
    assert revisions == list(range(1, len(revisions) + 1))
    assert len(revisions) >= 3


def test_the_feed_hands_out_each_value_once_in_each_format(service: City) -> None:
    service.open_market()
    service.publish("2020-06-01")
    service.post("admin", VALUES, SIGNATURES)
    service.post("admin", VALUES, SIGNATURES)
    service.publish("2020-06-02")
    service.post("admin", f"{CATALOGUE}/telecom-cashless/values", OVER)
    items = service.get("ioc", "/v1/snapshots").json()["items"]
    assert [item.get("indicator") for item in items] == [
        None,
        "digital-signatures",
        None,
        "telecom-cashless",
    ]
    assert set(items[1]) == {
        *("indicator", "area", "area_valid_from", "date", "revision", "numerator", "denominator"),
        *("rate", "bare", "comparator", "published_at"),
    }
    table = service.get("ioc", "/v1/snapshots?format=csv").text.splitlines()
    assert [line.split(",")[0] for line in table[1:]] == ["cho-vung-tau", "", "cho-vung-tau", ""]
    sdmx = service.get("ioc", "/v1/snapshots?format=sdmx-csv").text
    assert ",_Z,digital-signatures,2026-10-31,29.39,PERCENT," in sdmx
    entities = service.get("ioc", "/v1/snapshots?format=ngsi-ld").json()
    assert "telecom-cashless" in entities[-1]["id"]
    first = service.get("ioc", "/v1/snapshots?limit=2")
    assert first.json()["items"] == items[:2]
    rest = service.get("ioc", f"/v1/snapshots?after={first.headers['tracker-cursor']}")
    assert rest.json()["items"] == items[2:]
