"""The field team's round: photographs of stickers, verdicts, and a morning without signal."""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image, ImageDraw, ImageFilter
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import PHONE, PICTURES, Site, Visit, Visitor
from tests.browser.yard import STRANGER, VCB, Yard
from tracker.stickers import make

MARKET = "cho-thu-di-kiem-tra"
ROUND = f"/markets/{MARKET}/round"
Photo = Callable[..., Path]


@pytest.fixture(scope="module")
def yard(site: Site) -> Yard:
    """A market with nine stalls to visit, whose traders have codes."""
    made = Yard(site, MARKET, "TDK", "Chợ thử đi kiểm tra")
    for n in range(1, 10):
        made.paid(f"A{n}", f"Trần Thị Người {n}", f"55500011{n}", attached=False)
    return made


Enter = Callable[..., Visitor]
LOGIN, PASSWORD = "to-di-kiem-tra@demo.example", "đi một vòng quanh chợ sớm"


@pytest.fixture(scope="module")
def _team(site: Site, yard: Yard) -> None:
    """A field team of this market."""
    who = {"name": "Tổ thử", "login": LOGIN, "role": "field", "markets": [MARKET]}
    person = yard.ask("POST", "/v1/people", who)["id"]
    token = yard.ask("POST", f"/v1/people/{person}/invitation")["token"]
    given = {"token": token, "password": PASSWORD}
    made = httpx.post(f"{site.url}/v1/session/invitation", json=given, timeout=20)
    assert made.is_success, made.text


@pytest.fixture
def enter(visit: Visit, _team: None) -> Enter:
    """Opens a window of the team."""

    def entered(size: tuple[int, int] = PHONE, *, scripts: bool = True) -> Visitor:
        window = visit(None, size, scripts=scripts)
        _sign_in(window.open(f"/sign-in?next={ROUND}"))
        return window

    return entered


def _sign_in(page: Page) -> None:
    page.get_by_label("Số điện thoại hoặc email").fill(LOGIN)
    page.get_by_label("Mật khẩu").fill(PASSWORD)
    page.get_by_role("button", name="Đăng nhập").click()
    page.wait_for_url(f"**{ROUND}")


@pytest.fixture
def photo(site: Site, tmp_path: Path) -> Photo:
    """Makes photographs: a code's image from the API, crooked and a little blurred on a wall."""

    def taken(name: str, code: str = "", payload: str = "") -> Path:
        picture = make.code_image(payload, "png", size_mm=60) if payload else _drawn(site, code)
        symbol = Image.open(io.BytesIO(picture)).convert("L").resize((420, 420))
        chance = random.Random(name)
        wall = Image.effect_noise((1200, 1600), 28).point(lambda v: v // 2 + 70)
        ImageDraw.Draw(wall).rectangle((300, 430, 900, 1180), fill=235)
        crooked = symbol.rotate(
            chance.uniform(-9, 9), Image.Resampling.BICUBIC, True, fillcolor=235
        )
        wall.paste(crooked, (370, 560))
        path = tmp_path / f"{name}.jpg"
        wall.filter(ImageFilter.GaussianBlur(1.4)).convert("RGB").save(path, quality=80)
        return path

    return taken


def _drawn(site: Site, code: str) -> bytes:
    return httpx.get(
        f"{site.url}/v1/codes/{code}/image?format=png&size_mm=60",
        headers={"Authorization": f"Bearer {site.keys['admin']}"},
        timeout=20,
    ).content


def _codes(yard: Yard) -> dict[str, str]:
    items = yard.ask("GET", f"/v1/markets/{MARKET}/vendors")["items"]
    return {one["stall"]: one["codes"][0]["id"] for one in items}


def _take(page: Page, photo: Path, label: str = "Chụp tem") -> None:
    page.get_by_label(label, exact=True).set_input_files(photo)


def test_a_genuine_an_old_and_a_strangers_code(
    enter: Enter, site: Site, yard: Yard, photo: Photo
) -> None:
    codes = _codes(yard)
    old = photo("old", codes["A2"])
    _another_account(site, yard, codes["A2"])
    team = enter()
    page = team.open(ROUND)
    team.weighs_little()
    team.look("round")
    _can_be_installed(team)
    page.locator("#visits a.go").first.click()
    expect(page.locator("h1")).to_have_text("Sạp A1")
    expect(page.locator("main")).to_contain_text("Trần Thị Người 1")
    team.look("round-stall")
    _take(page, photo("genuine", codes["A1"]))
    expect(page.locator("h1")).to_have_text("Đúng mã")
    team.look("round-matched")
    page.get_by_role("button", name="Tem đã gắn đúng").click()
    expect(page.get_by_role("status").first).to_contain_text("Đã ghi: tem đang treo")
    expect(page.locator("#visits .stall").first).to_have_text("A2")
    hung = yard.ask("GET", f"/v1/codes/{codes['A1']}")
    assert hung["attached"]
    for stall, name, verdict, picture in (
        ("A2", "round-superseded", "Mã cũ", old),
        ("A3", "round-foreign", "Mã lạ!", photo("stranger", payload=STRANGER)),
        ("A3", "round-other-stall", "Mã của sạp khác", photo("other", codes["A4"])),
        ("A3", "round-unreadable", "Chưa đọc được", _empty(photo("none", codes["A3"]))),
    ):
        page = team.open(f"{ROUND}/{stall}")
        _take(page, picture)
        expect(page.locator("h1")).to_have_text(verdict)
        team.look(name)
    incidents = yard.ask("GET", f"/v1/incidents?market={MARKET}")["items"]
    assert "A3" in [one["stall"] for one in incidents]


def _can_be_installed(team: Visitor) -> None:
    _wait_for_pages(team.page)
    tools = team.context.new_cdp_session(team.page)
    assert not tools.send("Page.getAppManifest")["errors"]
    found = tools.send("Page.getInstallabilityErrors")["installabilityErrors"]
    assert [one["errorId"] for one in found] in ([], ["in-incognito"])  # as tests' windows are
    tools.detach()


def _another_account(site: Site, yard: Yard, code: str) -> None:
    vendor = code.partition(".")[0]
    yard.ask("POST", f"/v1/codes/{code}/revocation", {"reason": "đổi tài khoản"})
    headers = {"Authorization": f"Bearer {site.keys['admin']}"}
    path = f"{site.url}/v1/vendors/{vendor}"
    headers["If-Match"] = httpx.get(path, headers=headers, timeout=20).headers["etag"]
    body = {"number": "5550009992"}
    changed = httpx.put(f"{path}/accounts/{VCB}", json=body, headers=headers, timeout=20)
    assert changed.is_success, changed.text
    yard.ask("POST", f"/v1/vendors/{vendor}/codes", {"bin": VCB})


def _empty(picture: Path) -> Path:
    with Image.open(picture) as image:
        image.filter(ImageFilter.GaussianBlur(25)).save(picture)
    return picture


def test_a_morning_without_signal_is_sent_in_order_and_once(
    enter: Enter, yard: Yard, photo: Photo
) -> None:
    codes = _codes(yard)
    team = enter()
    page = team.open(ROUND)
    _wait_for_pages(page)
    team.context.set_offline(True)
    page.reload()
    expect(page.locator("#kept")).to_contain_text("Trang lưu trên máy")
    team.look("round-offline")
    page.goto(f"{team.site.url}{ROUND}/A5")
    assert "Trần Thị" not in page.content()
    _take(page, photo("later", codes["A5"]))
    expect(page.locator(".verdict-box")).to_contain_text("Ảnh sẽ được gửi")
    team.look("round-saved")
    page.goto(f"{team.site.url}{ROUND}/A9")
    _take(page, photo("stranger", payload=STRANGER))
    expect(page.locator(".verdict-box")).to_contain_text("Ảnh sẽ được gửi")
    for stall in ("A5", "A6", "A7", "A9"):
        page.goto(f"{team.site.url}{ROUND}/{stall}")
        page.get_by_role("button", name="Tem đã gắn đúng").click()
        expect(page.locator(".verdict-box")).to_contain_text("Sẽ gửi khi có mạng")
    page.goto(f"{team.site.url}{ROUND}")
    page.reload()
    expect(page.locator("#phone-list li")).to_have_count(6)
    expect(page.locator("#visits .done")).to_have_count(4)
    team.look("round-waiting")
    yard.ask("POST", f"/v1/codes/{codes['A7']}/revocation", {"reason": "mất tem"})
    came_back = datetime.now(UTC)
    team.context.set_offline(False)
    page.wait_for_url("**said=round_sent")
    left = page.locator("#phone-list li")
    expect(left).to_have_count(3)
    expect(left.nth(0)).to_contain_text("Ảnh cho thấy: mã lạ")
    expect(left.nth(1)).to_contain_text("Mã này không còn dùng")
    expect(left.nth(2)).to_contain_text("không phải tem đúng")
    team.look("round-conflict")
    page.reload()
    for count in (3, 2, 1):
        expect(left).to_have_count(count)
        page.get_by_role("button", name="Đã biết").first.click()
    expect(left).to_have_count(0)
    hung = {stall: _hung(yard, codes[stall]) for stall in ("A5", "A6", "A7", "A9")}
    assert [len(found) for found in hung.values()] == [1, 1, 0, 0]
    assert hung["A5"][0]["fields"]["evidence"] == "scan"
    assert hung["A6"][0]["fields"]["evidence"] == "declared"
    times = [datetime.fromisoformat(hung[stall][0]["occurred_at"]) for stall in ("A5", "A6")]
    assert times[0] < times[1] < came_back
    team.wrong.clear()  # the browser's console calls what finds no line an error


def _wait_for_pages(page: Page) -> None:
    expect(page.locator("#ready")).to_contain_text("sạp trên máy", timeout=15_000)


def _until(page: Page, holds: str) -> None:
    page.evaluate(f"async () => {{ while (!({holds})) await new Promise(requestAnimationFrame); }}")


def _hung(yard: Yard, code: str) -> list[dict[str, Any]]:
    found = yard.ask("GET", f"/v1/ledger?market={MARKET}&limit=1000", by="auditor")["items"]
    return [one for one in found if one["kind"] == "attached" and one["fields"]["code"] == code]


def test_records_wait_for_the_person_who_made_them(enter: Enter, yard: Yard) -> None:
    codes = _codes(yard)
    team = enter()
    page = team.open(f"{ROUND}/A8")
    page.evaluate(
        f"""queue.add({{key: "of-somebody-else", person: "nobody-here", market: "{MARKET}",
            stall: "A8", kind: "attach", at: new Date().toISOString(), code: "{codes["A8"]}"}})"""
    )
    team.context.clear_cookies()
    page.get_by_role("button", name="Tem đã gắn đúng").click()
    expect(page.locator("#phone-says")).to_contain_text("đăng nhập lại để gửi")
    expect(page.locator("#phone-list")).to_contain_text("Việc của người khác")
    team.look("round-signed-out")
    page.get_by_role("link", name="Đăng nhập").click()
    _sign_in(page)
    expect(page.locator("#phone-says")).to_contain_text("Đã gửi hết")
    expect(page.locator("#phone-list li")).to_have_count(1)
    assert len(_hung(yard, codes["A8"])) == 1
    _wait_for_pages(page)
    page.goto(f"{team.site.url}/sign-in")
    _until(page, "!(await caches.keys()).includes('round-pages')")
    team.wrong.clear()  # the browser's console calls a session that ended an error


def test_a_photo_whose_answer_was_lost_is_recorded_once(
    enter: Enter, yard: Yard, photo: Photo
) -> None:
    codes = _codes(yard)
    team = enter()
    lost: list[int] = []

    def lose(route: Route) -> None:
        if lost:
            route.continue_()
        else:
            lost.append(route.fetch().status)
            route.abort()

    team.context.route("**/v1/scans", lose)
    page = team.open(f"{ROUND}/A8")
    _take(page, photo("lost", codes["A8"]))
    expect(page.locator("[data-says]")).to_contain_text("Ảnh sẽ được gửi")
    page.goto(f"{team.site.url}{ROUND}")
    _until(page, "(await queue.all()).length === 0")
    assert lost == [201]
    ledger = yard.ask("GET", f"/v1/ledger?market={MARKET}&limit=1000", by="auditor")["items"]
    seen = [
        one for one in ledger if one["kind"] == "scanned" and one["fields"]["code"] == codes["A8"]
    ]
    assert len(seen) == 1
    team.wrong.clear()  # the browser's console calls the lost answer an error


def test_without_scripts_a_photo_is_sent_by_its_form(
    enter: Enter, yard: Yard, photo: Photo
) -> None:
    codes = _codes(yard)
    team = enter(scripts=False)
    page = team.open(f"{ROUND}/A4")
    page.screenshot(path=PICTURES / "round-stall-plain-360.png", full_page=True)
    _take(page, photo("plain", codes["A4"]))
    page.get_by_role("button", name="Gửi ảnh").click()
    expect(page.locator("h1")).to_have_text("Đúng mã")
    page.get_by_role("button", name="Tem đã gắn đúng").click()
    expect(page.get_by_role("status")).to_contain_text("Đã ghi: tem đang treo")
    page.goto(f"{team.site.url}{ROUND}/A4")
    page.get_by_text("Gỡ tem…").click()
    page.get_by_label("mất điện thoại").check()
    page.screenshot(path=PICTURES / "round-remove-360.png", full_page=True)
    page.get_by_role("button", name="Ghi: đã gỡ tem").click()
    expect(page.get_by_role("status")).to_contain_text("Đã ghi: tem đã gỡ")
    assert not yard.ask("GET", f"/v1/codes/{codes['A4']}")["attached"]
