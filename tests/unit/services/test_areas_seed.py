"""The seeded areas: counted, well-formed, and right where Vũng Tàu is concerned."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
import unicodedata

import pytest

from tracker.services.areas_seed import MERGER_ON, Area, seed_areas


@pytest.fixture(scope="module")
def areas() -> list[Area]:
    return seed_areas()


def valid_on(areas: list[Area], day: dt.date) -> dict[str, Area]:
    return {
        area.code: area
        for area in areas
        if area.valid_from <= day and (area.valid_to is None or day < area.valid_to)
    }


def test_counts(areas: list[Area]) -> None:
    current = [area for area in areas if area.valid_to is None]
    assert sum(area.parent is None for area in current) == 34
    assert sum(area.parent is not None for area in current) == 3321
    assert sum(area.parent == "79" for area in current) == 168
    assert sum(area.parent == "77" for area in areas) == 17
    assert len(areas) == 34 + 3321 + 1 + 17


def test_every_area_is_well_formed(areas: list[Area]) -> None:
    assert len({(area.code, area.valid_from) for area in areas}) == len(areas)
    for area in areas:
        assert area.code.isascii()
        assert area.code.isdigit()
        assert len(area.code) == (2 if area.parent is None else 5)
        assert area.name == unicodedata.normalize("NFC", " ".join(area.name.split()))
        assert area.name.split()[0] in {"Tỉnh", "Thành", "Phường", "Xã", "Đặc"}
        assert area.valid_to in (None, MERGER_ON)
        assert area.valid_from < (area.valid_to or dt.date.max)


def test_every_parent_is_there_for_as_long_as_its_child(areas: list[Area]) -> None:
    provinces = [area for area in areas if area.parent is None]
    for child in areas:
        if child.parent is not None:
            (parent,) = [
                area
                for area in provinces
                if area.code == child.parent and area.valid_to == child.valid_to
            ]
            assert parent.valid_from <= child.valid_from


@pytest.mark.parametrize(
    ("code", "before", "after"),
    [
        ("26506", "Phường 1", "Phường Vũng Tàu"),
        ("26526", "Phường Nguyễn An Ninh", "Phường Tam Thắng"),
        ("26536", "Phường 10", "Phường Rạch Dừa"),
        ("26542", "Phường 12", "Phường Phước Thắng"),
        ("26545", "Xã Long Sơn", "Xã Long Sơn"),
    ],
)
def test_a_code_of_vung_tau_names_two_units(
    areas: list[Area], code: str, before: str, after: str
) -> None:
    old = valid_on(areas, dt.date(2025, 6, 30))[code]
    new = valid_on(areas, dt.date(2025, 7, 1))[code]
    assert (old.name, old.parent) == (before, "77")
    assert (new.name, new.parent) == (after, "79")


def test_the_seventeen_of_2023_and_no_trace_of_them_after(areas: list[Area]) -> None:
    in_2023 = valid_on(areas, dt.date(2023, 5, 31))
    names = {area.name for area in in_2023.values() if area.parent}
    numbered = {f"Phường {number}" for number in (1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12)}
    named = {"Thắng Nhất", "Thắng Nhì", "Thắng Tam", "Nguyễn An Ninh", "Rạch Dừa"}
    assert names == numbered | {f"Phường {name}" for name in named} | {"Xã Long Sơn"}
    assert in_2023["77"].name == "Tỉnh Bà Rịa - Vũng Tàu"
    assert in_2023["26535"].name == "Phường Rạch Dừa"
    assert in_2023["26524"].name == "Phường 7"
    today = valid_on(areas, MERGER_ON)
    assert "77" not in today
    assert today["79"].name == "Thành phố Hồ Chí Minh"
    assert today["04"].name == "Tỉnh Cao Bằng"
    assert today["00070"].name == "Phường Hoàn Kiếm"


def test_importing_the_module_does_not_load_the_package() -> None:
    script = (
        "import sys, tracker.services.areas_seed;"
        "sys.exit(any(name.startswith('vietnam_provinces') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
