"""The department's work: a market, a person who comes in by a link, a key that is shown once."""

from __future__ import annotations

from tests.browser.conftest import PHONE, TABLET, Visit, Visitor
from tests.browser.test_roster import wide

WIDE = (1280, 800)
PASSWORD = "xuống chợ từ sớm tinh mơ"


def seen(visitor: Visitor, path: str, name: str) -> str:
    """A page without faults that fits a phone and a desk, and weighs little; its text."""
    page = visitor.open(path)
    visitor.weighs_little()
    visitor.look(f"admin-{name}")
    for width, height in (WIDE, PHONE):
        page.set_viewport_size({"width": width, "height": height})
        assert wide(page) <= width, path
    return page.locator("main").inner_text()


def test_every_page_reads_well_on_a_phone_and_at_a_desk(visit: Visit) -> None:
    admin = visit("admin", PHONE)
    assert " chợ đang mở" in seen(admin, "/admin", "start").replace("\n", " ")
    assert "Chợ Vũng Tàu" in seen(admin, "/admin/markets?q=vung+tau", "markets")
    assert "Lập chợ" in seen(admin, "/admin/markets/new", "market-new")
    assert "26506" in seen(admin, "/admin/markets/cho-vung-tau", "market")
    assert "Không hoàn lại" in seen(admin, "/admin/markets/cho-vung-tau/closure", "closure")
    assert "Chưa khai báo" in seen(admin, "/markets/cho-vung-tau/census", "census")
    assert "chỉ tiêu" in seen(admin, "/markets/cho-vung-tau/targets", "targets").lower()
    assert "Rạch Dừa" in seen(admin, "/admin/areas?q=rach+dua&on=all", "areas")
    assert "26536" in seen(admin, "/admin/areas/26536.2025-07-01", "area")
    assert "Vietcombank" in seen(admin, "/admin/keys", "keys")
    assert "Tạo khoá" in seen(admin, "/admin/keys/new", "key-new")
    assert "cho@demo.example" in seen(admin, "/admin/people", "people")
    assert "Thêm người" in seen(admin, "/admin/people/new", "person-new")
    assert "Tính lại" in seen(admin, "/admin/jobs", "jobs")
    assert "Đang chạy tốt" in seen(admin, "/admin/health", "health")
    admin.page.get_by_role("button", name="Khám ngay").click()
    admin.page.get_by_role("button", name="Khám lại").wait_for()
    admin.look("admin-health-checked")


def test_a_market_without_scripts_and_its_manager_by_a_link(visit: Visit) -> None:
    admin = visit("admin", TABLET, scripts=False)
    page = admin.open("/admin/markets/new")
    page.get_by_label("Tên chợ").fill("Chợ Thử Quản Trị")
    page.get_by_label("Ngày mở").fill("2099-01-01")
    page.get_by_label("Tỉnh, thành phố").select_option("01")
    page.get_by_role("button", name="Xem phường, xã").click()
    assert page.get_by_label("Tên chợ").input_value() == "Chợ Thử Quản Trị"
    page.get_by_label("Phường, xã").select_option(index=1)
    page.get_by_role("button", name="Lập chợ").click()
    assert page.get_by_label("Mã chợ").input_value() == "cho-thu-quan-tri"
    page.get_by_role("button", name="Lập chợ").click()
    page.wait_for_url("**/admin/markets/cho-thu-quan-tri**")
    assert "Đã lập chợ" in page.get_by_role("status").inner_text()

    admin = visit("admin", TABLET)
    page = admin.open("/admin/people/new")
    page.get_by_label("Họ và tên").fill("Phạm Thị Út")
    page.get_by_label("Số điện thoại").fill("0912000777")
    page.get_by_label("Vai trò").select_option("manager")
    page.get_by_role("button", name="Thêm và tạo").click()
    assert "ít nhất một chợ" in page.get_by_role("alert").inner_text()
    assert page.get_by_label("Họ và tên").input_value() == "Phạm Thị Út"
    admin.look("admin-person-refused")
    assert all("400" in one for one in admin.wrong)  # a browser logs the refusal itself
    admin.wrong.clear()
    page.get_by_label("Chợ Thử Quản Trị").check()
    page.get_by_role("button", name="Thêm và tạo").click()
    link = page.get_by_label("Đường liên kết dùng một lần").input_value()
    assert "token" not in page.url
    admin.look("admin-link")

    guest = visit(None, PHONE)
    page = guest.open(link.removeprefix(guest.site.url))
    page.get_by_label("Mật khẩu mới").fill(PASSWORD)
    page.get_by_role("button", name="Lưu và đăng nhập").click()
    page.wait_for_url("**/markets/cho-thu-quan-tri")
    page.get_by_role("link", name="Tổng số tiểu thương").click()
    for count in ("120", "100"):
        page.get_by_label("Số tiểu thương").fill(count)
        page.get_by_label("Nguồn").fill("Ban quản lý chợ")
        page.get_by_role("button", name="Khai báo", exact=True).click()
    page.wait_for_url("**/approvals/**")
    assert "chờ người thứ hai" in page.get_by_role("status").inner_text()


def test_a_key_is_shown_once_and_what_was_typed_is_kept(visit: Visit) -> None:
    admin = visit("admin", PHONE)
    page = admin.open("/admin/keys/new")
    page.get_by_label("Của ai").fill("Ngân hàng thử")
    page.get_by_label("Vai trò").select_option("bank")
    page.get_by_label("Vietcombank").check()
    page.get_by_role("button", name="Tạo khoá").click()
    secret = page.get_by_label("Khoá bí mật").input_value()
    assert secret.startswith("cmt_")
    assert secret not in page.url
    admin.look("admin-secret")
    page.get_by_role("link", name="Đã chép xong").click()
    assert secret not in page.content()
    admin.look("admin-key")
    page.get_by_label("Tôi chắc chắn").check()
    page.get_by_role("button", name="Thu hồi khoá").click()
    assert "Đã thu hồi" in page.get_by_role("status").inner_text()


def test_days_are_computed_anew_and_the_page_says_when(visit: Visit) -> None:
    admin = visit("admin", PHONE)
    page = admin.open("/admin/jobs")
    page.get_by_label("Từ ngày").fill("2023-05-31")
    page.get_by_label("Đến hết ngày").fill("2023-05-31")
    page.get_by_role("button", name="Tính lại").click()
    page.get_by_text("bản số liệu mới").wait_for()
    admin.look("admin-job")
