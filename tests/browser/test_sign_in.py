"""Signing in, one's own account, the language."""

from __future__ import annotations

import pytest

from tests.browser.conftest import PHONE, SIZES, Visit


@pytest.mark.parametrize("size", SIZES)
def test_the_sign_in_page_is_small_and_open_to_everybody(
    visit: Visit, size: tuple[int, int]
) -> None:
    somebody = visit(None, size)
    somebody.open("/")
    somebody.weighs_little()
    somebody.look("sign-in")


def test_a_wrong_password_says_so_and_keeps_the_login(visit: Visit) -> None:
    somebody = visit(None, PHONE)
    page = somebody.open("/sign-in?next=/account")
    page.get_by_label("Số điện thoại hoặc email").fill("cho@demo.example")
    page.get_by_label("Mật khẩu").fill("không phải mật khẩu này")
    page.get_by_role("button", name="Đăng nhập").click()
    page.get_by_role("alert").wait_for()
    assert "không khớp" in page.get_by_role("alert").inner_text()
    assert page.get_by_label("Số điện thoại hoặc email").input_value() == "cho@demo.example"
    somebody.look("sign-in-refused")
    page.get_by_label("Mật khẩu").fill(somebody.site.password)
    page.get_by_role("button", name="Đăng nhập").click()
    page.wait_for_url("**/account")
    somebody.wrong.clear()  # the browser's console calls the refused sign-in an error


@pytest.mark.parametrize("scripts", [True, False])
def test_the_language_is_chosen_and_kept(visit: Visit, *, scripts: bool) -> None:
    manager = visit("manager", PHONE, scripts=scripts)
    page = manager.open("/account")
    assert page.get_by_role("heading", name="Đổi mật khẩu").is_visible()
    page.get_by_role("button", name="English").click()
    page.wait_for_url("**/account")
    assert page.get_by_role("heading", name="Change the password").is_visible()
    manager.open("/account")
    assert page.get_by_role("heading", name="Change the password").is_visible()
    assert page.locator("html").get_attribute("lang") == "en"


def test_by_keyboard_alone(visit: Visit) -> None:
    somebody = visit(None, PHONE)
    page = somebody.open("/sign-in?next=/account")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.keyboard.press("Tab")
    page.keyboard.type("cho@demo.example")
    page.keyboard.press("Tab")
    page.keyboard.type(somebody.site.password)
    page.keyboard.press("Enter")
    page.wait_for_url("**/account")
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate(outline) == "solid"  # where one is can be seen


def test_twice_as_large_nothing_is_cut_off(visit: Visit) -> None:
    """200 % of a desk's 1280 pixels is a window of 640."""
    manager = visit("manager", (640, 512))
    for path in ("/city", "/markets/cho-vung-tau", "/markets/cho-vung-tau/roster"):
        page = manager.open(path)
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth"), path
