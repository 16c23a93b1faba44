"""The feed in each format: negotiation, 304, links, windows, and following it for ever."""

from __future__ import annotations

import csv
import gzip
import io
import re
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from tests.integration.api.city import MARKET, OTHER, City, problem
from tests.integration.conftest import Run
from tests.integration.registry import VCB, Clock
from tracker.api.conventions.encoded import GZIP_FROM_BYTES, Encoded, Kept
from tracker.domain.days import moment_text
from tracker.domain.figures import FIGURES
from tracker.formats import ngsi_context, structure
from tracker.settings import Settings

FEED, LATEST = "/v1/snapshots", "/v1/snapshots/latest"
SDMX = "application/vnd.sdmx.data+csv"
TYPES = {
    "json": "application/json",
    "csv": "text/csv",
    "sdmx-csv": SDMX,
    "ngsi-ld": "application/ld+json",
}
DAYS = tuple(f"2020-06-{n:02d}" for n in range(1, 31))


@pytest.fixture
def fed(market: City) -> City:
    """A market with thirty published days."""
    market.publish(*DAYS)
    return market


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


@pytest.mark.parametrize(
    ("accept", "format_"),
    [
        (None, "json"),
        ("*/*", "json"),
        ("application/*", "json"),
        ("text/*", "csv"),
        ("TEXT/CSV", "csv"),
        ("text/csv;q=0.5, application/ld+json;q=0.9", "ngsi-ld"),
        ("text/html, */*;q=0.1", "json"),
        ("*/*, application/json;q=0", "csv"),
        (SDMX, "sdmx-csv"),
        (f"{SDMX}; version=2.1.0", "sdmx-csv"),
        (f'{SDMX}; version="2.1.0"; q=0.7, text/csv; q=0.6', "sdmx-csv"),
        ("text/html", None),
        ("application/json;q=0", None),
        (f"{SDMX}; version=1.0.0", None),
        ("text/csv;q=x", None),
    ],
)
def test_accept_chooses_the_format(market: City, accept: str | None, format_: str | None) -> None:
    market.publish(DAYS[0])
    headers = {"Accept": accept} if accept is not None else {}
    if accept is None:
        del market.http.headers["accept"]
    answer = market.get("ioc", FEED, headers=headers)
    if format_ is None:
        problem(answer, 406, "NOT_ACCEPTABLE")
    else:
        assert answer.headers["content-type"].split(";")[0] == TYPES[format_]
        assert "accept" in answer.headers["vary"]


def test_format_wins_over_accept_and_an_unknown_one_is_refused(market: City) -> None:
    accept = {"Accept": "application/json"}
    for name, media_type in TYPES.items():
        for path in (FEED, LATEST):
            answer = market.get("ioc", f"{path}?format={name}", headers=accept)
            assert answer.headers["content-type"].split(";")[0] == media_type
    for path in (FEED, LATEST):
        problem(market.get("ioc", f"{path}?format=xml", headers=accept), 406, "NOT_ACCEPTABLE")


def test_all_formats_say_the_same(fed: City) -> None:
    items = fed.get("ioc", FEED).json()["items"]
    rows = table(fed.get("ioc", f"{FEED}?format=csv").text)
    assert [row["digest"] for row in rows] == [item["digest"] for item in items]
    assert {row["market_name"] for row in rows} == {"Chợ CVT"}
    values = table(fed.get("ioc", f"{FEED}?format=sdmx-csv").text)
    assert [v["TIME_PERIOD"] for v in values if v["INDICATOR"] == "ATTACHED"] == list(DAYS)
    entities = fed.get("ioc", f"{FEED}?format=ngsi-ld").json()
    assert len({entity["id"] for entity in entities}) == (len(FIGURES) + 4) * len(DAYS)
    normal = fed.get("ioc", f"{FEED}?format=ngsi-ld&options=normalized").json()
    assert normal[0]["revision"] == {"type": "Property", "value": 1}


def test_all_formats_tell_every_figure_and_withhold_the_same(market: City) -> None:
    vendor = market.register()["vendor"]
    line = {"vendor": vendor, "payments": 3, "amount_vnd": 450_000}
    path = f"/v1/markets/{MARKET}/activity/2023-05-02/{VCB}"
    assert market.call("bank", "PUT", path, {"lines": [line]}).status_code == 200
    market.clock.next_day()
    market.publish("2023-05-02")
    (item,) = market.get("ioc", FEED).json()["items"]
    assert item["activity"]["withheld"]
    flags = {flag["code"]: flag["count"] for flag in item["flags"]}
    assert flags["activity_without_attachment"] == 1

    (row,) = table(market.get("ioc", f"{FEED}?format=csv").text)
    values = table(market.get("ioc", f"{FEED}?format=sdmx-csv").text)
    seen = {value["INDICATOR"]: value for value in values}
    found = market.get("ioc", f"{FEED}?format=ngsi-ld").json()
    entities = {entity["id"].split(":")[4]: entity for entity in found}
    for name in FIGURES:
        count = item["figures"][name]["count"]
        assert row[name] == seen[name.upper()]["OBS_VALUE"] == str(count)
        assert entities[name]["numerator"] == count
    assert seen["FLAG_ACTIVITY_WITHOUT_ATTACHMENT"]["OBS_VALUE"] == "1"
    assert row["flag_activity_without_attachment"] == "1"
    assert (row["amount_vnd"], row["vendors_paid"], row["withheld"]) == ("", "1", "true")
    assert (seen["AMOUNT"]["OBS_VALUE"], seen["AMOUNT"]["OBS_STATUS"]) == ("NaN", "Q")
    assert "kpiValue" not in entities["amount_vnd"]
    assert entities["amount_vnd"]["withheld"]
    for name in TYPES:
        assert "450000" not in market.get("ioc", f"{FEED}?format={name}").text


def test_the_spreadsheet_form_keeps_vietnamese(fed: City) -> None:
    data = fed.get("ioc", f"{FEED}?format=csv&limit=1").content
    assert data.startswith(b"\xef\xbb\xbf")
    assert "Chợ CVT".encode() in data


@pytest.mark.parametrize("path", [FEED, LATEST])
@pytest.mark.parametrize("format_", TYPES)
@pytest.mark.parametrize("coding", ["gzip", "identity"])
def test_nothing_new_is_304_in_each_format(fed: City, path: str, format_: str, coding: str) -> None:
    given = {"Accept-Encoding": coding}
    first = fed.get("ioc", f"{path}?format={format_}", headers=given)
    etag = first.headers["etag"]
    same = fed.get("ioc", f"{path}?format={format_}", headers={**given, "If-None-Match": etag})
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", etag)
    for other in TYPES.keys() - {format_}:
        fresh = fed.get("ioc", f"{path}?format={other}", headers={**given, "If-None-Match": etag})
        assert fresh.status_code == 200
    fed.publish("2020-07-01")
    news = fed.get("ioc", f"{path}?format={format_}", headers={**given, "If-None-Match": etag})
    assert news.status_code == 200


def test_large_answers_are_compressed_for_who_takes_that(fed: City) -> None:
    plain = fed.get("ioc", FEED, headers={"Accept-Encoding": "identity"})
    packed = fed.get("ioc", FEED, headers={"Accept-Encoding": "br, gzip;q=0.5"})
    assert len(plain.content) > GZIP_FROM_BYTES
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < len(plain.content) / 3
    assert packed.content == plain.content
    assert packed.headers["etag"] != plain.headers["etag"]
    for refused in ("gzip;q=0", "gzip;q=0, *", ""):
        answer = fed.get("ioc", FEED, headers={"Accept-Encoding": refused})
        assert "content-encoding" not in answer.headers
    small = fed.get("ioc", f"{FEED}?limit=1", headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in small.headers


def followed(city: City, path: str) -> list[Any]:
    """All answers of a list, by their `Link`."""
    answers = [city.get("ioc", path)]
    while "link" in answers[-1].headers:
        found = re.fullmatch(r'<([^>]+)>; rel="next"', answers[-1].headers["link"])
        assert found is not None
        answers.append(city.get("ioc", found[1]))
    return answers


@pytest.mark.parametrize("accept", [True, False])
@pytest.mark.parametrize("format_", ["csv", "sdmx-csv"])
def test_links_lead_through_all_pages(fed: City, format_: str, accept: bool) -> None:
    if accept:  # the link says the format, whatever the reader asked by
        fed.get("ioc", f"{FEED}?limit=7", headers={"Accept": TYPES[format_]})
    answers = followed(fed, f"{FEED}?limit=7&format={format_}")
    assert len(answers) == 5
    column = "digest" if format_ == "csv" else "TIME_PERIOD"
    rows = [row[column] for answer in answers for row in table(answer.text)]
    whole = [row[column] for row in table(fed.get("ioc", f"{FEED}?format={format_}").text)]
    assert rows == whole


def test_the_cursor_is_the_same_for_all_formats(fed: City) -> None:
    cursors = {
        fed.get("ioc", f"{FEED}?limit=4&format={name}").headers["tracker-cursor"] for name in TYPES
    }
    (cursor,) = cursors
    rows = table(fed.get("ioc", f"{FEED}?format=csv&limit=1&after={cursor}").text)
    assert rows[0]["date"] == DAYS[4]


def test_a_reader_killed_after_any_page_misses_nothing(fed: City) -> None:
    seen: list[str] = []
    kept = ""
    for turn in range(40):
        if turn == 20:
            fed.publish("2020-07-01", "2020-07-02")
        answer = fed.get("ioc", f"{FEED}?limit=3&format=csv{kept}")
        if turn % 3 == 1:
            continue  # killed before the cursor was written: the page comes again
        seen += [row["date"] for row in table(answer.text)]
        kept = f"&after={answer.headers['tracker-cursor']}"
    assert seen == [*DAYS, "2020-07-01", "2020-07-02"]


def test_a_kept_page_is_kept_for_its_reader_alone(fed: City) -> None:
    fed.open_market(OTHER, "CP7")
    from tracker.services import snapshots

    fed.run(snapshots.publish_days(fed.tracker, [OTHER], [18_414, 18_415]))
    fed.publish("2020-07-01")
    for _ in range(2):
        mine = followed(fed, f"{FEED}?limit=8&format=csv")
        assert {row["market"] for answer in mine for row in table(answer.text)} == {MARKET}
        every = fed.get("admin", f"{FEED}?limit=32").json()
        assert {item["market"] for item in every["items"]} == {MARKET, OTHER}
        assert "next" in every


def test_windows_of_publication(market: City) -> None:
    market.publish(*DAYS[:3])
    before = moment_text(market.clock())
    market.clock.ms += 1_000
    census = {"effective_on": DAYS[1], "vendors": 9, "source": "s"}
    market.post("manager", f"/v1/markets/{MARKET}/census", census)
    market.publish(*DAYS[:3])

    def dates(query: dict[str, str]) -> list[tuple[str, int]]:
        items = market.get("ioc", FEED, params=query).json()["items"]
        return [(item["date"], item["revision"]) for item in items]

    old = [(day, 1) for day in DAYS[:3]]
    new = [(day, 2) for day in DAYS[1:3]]
    assert dates({}) == old + new
    assert dates({"updated_after": before}) == new
    assert dates({"as_of": before}) == old
    assert dates({"updated_after": before, "as_of": before}) == []
    assert dates({"updated_after": before, "limit": "1"}) == new[:1]
    place = f"/v1/markets/{MARKET}/snapshots/{DAYS[1]}"
    assert market.get("ioc", place).json()["revision"] == 2
    for text in (before, before.replace("+", " ")):
        assert market.get("ioc", place, params={"as_of": text}).json()["revision"] == 1
    assert market.get("ioc", f"{place}?as_of={before}").json()["revision"] == 1
    past = {"as_of": "2020-06-05T00:00:00Z"}
    problem(market.get("ioc", place, params=past), 404, "NOT_FOUND")
    problem(market.get("ioc", place, params={"as_of": before, "revision": 2}), 404, "NOT_FOUND")
    for name, path in (("as_of", place), ("as_of", FEED), ("updated_after", FEED)):
        for bad in ("yesterday", "2023-05-02", "2023-05-02T08:00:00", ""):
            told = problem(market.get("ioc", path, params={name: bad}), 400, "INVALID_PARAMETER")
            assert told["errors"][0]["pointer"] == f"/query/{name}"
    cursor = market.get("ioc", FEED, params={"as_of": before, "limit": 1}).json()["next"]
    problem(market.get("ioc", f"{FEED}?after={cursor}"), 400, "CURSOR_INVALID")


def test_latest_is_a_row_a_market(fed: City) -> None:
    fed.open_market(OTHER, "CP7")
    fed.open_market("cho-chua-co", "CCC")
    from tracker.services import snapshots

    yesterday = 19_478
    fed.run(snapshots.publish_days(fed.tracker, [OTHER], [18_414, yesterday]))
    items = fed.get("admin", LATEST).json()["items"]
    assert [(item["market"], item["date"]) for item in items] == [
        (OTHER, "2023-05-01"),
        (MARKET, DAYS[-1]),
    ]
    first = fed.get("admin", f"{LATEST}?limit=2&format=csv")
    assert [row["market_name"] for row in table(first.text)] == ["Chợ CP7"]
    assert 'rel="next"' in first.headers["link"]
    assert [item["market"] for item in fed.get("ioc", LATEST).json()["items"]] == [MARKET]


def test_structure_and_context_are_served(city: City) -> None:
    answer = city.get("ioc", "/v1/structure")
    assert answer.headers["content-type"] == f"{structure.MEDIA_TYPE}; version=2.1.0"
    assert answer.json() == structure.message()
    context = city.get(None, ngsi_context.PATH)
    assert context.headers["content-type"] == "application/ld+json"
    assert context.json() == ngsi_context.document()


def test_entities_name_a_context_that_is_there(fed: City) -> None:
    first, *_ = fed.get("ioc", f"{FEED}?format=ngsi-ld&limit=1").json()
    assert first["@context"] == f"http://tracker{ngsi_context.PATH}"
    assert fed.get(None, first["@context"]).status_code == 200


def test_the_address_of_the_context_is_the_one_that_is_set(
    run: Run, store: Redis, clock: Clock
) -> None:
    settings = Settings(
        data=Path("unused"), public_url="https://ioc.example/cho/", allowed_hosts="tracker"
    )
    city = City(run, store, clock, settings)
    city.open_market()
    city.publish(DAYS[0])
    first, *_ = city.get("ioc", f"{FEED}?format=ngsi-ld").json()
    assert first["@context"] == f"https://ioc.example/cho{ngsi_context.PATH}"


def test_kept_pages_stay_within_their_bytes() -> None:
    kept = Kept(bytes_max=100)
    for n in range(10):
        kept.put(n, Encoded(b"x" * 40, ()))
    assert kept.bytes == 80
    assert [n for n in range(10) if kept.get(n)] == [8, 9]
    page = kept.get(8)
    assert page is not None
    page.packed = gzip.compress(page.body)[:15]
    kept.put(8, page)
    assert kept.bytes == 95
    kept.put("large", Encoded(b"x" * 101, ()))
    assert kept.bytes == 0
