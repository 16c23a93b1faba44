"""Settings that have a form of their own."""

from __future__ import annotations

import pytest

from tracker.domain.errors import Invalid
from tracker.settings import EXPLAINED, Settings

VARIABLE = "TRACKER_BACKDATE_DAYS"


def test_how_far_back_each_role_dates_by_default() -> None:
    settings = Settings.read({})
    limits = {role: settings.backdate_days_of(role) for role in ("bank", "manager", "field")}
    assert limits == {"bank": 90, "manager": 366, "field": 30}
    assert settings.backdate_days_of("admin") is None


def test_a_list_of_ones_own_replaces_the_default() -> None:
    settings = Settings.read({VARIABLE: "admin=3650, field=0"})
    assert settings.backdate_days_of("admin") == 3650
    assert settings.backdate_days_of("field") == 0
    assert settings.backdate_days_of("bank") is None
    assert Settings(backdate_days="").backdate_days_of("bank") is None


@pytest.mark.parametrize("text", ["bank", "bank=-1", "bank=x", "clerk=3", "bank=999999", "=3"])
def test_a_list_that_says_nothing_clear_is_refused_at_the_start(text: str) -> None:
    with pytest.raises(Invalid, match=VARIABLE) as caught:
        Settings.read({VARIABLE: text})
    assert caught.value.code == "SETTING_INVALID"


@pytest.mark.parametrize("url", ["https://tracker.example", "http://10.0.0.7:8480/cho/"])
def test_the_public_address_is_taken_as_it_is(url: str) -> None:
    assert Settings.read({"TRACKER_PUBLIC_URL": url}).public_url == url
    assert Settings.read({"TRACKER_PUBLIC_URL": ""}).public_url is None


@pytest.mark.parametrize(
    "url",
    ["tracker.example", "ftp://x", "https://", "https://x?a=1", "https://u@x", "https://x:y"],
)
def test_what_is_no_address_is_refused_at_the_start(url: str) -> None:
    with pytest.raises(Invalid, match="TRACKER_PUBLIC_URL"):
        Settings.read({"TRACKER_PUBLIC_URL": url})


def test_every_setting_is_explained() -> None:
    assert set(EXPLAINED) == set(Settings.__struct_fields__)
