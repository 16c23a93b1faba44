"""Headings as other cities write them."""

from __future__ import annotations

import unicodedata

import pytest

from tests.unit.tables.helpers import roster
from tracker.domain.errors import BadFile
from tracker.tables.headers import BANK, ROSTER, Kind, field_of, fold, understand

ROSTER_HEADINGS = {
    "serial": "STT|TT|Số TT|Số thứ tự|#|No.",
    "stall": "Số sạp|SO SAP|Mã sạp|Quầy|Quầy số|Sạp số|Kiot|Ki-ốt|Số ki ốt|Quầy/sạp|Lô số|Số lô"
    "|Mã số quầy|Gian hàng|Stall|Stall No.|Vị trí|Lô|Ô số|Số sạp (ghi trên tường)"
    "|Vị trí kinh doanh",
    "name": "Họ và tên|HỌ TÊN|Họ tên tiểu thương|Tên tiểu thương|Chủ hộ|Họ tên chủ hộ|Tiểu thương"
    "|Họ và tên hộ kinh doanh|Tên hộ kinh doanh|Chủ sạp|Name|Vendor name|Tên|Người kinh doanh",
    "category": "Ngành hàng|Mặt hàng|Ngành nghề|Ngành hàng KD|Mặt hàng kinh doanh|Nhóm hàng hóa"
    "|Ngành nghề kinh doanh|Category",
    "zone": "Khu|Khu vực|Dãy|Khu vực kinh doanh|Zone|Tầng|Khu (A, B, C)",
    "phone": "Điện thoại|ĐT|SĐT|S.Đ.T|Số điện thoại|Di động|Số ĐT liên hệ|Phone|Mobile|dien thoai"
    "|Điện thoại liên hệ|Liên hệ|Số điện thoại (nếu có)",
    "note": "Ghi chú|GHI CHU|Note",
    "partner_ref": "Mã tham chiếu|partner_ref|Partner ref|Mã khách hàng|CIF",
}
BANK_HEADINGS = {
    "market": "market|Chợ|Tên chợ|Mã chợ",
    "stall": "stall|Số sạp|Quầy",
    "bin": "bin|BIN|Mã BIN|Mã ngân hàng|Bank code|BIN ngân hàng",
    "account": "account|Số TK|STK|Tài khoản|Số tài khoản|Account number|Số tài khoản thụ hưởng",
    "holder": "holder|Chủ tài khoản|Tên chủ tài khoản|Chủ TK|Tên tài khoản|Account name|Họ và tên"
    "|Tên khách hàng",
    "issued_on": "issued_on|Ngày cấp|Ngày phát hành|Ngày cấp mã QR|Ngày tạo mã|Issue date",
    "attached_on": "attached_on|Ngày gắn|Ngày dán tem|Ngày gắn mã QR|Ngày treo bảng mã"
    "|Ngày lắp đặt|Attached on",
    "partner_ref": "partner_ref|Mã KH|Mã đối tác|Merchant ID",
}
CASES = [
    (kind, field, heading)
    for kind, table in ((ROSTER, ROSTER_HEADINGS), (BANK, BANK_HEADINGS))
    for field, headings in table.items()
    for heading in headings.split("|")
]


@pytest.mark.parametrize(("kind", "field", "heading"), CASES)
def test_headings(kind: Kind, field: str, heading: str) -> None:
    for written in (heading, unicodedata.normalize("NFD", heading), f" {heading.upper()} :"):
        claim = field_of(written, kind)
        assert claim is not None
        assert claim[0] == field


def test_no_heading_means_two_fields() -> None:
    for kind in (ROSTER, BANK):
        forms = [form for table in kind.plain.values() for form in table]
        assert len(forms) == len(set(forms))
        vague = [form for table in kind.vague.values() for form in table]
        assert len(vague) == len(set(vague))


def test_fold() -> None:
    assert fold("Đ.T – Số ") == "dtso"


def test_two_columns_of_one_meaning_are_refused() -> None:
    with pytest.raises(BadFile, match="“Số sạp”, “Quầy”") as refused:
        roster("Họ và tên,Số sạp,Quầy\nA,B1,B2\n")
    assert refused.value.code == "SAME_COLUMN_TWICE"


def test_a_vague_heading_yields_to_a_plain_one_and_is_mentioned() -> None:
    columns = understand(["Họ tên", "Số sạp", "Vị trí", "Diện tích"], ROSTER)
    assert columns.at == {"name": 0, "stall": 1}
    assert columns.ignored == ("Vị trí", "Diện tích")
    assert understand(["Họ tên", "Vị trí"], ROSTER).at["stall"] == 1


def test_columns_with_content_and_no_heading_are_mentioned() -> None:
    table = roster("Họ tên,Số sạp,,Cân nặng,\nAn,B1,gì đó,70,\n")
    assert table.ignored == ("Cân nặng", "column 3 (no heading)")
