"""The admin's pages: who sees them, what is typed wrong, what is shown once, what waits."""

from __future__ import annotations

import html
import re
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis

from tests.integration.api.city import MARKET, OTHER, City
from tests.integration.api.people import LOGIN, MAI, NAME, PASSWORD, Browser, added
from tests.integration.conftest import Run
from tests.integration.registry import VCB, Clock
from tracker.access.keys import ROLES
from tracker.services import snapshots
from tracker.store.jobs import JobProblem, failed
from tracker.web.pages.admin_market_new import suggested
from tracker.web.pages.admin_markets import packed, periods

EVERY_PAGE = (
    "/admin",
    "/admin/markets",
    "/admin/markets?q=vung&page=0",
    "/admin/markets/new",
    "/admin/markets/new?province=01&name=Abc",
    f"/admin/markets/{MARKET}",
    f"/admin/markets/{MARKET}/closure",
    "/admin/areas",
    "/admin/areas?q=vung tau&on=2024-01-01",
    "/admin/areas?on=all",
    "/admin/areas/new",
    "/admin/areas/26506.2025-07-01",
    "/admin/keys",
    "/admin/keys?ended=1",
    "/admin/keys/new",
    "/admin/people",
    "/admin/people?ended=1",
    "/admin/people/new",
    "/admin/jobs",
    "/admin/jobs?state=failed",
    "/admin/health",
    "/admin/health?check=1",
)
NUMBERS = (f"/markets/{MARKET}/census", f"/markets/{MARKET}/targets")


class Office:
    """A service with one market and its admin."""

    def __init__(self, city: City) -> None:
        city.open_market()
        self.city = city

    def get(self, path: str, role: str = "admin", **more: Any) -> str:
        """The text of a page that is there."""
        answer = self.city.get(role, path, **more)
        assert answer.status_code == 200, (role, path, text_of(answer))
        return text_of(answer)

    def send(self, path: str, by: str = "admin", **fields: Any) -> httpx.Response:
        """A form; a list is several boxes of one name. `from_` is the field `from`."""
        given = {name.rstrip("_").replace("__", "."): value for name, value in fields.items()}
        typed = {"Content-Type": "application/x-www-form-urlencoded"}  # of an empty form too
        return self.city.call(by, "POST", path, data=given, headers=typed)

    def done(self, path: str, by: str = "admin", **fields: Any) -> str:
        """Where a form leads that was not refused."""
        answer = self.send(path, by, **fields)
        assert answer.status_code == 303, text_of(answer)
        return answer.headers["location"]

    def version(self, path: str) -> str:
        """What the first hidden version of a page is."""
        found = re.search(r'name="version" value="([^"]*)"', self.city.get("admin", path).text)
        assert found is not None
        return found[1]


def text_of(answer: httpx.Response) -> str:
    """What can be read on a page."""
    bare = re.sub(r"<(script|style).*?</\1>|<[^>]+>", " ", answer.text, flags=re.DOTALL)
    return " ".join(html.unescape(bare).split())


def secret_in(answer: httpx.Response) -> str:
    """What is shown once on a page."""
    assert answer.status_code == 200, text_of(answer)
    assert answer.headers["cache-control"] == "no-store"
    found = re.search(r"<textarea[^>]*readonly[^>]*>([^<]+)<", answer.text)
    assert found is not None
    return html.unescape(found[1])


@pytest.fixture
def office(run: Run, store: Redis) -> Office:
    """An office as above."""
    return Office(City(run, store, Clock()))


@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_page_is_the_admins_alone(office: Office, language: str) -> None:
    said = {"Cookie": f"tracker_language={language}"}
    for path in EVERY_PAGE:
        for role in ROLES:
            answer = office.city.get(role, path, headers=said)
            allowed = {200} if role == "admin" else {403, 404}
            if path.startswith("/admin/areas/2"):
                allowed = allowed | {404}  # no unit was seeded here
            assert answer.status_code in allowed, (role, path, text_of(answer))
            assert "None" not in text_of(answer), (role, path)
    for path in NUMBERS:
        for role in ROLES:
            assert "None" not in office.get(path, role, headers=said)


def test_id_and_prefix_are_suggested_before_anything_is_written(office: Office) -> None:
    fields = {"name": "Chợ Vàng Tây", "opened_on": "2023-01-01", "zones": "Khu A\r\nKhu B\r\n"}
    asked = office.send("/admin/markets/new", id="", prefix="", **fields)
    assert asked.status_code == 200
    assert 'value="cho-vang-tay"' in asked.text
    assert "Chưa lập" in text_of(asked)
    assert "Chợ Vàng Tây" not in office.get("/admin/markets")
    prefix = re.search(r'name="prefix"[^>]*value="([^"]+)"', asked.text)
    assert prefix is not None
    assert prefix[1] not in {"CVT", ""}
    where = office.done("/admin/markets/new", id="cho-vang-tay", prefix=prefix[1], **fields)
    assert where.startswith("/admin/markets/cho-vang-tay")
    assert "Khu A, Khu B" in office.get(where)
    taken = office.send("/admin/markets/new", id="cho-khac", prefix="CVT", **fields)
    assert taken.status_code == 409
    assert "đã có chợ khác dùng" in text_of(taken)
    assert 'value="Chợ Vàng Tây"' in taken.text
    wrong = office.send("/admin/markets/new", name="x", id="Chợ!", prefix="1", opened_on="mai")
    assert wrong.status_code == 400
    assert wrong.text.count('aria-invalid="true"') == 3


def test_suggestions_are_free_and_well_formed() -> None:
    given = {"name": "Chợ Vũng Tàu", "id": "", "prefix": ""}
    assert suggested(given, set()) == {**given, "id": "cho-vung-tau", "prefix": "CVT"}
    assert suggested(given, {"CVT"})["prefix"] == "CV1"
    assert suggested({"name": "7 Đá", "id": "da", "prefix": ""}, set())["id"] == "da"
    for name in ("7", "Đ", "Chợ phường 7", "!!!"):
        prefix = suggested({"name": name}, set())["prefix"]
        assert re.fullmatch("[A-Z][A-Z0-9]{2}", prefix), (name, prefix)


def test_rows_of_units_are_numbered_as_their_faults_are() -> None:
    typed = {"areas.2.area_code": "26506", "areas.2.from": "x", "areas.0.to": " ", "name": "a"}
    assert periods(typed) == [{"area_code": "26506", "from": "x"}]
    assert packed(typed) == {"name": "a", "areas.0.area_code": "26506", "areas.0.from": "x"}


def test_a_market_gets_another_name_and_units_over_time(office: Office) -> None:
    office.done("/admin/areas/new", code="79", name="Thành phố Một", valid_from="2020-01-01")
    office.done(
        "/admin/areas/new", code="26506", name="Phường Hai", valid_from="2020-01-01", parent="79"
    )
    path = f"/admin/markets/{MARKET}"
    rows = {"areas.3.area_code": "26506", "areas.3.from": "2020-01-01", "areas.3.to": ""}
    version = office.version(path)
    office.done(path, version=version, name="Chợ Mới", **rows)
    shown = office.get(path)
    assert "Chợ Mới" in shown
    assert "Phường Hai (26506), từ 01/01/2020" in shown
    assert "Phường Hai" in office.get("/admin/markets")
    stale = office.send(path, version=version, name="Chợ Khác", **rows)
    assert stale.status_code == 412
    assert 'value="Chợ Khác"' in stale.text
    twice = rows | {"areas.4.area_code": "99999", "areas.4.from": "2021-01-01"}
    wrong = office.send(path, version=office.version(path), name="Chợ Mới", **twice)
    assert wrong.status_code == 400
    assert 'id="e-areas.1.area_code"' in wrong.text
    office.done(path, version=office.version(path), name="Chợ Mới")
    assert "Chưa thuộc đơn vị nào" in office.get(path)


def test_closing_asks_whether_one_is_sure(office: Office) -> None:
    path = f"/admin/markets/{MARKET}/closure"
    fields = {"closed_on": "2030-01-01", "reason": "Di dời", "into": ""}
    unsure = office.send(path, **fields)
    assert unsure.status_code == 400
    assert 'value="Di dời"' in unsure.text
    into = office.send(path, sure="on", **{**fields, "into": MARKET})
    assert "Không nhập vào chính nó" in text_of(into)
    office.done(path, sure="on", **fields)
    assert "Đã đóng từ 01/01/2030. Lý do: Di dời" in office.get(f"/admin/markets/{MARKET}")


def test_a_lower_census_waits_for_a_second_person(office: Office) -> None:
    path = f"/markets/{MARKET}/census"
    fields = {"effective_on": "2023-01-01", "source": "Ban quản lý"}
    assert "đang tính trên danh sách" in office.get(path, "manager")
    wrong = office.send(path, "manager", vendors="nhiều", **fields)
    assert wrong.status_code == 400
    assert 'value="nhiều"' in wrong.text
    assert office.done(path, "manager", vendors="1.214", **fields).startswith(path)
    assert "1.214 tiểu thương" in office.get(path, "manager")
    asked = office.done(path, "manager", vendors="1.000", **fields)
    assert asked.startswith("/approvals/")
    assert "chờ người thứ hai duyệt" in office.get(asked, "manager")
    assert "Đang chờ người thứ hai duyệt: 1.000" in office.get(path, "manager")
    assert office.send(path, "field", vendors="1", **fields).status_code == 403
    assert "Khai báo số mới" not in office.get(path, "ioc")


def test_a_target_is_set_and_taken_back(office: Office) -> None:
    path = f"/markets/{MARKET}/targets"
    fields = {"figure": "attached", "due_on": "2023-12-31"}
    none = office.send(path, vendors="0", **fields)
    assert "Không có chỉ tiêu nào như vậy" in text_of(none)
    office.done(path, vendors="150", **fields)
    assert "150 tiểu thương, hạn 31/12/2023" in office.get(path, "manager")
    assert office.send(path, "manager", vendors="1", **fields).status_code == 403
    office.done(path, vendors="0", **fields)
    assert "Chưa có chỉ tiêu nào" in office.get(path)


def test_a_unit_ends_on_a_day(office: Office) -> None:
    office.done("/admin/areas/new", code="79", name="Tỉnh Một", valid_from="2020-01-01")
    assert "Tỉnh Một" in office.get("/admin/areas?q=tinh mot")
    path = "/admin/areas/79.2020-01-01"
    assert office.send(path, valid_to="2019-01-01").status_code == 400
    assert office.send(path, valid_to="").status_code == 400
    office.done(path, valid_to="2022-01-01")
    assert "Không tìm thấy" in office.get("/admin/areas?q=tinh mot")
    assert "Tỉnh Một" in office.get("/admin/areas?q=tinh mot&on=2021-06-01")
    assert office.city.get("admin", "/admin/areas/79.2020-13-99").status_code == 404


def test_a_key_is_shown_once_rotated_and_revoked(office: Office) -> None:
    empty = office.send("/admin/keys/new", name="Ngân hàng", role="bank", form="x1")
    assert empty.status_code == 400
    assert "Vai trò ngân hàng phải chọn" in text_of(empty)
    fields: dict[str, Any] = {"name": "Ngân hàng", "role": "bank", "bins": [VCB], "form": "x2"}
    fields["expires_at"] = "2023-05-10"
    secret = secret_in(office.send("/admin/keys/new", **fields))
    assert office.city.get(secret, "/v1/me").json()["bins"] == [VCB]
    again = office.send("/admin/keys/new", **fields)
    assert again.status_code == 303
    assert "đã hiện một lần" in office.get(again.headers["location"])
    page = office.get("/admin/keys")
    assert page.count("Ngân hàng · tất cả các chợ") == 2  # this one, and the tests' own at BIDV
    assert "Sắp hết hạn: 10/05/2023" in page
    assert secret not in page
    id_ = secret.split("_")[1]
    other = secret_in(office.send(f"/admin/keys/{id_}/rotation", overlap_hours="24", form="r"))
    assert other != secret
    for one in (secret, other):
        assert office.city.get(one, "/v1/me").status_code == 200
    assert "Bí mật cũ còn dùng" in office.get(f"/admin/keys/{id_}")
    assert office.send(f"/admin/keys/{id_}/revocation").status_code == 400
    office.done(f"/admin/keys/{id_}/revocation", sure="on")
    assert office.city.get(other, "/v1/me").status_code == 401
    assert id_ in office.get("/admin/keys?ended=1")
    ended = office.send(f"/admin/keys/{id_}/rotation", overlap_hours="24")
    assert ended.status_code == 409


def test_a_person_comes_in_by_a_link_changes_and_goes(office: Office) -> None:
    wrong = office.send("/admin/people/new", name="Mai", login="mai", role="manager")
    assert wrong.status_code == 400
    fields: dict[str, Any] = {"name": NAME, "login": LOGIN, "role": "manager", "markets": [MARKET]}
    shown = office.send("/admin/people/new", **fields)
    link = secret_in(shown)
    assert link.startswith("http://tracker/invitation?token=cmi_")
    browser = Browser(office.city)
    token = link.partition("token=")[2]
    body = {"token": token, "password": PASSWORD}
    assert browser.call("POST", "/v1/session/invitation", body).status_code == 201
    person = token.split("_")[1]
    path = f"/admin/people/{person}"
    assert "Đã có mật khẩu" in office.get(path)
    office.city.open_market(OTHER, "CP7")
    version = office.version(path)
    changed = {**fields, "markets": [MARKET, OTHER], "name": "Lê Mai Anh"}
    office.done(path, version=version, **changed)
    assert office.send(path, version=version, **changed).status_code == 412
    assert browser.call("GET", "/v1/me").json()["markets"] == sorted([MARKET, OTHER])
    none = office.send(path, version=office.version(path), name="x", login=LOGIN, role="manager")
    assert "phải chọn ít nhất một chợ" in text_of(none)
    assert f'value="{MARKET}" checked' not in none.text
    office.done(f"{path}/sessions")
    assert browser.call("GET", "/v1/me").status_code == 401
    assert secret_in(office.send(f"{path}/invitation")) != link
    office.done(f"{path}/active", version=office.version(path), active="0")
    assert "Lê Mai Anh" not in office.get("/admin/people")
    assert "Lê Mai Anh" in office.get("/admin/people?ended=1")
    assert office.send(f"{path}/invitation").status_code == 409


def test_a_login_is_one_persons(office: Office) -> None:
    added(office.city)
    fields: dict[str, Any] = {**MAI, "name": "Người Khác"}
    assert office.send("/admin/people/new", **fields).status_code == 409


def test_jobs_say_whose_and_why_and_days_are_computed_anew(office: Office) -> None:
    early = office.send("/admin/jobs", from_="2023-05-02", to="2023-05-02")
    assert "Chỉ tính lại được những ngày đã qua" in text_of(early)
    fields = {"from_": "2023-05-01", "to": "2023-05-01", "markets": MARKET, "form": "one"}
    where = office.done("/admin/jobs", **fields)
    assert office.done("/admin/jobs", **fields) == where
    assert "key of admin" in office.get("/admin/jobs")
    id_ = where.rpartition("/")[2]
    office.city.worked(id_, snapshots.run)
    shown = office.get(where)
    assert "Có 1 bản số liệu mới" in shown
    assert "01/05/2023" in shown
    jobs = office.city.tracker.jobs
    other = office.done("/admin/jobs", **{**fields, "form": "two"}).rpartition("/")[2]
    job = office.city.run(jobs.get(other))
    assert job is not None
    office.city.run(jobs.save(failed(job, JobProblem("INTERNAL", "It broke."))))
    assert "Hệ thống gặp lỗi khi làm việc này" in office.get("/admin/jobs?state=failed")
    assert "Không có việc nào đang chờ" in office.get("/admin/jobs")


def test_health_says_what_does_not_work_and_what_to_do(office: Office) -> None:
    shown = office.get("/admin/health")
    assert "Lịch chạy đã dừng" in shown
    assert "SCHEDULE_LATE" in office.get("/admin/health?check=1")
    start = office.get("/admin")
    assert "1 phần không chạy" in start
    assert "1 chợ chưa thuộc đơn vị hành chính nào" in start
    assert "Chợ chưa khai báo tổng số tiểu thương" in start
