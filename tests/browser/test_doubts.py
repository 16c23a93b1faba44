"""The review list: what looks alike is looked at once."""

from __future__ import annotations

import pytest

from tests.browser.conftest import PHONE, SIZES, Site, Visit
from tests.browser.test_roster import wide
from tests.browser.yard import Yard


@pytest.fixture(scope="module")
def yard(site: Site) -> Yard:
    """A market with two vendors of one name."""
    yard = Yard(site, "cho-thu-ra-soat", "TRS", "Chợ thử rà soát")
    for stall in ("E1", "E2"):
        yard.vendor(stall, "Huỳnh Thị Năm")
    for stall, name in (("E3", "Mai Văn Sơn"), ("E4", "Mai Văn Sơm")):
        yard.vendor(stall, name)
    return yard


@pytest.mark.parametrize("size", SIZES)
def test_likenesses_are_told_with_both_people(
    visit: Visit, yard: Yard, size: tuple[int, int]
) -> None:
    manager = yard.manager(visit, size)
    page = manager.open(f"/markets/{yard.market}/doubts")
    manager.weighs_little()
    assert "Tên gần giống sạp khác" in page.locator("main").inner_text()
    assert "sạp E4" in page.locator("main").inner_text().casefold().replace("e4", "E4")
    assert wide(page) <= size[0]
    manager.look("doubts")
    page.locator("article h2 a").first.click()
    manager.look("doubt")


def test_what_was_decided_is_asked_no_more(visit: Visit, yard: Yard) -> None:
    manager = yard.manager(visit, PHONE, scripts=False)
    page = manager.open(f"/markets/{yard.market}/doubts")
    before = page.locator("article").count()
    page.locator("article", has_text="Trùng tên").get_by_role("link", name="Xem và").click()
    page.get_by_label("Đúng như vậy").check()
    page.get_by_label("Vì sao").fill("Hai chị em họ")
    page.get_by_role("button", name="Ghi lại").click()
    assert page.locator("article").count() == before - 1
    page = manager.open(f"/markets/{yard.market}/doubts?state=accepted")
    assert "Hai chị em họ" in page.locator("article").inner_text()
