"""The round as pages: what is next, what a phone may keep, and photographs by a plain form."""

from __future__ import annotations

import io
import json
from typing import Any

import httpx
import pytest
from PIL import Image
from redis.asyncio import Redis

from tests.integration.api.city import FIRST, MARKET, STRANGER, City
from tests.integration.conftest import Run
from tests.integration.registry import VCB, Clock
from tests.integration.web.town import text_of
from tracker.stickers import make
from tracker.vietqr.compose import compose
from tracker.web.pages.installed import KEPT

ROUND = f"/markets/{MARKET}/round"
AT = f"{ROUND}/B12"


@pytest.fixture
def clock() -> Clock:
    """Stands at 08:00 on 2 May 2023 until it is moved."""
    return Clock()


@pytest.fixture
def city(run: Run, store: Redis, clock: Clock) -> City:
    """Hoa at B12 with a code that is not attached, and two more like her."""
    made = City(run, store, clock)
    made.open_market()
    made.register(issue_code=True)
    for n, stall in enumerate(("C3", "D 1/2")):
        body = {"stall": stall, "name": f"Người {n}", "account": {"bin": VCB, "number": f"88{n}"}}
        made.post("manager", f"/v1/markets/{MARKET}/vendors", {**body, "issue_code": True})
    return made


def picture(payload: str | None) -> bytes:
    """A photograph of a code, or of nothing."""
    if payload is not None:
        return make.code_image(payload, "png", size_mm=60)
    blank = io.BytesIO()
    Image.new("L", (400, 400), 200).save(blank, "PNG")
    return blank.getvalue()


def scanned(city: City, photo: bytes, path: str = AT, by: str = "field") -> httpx.Response:
    """A photograph sent as a browser sends a form."""
    return city.call(by, "POST", f"{path}/scan", files={"image": ("photo.png", photo)})


def stalls(answer: httpx.Response) -> list[str]:
    """The stalls of the list, in order."""
    rows = answer.text.split('<li data-stall="')[1:]
    return [row.partition('"')[0] for row in rows]


def test_who_was_visited_today_is_off_the_list_and_back_tomorrow(city: City, clock: Clock) -> None:
    assert stalls(city.get("field", ROUND)) == ["C3", "D1/2", "B12"]
    assert stalls(city.get("field", f"{ROUND}?after=C3")) == ["D1/2", "B12", "C3"]
    assert stalls(city.get("field", f"{ROUND}?after=Z9")) == ["C3", "D1/2", "B12"]
    scanned(city, picture(None), f"{ROUND}/C3")
    page = city.get("field", ROUND)
    assert stalls(page) == ["D1/2", "B12", "C3"]
    assert "Hôm nay đã tới 1 sạp" in text_of(page)
    assert "Đã tới hôm nay, còn việc (1)" in text_of(page)
    clock.next_day()
    assert stalls(city.get("field", ROUND)) == ["C3", "D1/2", "B12"]


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        (compose(VCB, "0123456789", terminal=FIRST), "Đúng mã"),
        (compose(VCB, "0123456789"), "Đúng tài khoản, mã khác"),
        (compose(VCB, "881"), "Mã của sạp khác"),
        (compose(VCB, STRANGER), "Mã lạ!"),
        ("https://vi.du", "Chưa đọc được"),
        (None, "Chưa đọc được"),
    ],
    ids=["matched", "altered", "other_stall", "foreign_account", "no_vietqr", "nothing"],
)
def test_a_photo_by_a_plain_form_leads_to_its_verdict(
    city: City, payload: str | None, words: str
) -> None:
    answer = scanned(city, picture(payload))
    assert answer.status_code == 303, text_of(answer)
    page = city.get("field", answer.headers["location"])
    assert words in text_of(page)
    assert ("danh sách mã lạ" in text_of(page)) is (words == "Mã lạ!")
    assert ('name="evidence.scan"' in page.text) is (words == "Đúng mã")


@pytest.mark.parametrize(
    ("photo", "code"),
    [
        (b"", "Chưa chọn tệp nào"),
        (b"%PDF-1.4 no picture", "không phải ảnh chụp"),
        (b"\xff\xd8\xff\xe0cut short", "hỏng hoặc gửi thiếu"),
        (b"\x00" * (12 * 1024 * 1024 + 1), "Ảnh quá lớn"),
    ],
    ids=["none", "other_format", "damaged", "too_large"],
)
def test_what_is_no_photo_is_refused_in_words(city: City, photo: bytes, code: str) -> None:
    answer = scanned(city, photo)
    assert 400 <= answer.status_code < 500
    assert code in text_of(answer)


def test_attached_with_the_scan_as_evidence_and_taken_down(city: City) -> None:
    verdict = scanned(city, picture(compose(VCB, "0123456789", terminal=FIRST)))
    scan = verdict.headers["location"].rpartition("/")[2]
    fields = {"code": f"{FIRST}.c1", "evidence.kind": "scan", "evidence.scan": scan}
    done = city.call("field", "POST", f"{AT}/attach", data=fields)
    assert done.headers["location"] == f"{ROUND}?after=B12&said=code_attached"
    assert city.get("field", f"/v1/codes/{FIRST}.c1").json()["attached"]
    refused = city.call("field", "POST", f"{AT}/remove", data={"code": f"{FIRST}.c1"})
    assert refused.status_code == 400
    assert "Chưa điền" in text_of(refused)
    fields = {"code": f"{FIRST}.c1", "reason": "lost_phone"}
    done = city.call("field", "POST", f"{AT}/remove", data=fields)
    assert done.headers["location"] == f"{ROUND}?after=B12&said=code_removed"
    assert not city.get("field", f"/v1/codes/{FIRST}.c1").json()["attached"]


def test_a_code_of_another_stall_is_not_attached_by_this_ones_form(city: City) -> None:
    answer = city.call("field", "POST", f"{ROUND}/C3/attach", data={"code": f"{FIRST}.c1"})
    assert answer.status_code == 400
    assert not city.get("field", f"/v1/codes/{FIRST}.c1").json()["attached"]


def test_a_stall_with_a_stroke_in_its_name_has_a_page(city: City) -> None:
    page = city.get("field", ROUND)
    assert f'href="{ROUND}/D1%252F2"' in page.text
    assert "Sạp D1/2" in text_of(city.get("field", f"{ROUND}/D1%252F2"))
    assert scanned(city, picture(None), f"{ROUND}/D1%252F2").status_code == 303


def test_a_stall_of_nobody_says_so(city: City) -> None:
    answer = city.get("field", f"{ROUND}/Z9")
    assert answer.status_code == 404
    assert "chưa có tiểu thương nào đăng ký" in text_of(answer)


def test_a_scan_is_shown_in_its_own_market_alone(city: City) -> None:
    made = scanned(city, picture(None)).headers["location"]
    scan = made.rpartition("/")[2]
    city.open_market("cho-khac", "KHA")
    assert city.get("admin", f"/markets/cho-khac/round/B12/scans/{scan}").status_code == 404
    assert city.get("field", f"{AT}/scans/{FIRST}.e1").status_code == 404
    assert city.get("field", f"{AT}/scans/{FIRST}.e99").status_code == 404


def test_what_a_phone_keeps_names_no_trader(city: City) -> None:
    assert "Đặng Thị Hoa" in city.get("field", AT).text
    for path in (ROUND, AT):
        page = city.get("field", f"{path}?kept=1")
        assert "Trang lưu trên máy" in text_of(page)
        assert "Đặng Thị Hoa" not in page.text
        assert page.headers["cache-control"] == "no-store"


def test_the_worker_begins_with_the_files_that_it_keeps(city: City) -> None:
    answer = city.get(None, "/worker.js")
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cache-control"] == "no-cache"
    first = answer.text.partition("\n")[0].removeprefix("const ASSETS = ").removesuffix(";")
    kept: dict[str, str] = json.loads(first)
    assert tuple(kept) == KEPT
    for path in kept.values():
        assert city.get(None, path).status_code == 200


@pytest.mark.parametrize(("role", "start"), [("field", ROUND), ("manager", "/"), ("admin", "/")])
def test_the_app_begins_where_its_owner_works(city: City, role: str, start: str) -> None:
    manifest: dict[str, Any] = city.get(role, "/manifest.webmanifest").json()
    assert manifest["start_url"] == start
    for icon in manifest["icons"]:
        answer = city.get(None, icon["src"])
        assert answer.headers["content-type"] == icon["type"]
        if icon["type"] == "image/png":
            side = int(icon["sizes"].partition("x")[0])
            assert Image.open(io.BytesIO(answer.content)).size == (side, side)
