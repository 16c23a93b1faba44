"""Which column is which: headings as offices and banks write them, in Vietnamese or English.

A heading is compared by its `fold`: without diacritics, case, spaces and punctuation, so that
"Số sạp", "SO SAP" and "Số-Sạp:" are one. Remarks in brackets are dropped when the whole heading
is not known. A field has plain headings and vague ones ("Vị trí", "Tên"); a vague one counts only
where no plain one stands, and is reported as ignored otherwise.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import product

from msgspec import Struct

from tracker.domain.errors import BadFile

_D = str.maketrans({"đ": "d", "Đ": "d", "Ð": "d", "ð": "d", "Ɖ": "d"})
_BRACKETS = re.compile(r"[(\[{].*?(?:[)\]}]|$)")
HEADING_CHARS_MAX = 60  # what a report shows of a heading; longer ones are prose
_KNOWN_CHARS_MAX = 200  # no heading with its remarks is longer; spares folding whole paragraphs


@lru_cache(maxsize=4096)
def fold(heading: str) -> str:
    """A heading for comparison only: letters and digits, lower case, no marks, đ as d."""
    spread = unicodedata.normalize("NFKD", heading.translate(_D).casefold())
    return "".join(c for c in spread if c.isalnum())


def _each(*parts: str) -> frozenset[str]:
    """Every sequence of one alternative a part; `|` separates alternatives, one may be empty."""
    return frozenset(
        fold("".join(choice)) for choice in product(*(part.split("|") for part in parts))
    ) - {""}


_PLACE = "sạp|quầy|kiot|ki ốt|kios|kiosk|ki ôt|gian hàng|quầy hàng|sạp hàng|ô sạp|ô quầy|lô sạp"
_PLACES = f"{_PLACE}|quầy sạp|sạp quầy|điểm kinh doanh|lô quầy|sạp kiot|quầy kiot|lô sạp quầy"
_STALL = (
    _each("|số|mã|mã số|tên|số hiệu|vị trí|ký hiệu", _PLACES, "|kd|kinh doanh")
    | _each(_PLACE, "số")
    | _each("stall|booth|kiosk|shop", "|no|number|code|id")
    | _each("lô số|ô số|số lô|số ô|mã lô|mã ô")
)
_STALL_VAGUE = _each("vị trí|lô|ô|vị trí kd|vị trí kinh doanh|địa điểm|địa điểm kinh doanh")
_PERSON = (
    _each(
        "họ tên|họ và tên|tên|họ tên chủ|họ và tên chủ|tên chủ",
        "tiểu thương|hộ|hộ kd|hộ kinh doanh|sạp|quầy|người kinh doanh|thương nhân|hộ tiểu thương",
    )
    | _each("họ tên|họ và tên|tiểu thương|chủ hộ|chủ sạp|chủ quầy|chủ hộ kinh doanh|chủ hộ kd")
    | _each("người kinh doanh|thương nhân|tên người kinh doanh|họ tên người bán|người bán")
    | _each("name|full name|vendor|vendor name|trader|trader name|owner|owner name|stall holder")
) - _each("tên", "hộ kinh doanh|hộ kd|sạp|quầy|hộ")
_PERSON_VAGUE = _each(
    "tên|hộ kinh doanh|hộ kd|tên hộ kinh doanh|tên hộ kd|tên hộ|tên cửa hàng|hộ|cá nhân|business"
)
_PHONE = _each(
    "|số", "điện thoại|đt|sđt|đtdđ|đt dđ|di động|điện thoại di động|dđ", "|liên hệ|liên lạc"
) | _each(
    "sdt|phone|phone no|phone number|mobile|mobile no|mobile phone|mobile number|tel|tel no"
    "|telephone|cell phone|điện thoại tiểu thương|sđt tiểu thương"
)
_PHONE_VAGUE = _each(
    "liên hệ|liên lạc|thông tin liên hệ|zalo|số zalo|contact|điện thoại bàn|đt bàn"
)
_CATEGORY = _each(
    "|nhóm|loại|tên",
    "ngành hàng|mặt hàng|ngành nghề|ngành nghề hàng|hàng hóa|ngành",
    "|kd|kinh doanh|đăng ký|chính",
) | _each("loại hình kinh doanh|category|trade|goods|product|products|trade category|merchandise")
_ZONE = _each("khu|khu vực|phân khu|tên khu|mã khu|khu hàng", "|kinh doanh|kd|chợ") | _each(
    "zone|area|section|zone name"
)
_ZONE_VAGUE = _each("dãy|khu dãy|dãy khu|tầng|nhà lồng|lồng chợ|tổ|row|block|floor|dãy số|số dãy")
_NOTE = _each("ghi chú|chú thích|ghi chú khác|note|notes|remark|remarks|comment|comments|lưu ý")
_SERIAL = _each("stt|tt|số tt|số thứ tự|thứ tự|no|serial|serial no|seq|index")
_REF = _each(
    "mã tham chiếu|số tham chiếu|mã đối tác|mã kh|mã khách hàng|mã ngân hàng cấp|mã đvcnt"
    "|mã đvcntt|mã đơn vị chấp nhận thẻ|partner ref|partner reference|partner id|ref|ref no"
    "|reference|reference no|cif|số cif|customer id|merchant id|mid"
)
_REF_VAGUE = _each("external id|id|mã hồ sơ|số hồ sơ|terminal id|tid")

_MARKET = _each("chợ|tên chợ|mã chợ|market|market id|market code|market name|market slug|thuộc chợ")
_BIN = _each("|mã|số", "bin", "|ngân hàng|nh|napas") | _each(
    "mã ngân hàng|mã nh|mã napas|bank code|bank bin|bank id|napas bin|acquirer|acquirer id"
)
_ACCOUNT = _each("|số", "tk|tài khoản", "|ngân hàng|nh|thanh toán|thụ hưởng|nhận tiền") | _each(
    "stk|account|account no|account number|acc no|acct no|bank account|iban"
    "|bank account number|beneficiary account|số tài khoản nhận"
)
_HOLDER = _each(
    "|tên|họ tên|họ và tên|tên của", "chủ tài khoản|chủ tk|chủ stk|người thụ hưởng|chủ thẻ"
) | _each(
    "tên tài khoản|tên tk|tên thụ hưởng|đơn vị thụ hưởng|holder|account holder|account name"
    "|holder name|beneficiary|beneficiary name|tên khách hàng|họ tên khách hàng|khách hàng"
    "|customer name"
)
_QR = "|mã|mã qr|qr|tem|tem qr|tem mã|bảng mã|bảng qr|bảng mã qr|mã thanh toán|standee"
_ISSUED = (
    _each("ngày cấp|ngày phát hành|ngày tạo|ngày mở|ngày phát", _QR)
    | _each("issued|issue|code issued", "|on|date|at")
    | _each("date issued|ngày cấp phát|created on")
)
_ISSUE = _each("cấp|phát hành", "mã|qr|mã qr") | _each("issue code|with code")
_ATTACHED = (
    _each("ngày gắn|ngày dán|ngày treo|ngày lắp|ngày lắp đặt|ngày đặt|ngày trao|ngày gắn biển", _QR)
    | _each("attached|attachment|attach|install|installed|installation|hung", "|on|date|at")
    | _each("date attached|date installed")
)
_ATTACHED_VAGUE = _each("ngày triển khai|ngày kích hoạt|ngày bàn giao|activated on|deployed on")
_VENDOR = _each("|mã|mã số", "tiểu thương|hộ kinh doanh|hộ kd") | _each(
    "vendor|trader", "|code|id|no"
)
_PAYMENTS = (
    _each("|số|số lượng|tổng số|số lượt", "giao dịch|gd|lượt giao dịch|thanh toán")
    | _each("|number of|no of", "payments|transactions|txns")
    | _each("payment count|transaction count|txn count")
)
_AMOUNT = _each(
    "|tổng", "số tiền|tiền|giá trị|doanh số|giá trị giao dịch|doanh số giao dịch", "|vnd|đồng"
) | _each("|total|sum", "amount|value", "|vnd")
_DAY = _each("ngày", "|giao dịch|gd|báo cáo|phát sinh") | _each("|transaction|report", "date|day")


class Kind(Struct, frozen=True):
    """What one kind of file may hold: headings by field, and the fields that it cannot lack."""

    name: str
    plain: Mapping[str, frozenset[str]]
    vague: Mapping[str, frozenset[str]]
    required: Mapping[str, str]  # field: a heading that an office would recognise


ROSTER = Kind(
    name="roster",
    plain={
        "serial": _SERIAL,
        "stall": _STALL,
        "name": _PERSON,
        "category": _CATEGORY,
        "zone": _ZONE,
        "phone": _PHONE,
        "note": _NOTE,
        "partner_ref": _REF,
    },
    vague={
        "stall": _STALL_VAGUE,
        "name": _PERSON_VAGUE,
        "zone": _ZONE_VAGUE,
        "phone": _PHONE_VAGUE,
        "partner_ref": _REF_VAGUE,
    },
    required={"stall": "Số sạp", "name": "Họ và tên"},
)
BANK = Kind(
    name="bank",
    plain={
        "serial": _SERIAL,
        "market": _MARKET,
        "stall": _STALL,
        "bin": _BIN,
        "account": _ACCOUNT,
        "holder": _HOLDER,
        "issued_on": _ISSUED,
        "attached_on": _ATTACHED,
        "partner_ref": _REF,
        "note": _NOTE,
    },
    vague={
        "stall": _STALL_VAGUE,
        "holder": _PERSON | _PERSON_VAGUE,
        "attached_on": _ATTACHED_VAGUE,
        "partner_ref": _REF_VAGUE,
    },
    required={"stall": "Số sạp", "account": "Số tài khoản"},
)

REGISTRATION = Kind(
    name="registration",
    plain={
        **ROSTER.plain,
        "bin": _BIN,
        "account": _ACCOUNT,
        "holder": _HOLDER,
        "issue_code": _ISSUE,
    },
    vague=ROSTER.vague,
    required=ROSTER.required,
)

ACTIVITY = Kind(
    name="activity",
    plain={
        "serial": _SERIAL,
        "vendor": _VENDOR,
        "payments": _PAYMENTS,
        "amount_vnd": _AMOUNT,
        "date": _DAY,
        "bin": _BIN,
        "note": _NOTE,
    },
    vague={},
    required={
        "vendor": "Mã tiểu thương",
        "payments": "Số giao dịch",
        "amount_vnd": "Số tiền",
    },
)


class Columns(Struct, frozen=True):
    """One heading row understood."""

    at: dict[str, int]  # field: 0-based column
    headings: dict[str, str]  # field: its heading as written
    ignored: tuple[str, ...]  # headings not understood or not needed, as written


def field_of(heading: str, kind: Kind) -> tuple[str, bool] | None:
    """The field that a heading names and whether it does so vaguely; None if unknown."""
    if heading.strip(" .:") in {"#", "№"}:
        return "serial", False
    if len(heading) > _KNOWN_CHARS_MAX:
        return None
    for form in (fold(heading), fold(_BRACKETS.sub(" ", heading))):
        if not form:
            continue
        for vague, table in ((False, kind.plain), (True, kind.vague)):
            for field, forms in table.items():
                if form in forms:
                    return field, vague
    return None


def understand(headings: Sequence[str], kind: Kind) -> Columns:
    """Assign columns to fields; missing ones are simply absent from `at`.

    Raises BadFile `SAME_COLUMN_TWICE` where two plain or two vague headings name one field:
    taking either would lose the other's contents without a word.
    """
    claims: dict[str, dict[bool, list[int]]] = {}
    ignored = [False] * len(headings)
    for column, heading in enumerate(headings):
        claim = field_of(heading, kind)
        if claim is None:
            ignored[column] = bool(heading.strip())
        else:
            claims.setdefault(claim[0], {}).setdefault(claim[1], []).append(column)
    at: dict[str, int] = {}
    for field, by_vagueness in claims.items():
        best = by_vagueness.get(False) or by_vagueness[True]
        if len(best) > 1 and field not in {"note", "serial"}:
            names = ", ".join(f"“{_short(headings[c])}”" for c in best)
            raise BadFile(
                f"The columns {names} all read as {field}. Rename or delete all but one.",
                code="SAME_COLUMN_TWICE",
            )
        at[field] = best[0]
        for column in (c for columns in by_vagueness.values() for c in columns):
            ignored[column] = column != best[0]
    return Columns(
        at=at,
        headings={field: _short(headings[column]) for field, column in at.items()},
        ignored=tuple(_short(h) for h, skip in zip(headings, ignored, strict=True) if skip),
    )


def recognised(headings: Sequence[str], kind: Kind) -> frozenset[str]:
    """The fields that a row's cells name, without complaint: for finding the heading row."""
    found = (field_of(heading, kind) for heading in headings)
    return frozenset(claim[0] for claim in found if claim is not None)


def _short(heading: str) -> str:
    flat = " ".join(unicodedata.normalize("NFC", heading).split())
    return flat if len(flat) <= HEADING_CHARS_MAX else flat[: HEADING_CHARS_MAX - 1] + "…"
