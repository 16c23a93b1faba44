"""The areas that a first start puts in: today's units, and those of Vũng Tàu before them.

Today's 34 provinces and 3 321 wards, communes and special zones come from the PyPI package
`vietnam-provinces` 2025.10.1 (data of 2025-10-18: the units as merged on 1 July 2025). That merger
gave old codes to new units, so **an area's key is (code, valid_from)**, never the code alone.

The 17 wards and communes of Thành phố Vũng Tàu before that day, with the codes of the General
Statistics Office (list of Quyết định 124/2004/QĐ-TTg, as later changed): read from
`vietnam-provinces` 0.6.0 (data of 2025-01-04), equal in `vietnamadminunits` 1.0.4 (legacy table).
"""

from __future__ import annotations

import datetime as dt
import unicodedata

from msgspec import Struct

MERGER_ON = dt.date(2025, 7, 1)

# The last change among the 17: Phường 6 became Phường Thắng Nhì (Nghị quyết 94/NQ-CP of this day).
# Most are older, but only since then do all 17 stand under these names; the seed claims no more.
# Whoever needs earlier days adds the earlier units.
VUNG_TAU_FROM = dt.date(2014, 12, 16)

# The province was set up on this day, out of Đồng Nai and Đặc khu Vũng Tàu - Côn Đảo.
BA_RIA_VUNG_TAU_FROM = dt.date(1991, 8, 12)

_BA_RIA_VUNG_TAU = ("77", "Tỉnh Bà Rịa - Vũng Tàu")
_VUNG_TAU = (
    ("26506", "Phường 1"),
    ("26508", "Phường Thắng Tam"),
    ("26509", "Phường 2"),
    ("26512", "Phường 3"),
    ("26515", "Phường 4"),
    ("26518", "Phường 5"),
    ("26521", "Phường Thắng Nhì"),
    ("26524", "Phường 7"),
    ("26526", "Phường Nguyễn An Ninh"),
    ("26527", "Phường 8"),
    ("26530", "Phường 9"),
    ("26533", "Phường Thắng Nhất"),
    ("26535", "Phường Rạch Dừa"),
    ("26536", "Phường 10"),
    ("26539", "Phường 11"),
    ("26542", "Phường 12"),
    ("26545", "Xã Long Sơn"),
)


class Area(Struct, frozen=True):
    """An administrative unit; its key is (code, valid_from).

    `code` has 2 digits for a province, 5 for a ward, commune or special zone; `parent` is the
    province's code, None for a province. It is valid from the start of `valid_from` to the end of
    the day before `valid_to`; None: still valid.
    """

    code: str
    name: str
    parent: str | None
    valid_from: dt.date
    valid_to: dt.date | None = None


def seed_areas() -> list[Area]:
    """All seeded areas, sorted by (code, valid_from), provinces first; 3 373 in all."""
    areas = [*_current(), *_before_the_merger()]
    return sorted(areas, key=lambda area: (len(area.code), area.code, area.valid_from))


def _before_the_merger() -> list[Area]:
    code, name = _BA_RIA_VUNG_TAU
    return [
        Area(code, name, None, BA_RIA_VUNG_TAU_FROM, MERGER_ON),
        *(Area(ward, title, code, VUNG_TAU_FROM, MERGER_ON) for ward, title in _VUNG_TAU),
    ]


def _current() -> list[Area]:
    # Imported here: it takes 0.1 s, and only a first start needs it.
    from vietnam_provinces import Province, VietNamDivisionType, Ward  # noqa: PLC0415

    provinces = []
    for province in Province.iter_all():
        # The package writes "Cao Bằng" but "Thành phố Huế", "Phường …": here every name says
        # what kind of unit it is.
        kind = "Tỉnh " if province.division_type is VietNamDivisionType.TINH else ""
        name = _tidy(kind + province.name)
        provinces.append(Area(f"{province.code:02d}", name, None, MERGER_ON))
    wards = [
        Area(f"{ward.code:05d}", _tidy(ward.name), f"{ward.province_code:02d}", MERGER_ON)
        for ward in Ward.iter_all()
    ]
    return provinces + wards


def _tidy(name: str) -> str:
    """NFC and single-spaced: ten names of the package have two spaces."""
    return unicodedata.normalize("NFC", " ".join(name.split()))
