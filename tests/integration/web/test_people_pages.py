"""Roster, trader, approvals, incidents and doubts as pages: what each role sees, and may send."""

from __future__ import annotations

import html
import re
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis

from tests.integration.api.city import FIRST, MARKET, OTHER, STRANGER, City
from tests.integration.api.people import signed_up
from tests.integration.conftest import Run
from tests.integration.registry import BIDV, VCB, Clock
from tracker.access.keys import ROLES
from tracker.vietqr.compose import compose

PERSON = f"/vendors/{FIRST}"
CODE = f"{PERSON}/codes/1"
NUMBER = "0123456789"
EVERY_PAGE = (
    f"/markets/{MARKET}/roster",
    f"/markets/{MARKET}/roster?q=hoa&sort=name",
    f"/markets/{MARKET}/roster/new",
    PERSON,
    f"{PERSON}?all=1",
    f"{PERSON}/edit",
    f"{PERSON}/move",
    f"{PERSON}/status?to=suspended",
    f"{PERSON}/status?to=left",
    f"{PERSON}/account",
    f"{PERSON}/account?bin={VCB}",
    f"{PERSON}/unlink?bin={VCB}",
    f"{CODE}/attach",
    f"{CODE}/remove",
    f"{CODE}/revoke",
    f"{PERSON}/take-back/1",
    f"{PERSON}/personal-data",
    f"{PERSON}/erasure",
    f"/markets/{MARKET}/incidents",
    f"/markets/{MARKET}/incidents?ended=1",
    f"/markets/{MARKET}/doubts",
    "/approvals",
    "/approvals?state=approved",
)


class Pages:
    """The pages of a service with one trader, Hoa at B12, whose sticker hangs."""

    def __init__(self, city: City) -> None:
        city.open_market()
        city.register(issue_code=True, category="Rau củ")
        city.post("manager", f"/v1/codes/{FIRST}.c1/attachments", {}, key="hangs")
        self.city = city

    def get(self, role: str, path: str, **more: Any) -> str:
        """The text of a page that is there."""
        answer = self.city.get(role, path, **more)
        assert answer.status_code == 200, (role, path, answer.status_code, text_of(answer))
        return text_of(answer)

    def send(self, role: str, path: str, **fields: str) -> httpx.Response:
        """A form."""
        return self.city.call(role, "POST", path, data=fields)

    def version(self, path: str, role: str = "manager") -> str:
        """What the hidden field of a form holds."""
        found = re.search(r'name="version" value="([^"]*)"', self.city.get(role, path).text)
        assert found is not None, path
        return html.unescape(found[1])

    def done(self, role: str, path: str, **fields: str) -> str:
        """Where a form leads that was not refused."""
        answer = self.send(role, path, **fields)
        assert answer.status_code == 303, text_of(answer)
        return answer.headers["location"]


def text_of(answer: httpx.Response) -> str:
    """What can be read on a page."""
    bare = re.sub(r"<(script|style).*?</\1>|<[^>]+>", " ", answer.text, flags=re.DOTALL)
    return " ".join(html.unescape(bare).split())


@pytest.fixture
def pages(run: Run, store: Redis, clock: Clock) -> Pages:
    """A market as above."""
    return Pages(City(run, store, clock))


@pytest.fixture
def clock() -> Clock:
    """Stands at 08:00 on 2 May 2023 until it is moved."""
    return Clock()


@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_page_is_there_or_refused_in_words_for_every_role(
    pages: Pages, language: str
) -> None:
    seen: dict[str, int] = {}
    for role in ROLES:
        for path in EVERY_PAGE:
            answer = pages.city.get(role, path, headers={"Cookie": f"tracker_language={language}"})
            assert answer.status_code in {200, 403, 404}, (role, path, text_of(answer))
            assert "None" not in text_of(answer), (role, path)
            seen[role] = seen.get(role, 0) + (answer.status_code == 200)
    assert seen["admin"] == len(EVERY_PAGE)
    assert seen["ioc"] == 0


def test_nobody_sees_more_of_a_trader_than_by_the_api(pages: Pages) -> None:
    for role, name, number in (
        ("manager", True, "•••• 6789"),
        ("field", True, "•••• 6789"),
        ("auditor", False, "•••• 6789"),
        ("bank", False, NUMBER),
        ("bidv", False, None),
    ):
        roster = pages.get(role, f"/markets/{MARKET}/roster")
        person = pages.get(role, PERSON)
        assert ("Đặng Thị Hoa" in roster) is name, (role, roster)
        # The holder of an account is the bank's own to know.
        assert ("Đặng Thị Hoa" in person) is (name or role == "bank"), (role, person)
        assert ("0912345678" in person) is name, (role, person)
        assert (NUMBER in person) is (number == NUMBER), (role, person)
        assert number is None or number in person, (role, person)
        found = pages.get(role, f"/markets/{MARKET}/roster?q=dang thi")
        assert ("Tìm thấy 1 trong 1" in found) is name, (role, found)
    assert "Đ. T. H." in pages.get("auditor", PERSON)


def test_another_market_is_not_there(pages: Pages) -> None:
    pages.city.open_market(OTHER, "CP7")
    for path in ("roster", "incidents", "doubts", "roster.xlsx", "roster/new"):
        assert pages.city.get("manager", f"/markets/{OTHER}/{path}").status_code == 404


def test_what_was_typed_wrong_is_told_all_at_once_and_kept(pages: Pages) -> None:
    fields = {"stall": "", "name": "Lê Sáu", "phone": "12", "account.bin": VCB}
    answer = pages.send("manager", f"/markets/{MARKET}/roster/new", **fields)
    assert answer.status_code == 400
    said = text_of(answer)
    for fault in ("Chưa điền", "Số điện thoại không đúng"):
        assert fault in said
    assert answer.text.count('aria-invalid="true"') == 3
    assert 'value="Lê Sáu"' in answer.text


def test_a_taken_stall_names_the_code_and_the_same_name_is_a_match(pages: Pages) -> None:
    new = f"/markets/{MARKET}/roster/new"
    taken = pages.send("manager", new, stall="b12", name="Lê Thị Sáu")
    assert taken.status_code == 409
    assert f'href="{PERSON}"' in taken.text
    assert pages.done("manager", new, stall="b12", name="DANG THI HOA").startswith(PERSON)


def test_a_form_that_was_overtaken_says_so_and_can_be_sent_again(pages: Pages) -> None:
    version = pages.version(f"{PERSON}/edit")
    pages.done("manager", f"{PERSON}/move", stall="c1", occurred_at="")
    fields = {"name": "Đặng Thị Hoa", "phone": "", "zone": "Khu B", "category": "Cá"}
    stale = pages.send("manager", f"{PERSON}/edit", version=version, **fields)
    assert stale.status_code == 412
    assert "Người khác vừa sửa" in text_of(stale)
    assert 'value="Cá"' in stale.text
    pages.done("manager", f"{PERSON}/edit", version=pages.version(f"{PERSON}/edit"), **fields)
    shown = pages.city.get("manager", f"/v1{PERSON}").json()
    assert (shown["phone"], shown["category"], shown["stall"]) == (None, "Cá", "C1")


def test_a_day_counts_from_its_start_or_from_what_it_belongs_to(pages: Pages) -> None:
    pages.city.clock.next_day()
    pages.city.clock.next_day()
    early = pages.send("manager", f"{CODE}/remove", reason="fraud", occurred_at="2023-05-01")
    assert early.status_code == 400
    assert 'value="2023-05-01"' in early.text
    pages.done("manager", f"{CODE}/remove", reason="fraud", occurred_at="2023-05-02")
    pages.done("manager", f"{CODE}/attach", **{"evidence.kind": "photo"}, occurred_at="2023-05-03")
    events = pages.city.get("manager", f"/v1{PERSON}/events").json()["items"]
    days = [one["occurred_at"] for one in events if one["kind"] in {"removed", "attached"}]
    assert days[1:] == [days[0], "2023-05-03T00:00:00+07:00"]


def test_a_trader_whose_registration_was_taken_back_can_be_brought_back(pages: Pages) -> None:
    alone = pages.city.register(stall="B13", name="Lê Sáu", account=None)["vendor"]
    where = pages.done("manager", f"/vendors/{alone}/take-back/1", reason="Nhập nhầm chợ")
    gone = pages.get("manager", where)
    assert "đã được rút lại" in gone
    assert "Nhập nhầm chợ" in gone
    pages.done("manager", f"/vendors/{alone}/take-back/2", reason="Đúng là ở chợ này")
    assert "Sạp B13" in pages.get("manager", f"/vendors/{alone}")


def test_an_old_fact_waits_for_another_person_who_sees_before_and_after(pages: Pages) -> None:
    pages.city.clock.next_day()
    pages.city.clock.next_day()
    _, mai = signed_up(pages.city)
    account = {"bin": VCB, "number": "99990001", "version": pages.version(f"{PERSON}/account")}
    asked = pages.done("manager", f"{PERSON}/account", **account)
    assert asked.startswith("/approvals/")
    path = asked.partition("?")[0]
    assert "Bạn đã xin việc này" in pages.get("manager", path)
    refused = pages.send("manager", path, decision="approved", reason="được")
    assert refused.status_code == 403
    field = pages.get("field", path)
    assert "không duyệt" in field
    shown = mai.call("GET", path)
    assert "•••• 6789" in text_of(shown)
    assert "•••• 0001" in text_of(shown)
    assert "key of manager" in text_of(shown)
    none = pages.send("admin", path, decision="approved", reason=" ")
    assert none.status_code == 400
    pages.done("admin", path, decision="approved", reason="Đã gọi xác nhận")
    assert "•••• 0001" in pages.get("manager", PERSON)
    assert "Không có việc nào chờ duyệt" in pages.get("manager", "/approvals")
    assert "Đã gọi xác nhận" in pages.get("manager", "/approvals?state=approved")


def test_a_strangers_code_is_settled_once(pages: Pages) -> None:
    id_ = pages.city.scan(compose(BIDV, STRANGER)).json()["incident"]
    assert "•••• 2223" in pages.get("manager", f"/markets/{MARKET}/incidents")
    assert "Thấy mã lạ (BIDV)" in pages.get("manager", PERSON)
    path = f"/incidents/{id_}"
    fields = {"version": pages.version(path), "reason": "Đã gỡ"}
    nothing = pages.send("manager", path, **fields)
    assert nothing.status_code == 400
    pages.done("manager", path, state="resolved", **fields)
    stale = pages.send("manager", path, state="dismissed", **fields)
    assert stale.status_code == 412
    assert pages.send("field", path, state="dismissed", **fields).status_code == 403
    assert "xử lý lúc" in pages.get("field", path)


def test_a_doubt_is_decided_from_its_page(pages: Pages) -> None:
    pages.city.register(stall="B14", account=None)
    listed = pages.city.get("manager", f"/markets/{MARKET}/doubts").text
    found = re.search(rf'href="(/markets/{MARKET}/doubts/same_name[^"]+)"', listed)
    assert found is not None
    assert "Đặng Thị Hoa" in pages.get("manager", found[1])
    pages.done("manager", found[1], decision="accepted", reason="Hai người trùng tên")
    assert "Hai người trùng tên" in pages.get("auditor", found[1])
    assert pages.city.get("field", found[1]).status_code == 404


def test_pictures_and_exports_are_files_that_nothing_keeps(pages: Pages) -> None:
    for name, kind in (("sticker.pdf", b"%PDF"), ("code.png", b"\x89PNG"), ("code.svg", b"<")):
        answer = pages.city.get("field", f"{CODE}/picture/{name}")
        assert answer.status_code == 200
        assert answer.content.startswith(kind)
        assert answer.headers["cache-control"] == "no-store"
    assert pages.city.get("auditor", f"{CODE}/picture/code.png").status_code == 403
    held = pages.send("manager", f"{PERSON}/personal-data")
    assert held.json()["accounts"][0]["number"] == NUMBER
    assert "attachment" in held.headers["content-disposition"]
    assert "Đã xuất toàn bộ dữ liệu cá nhân" in pages.get("manager", PERSON)
    book = pages.city.get("manager", f"/markets/{MARKET}/roster.xlsx?q=hoa")
    assert book.content.startswith(b"PK")


def test_who_was_erased_leaves_no_name_on_any_page(pages: Pages) -> None:
    assert pages.get("admin", f"/markets/{MARKET}/roster?q=hoa")
    pages.done("admin", f"{CODE}/revoke", reason="Nghỉ bán")
    version = pages.version(f"{PERSON}/status?to=left")
    pages.done("admin", f"{PERSON}/status", status="left", version=version, reason="")
    unsure = pages.send("admin", f"{PERSON}/erasure", version="0")
    assert unsure.status_code == 400
    version = pages.version(f"{PERSON}/erasure", "admin")
    pages.done("admin", f"{PERSON}/erasure", version=version, sure="on")
    for path in (PERSON, f"/markets/{MARKET}/roster?q=hoa", f"/markets/{MARKET}/roster"):
        assert "Đặng Thị Hoa" not in pages.get("admin", path)
    assert "Dữ liệu cá nhân đã được xoá" in pages.get("admin", PERSON)
