"""What can be wrong with a payload: codes, how much each one weighs, sentences for people.

Sentences never repeat a value of the payload, so they may stand in logs and job records.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Severity = Literal["warning", "lenient", "other_scheme", "reject"]

RANK: dict[str, int] = {"warning": 0, "lenient": 1, "other_scheme": 2, "reject": 3}


class Problem(Struct, frozen=True):
    """One finding. `position`: character offset in the text as given (a BOM counts as one).

    `path`: tag path such as "38.01.00", empty for the payload as a whole. `severity` says to
    which verdict the finding leads; a `warning` leads to none. `en` and `vi`: the same sentence
    in English and Vietnamese.
    """

    position: int
    path: str
    code: str
    severity: Severity
    en: str
    vi: str


_NAMES = {
    "00": ("format indicator", "phiên bản định dạng"),
    "01": ("point of initiation", "phương thức khởi tạo"),
    "38": ("VietQR transfer", "thông tin chuyển khoản VietQR"),
    "38.00": ("scheme identifier", "định danh hệ thống"),
    "38.01": ("beneficiary", "đơn vị thụ hưởng"),
    "38.01.00": ("BIN", "mã BIN ngân hàng"),
    "38.01.01": ("account or card number", "số tài khoản hoặc số thẻ"),
    "38.02": ("service code", "mã dịch vụ"),
    "52": ("merchant category", "mã ngành"),
    "53": ("currency", "tiền tệ"),
    "54": ("amount", "số tiền"),
    "55": ("tip indicator", "chỉ thị phí"),
    "56": ("fixed tip", "phí cố định"),
    "57": ("tip percentage", "phí theo tỷ lệ"),
    "58": ("country", "quốc gia"),
    "59": ("merchant name", "tên đơn vị"),
    "60": ("city", "thành phố"),
    "61": ("postal code", "mã bưu chính"),
    "62": ("additional data", "thông tin bổ sung"),
    "62.01": ("bill number", "số hóa đơn"),
    "62.02": ("mobile number", "số điện thoại"),
    "62.03": ("store label", "mã cửa hàng"),
    "62.05": ("reference", "mã tham chiếu"),
    "62.07": ("terminal label", "mã điểm bán"),
    "62.08": ("purpose", "nội dung"),
    "63": ("checksum", "mã kiểm tra CRC"),
    "64": ("language template", "thông tin bằng ngôn ngữ khác"),
    "64.00": ("language", "ngôn ngữ"),
    "64.01": ("name in that language", "tên bằng ngôn ngữ đó"),
    "64.02": ("city in that language", "thành phố bằng ngôn ngữ đó"),
}

# code: severity, English, Vietnamese. {tag} is filled with path and name, {limit} with a number.
_CATALOGUE: dict[str, tuple[Severity, str, str]] = {
    # The text as a whole
    "EMPTY": ("reject", "There is no payload.", "Không có nội dung mã."),
    "NOT_TEXT": ("reject", "The payload is not a text.", "Nội dung mã không phải là văn bản."),
    "NOT_JSON": ("reject", "The line is not a JSON object.", "Dòng không phải là đối tượng JSON."),
    "NOT_UNICODE": (
        "reject",
        "The text holds half a surrogate pair and has no UTF-8 form.",
        "Văn bản chứa ký tự thay thế lẻ, không biểu diễn được bằng UTF-8.",
    ),
    "PAYLOAD_TOO_LONG": (
        "reject",
        "The payload has more than {limit} characters.",
        "Nội dung mã dài quá {limit} ký tự.",
    ),
    "LEADING_BOM": (
        "lenient",
        "A byte order mark stands before the payload; it was left out.",
        "Có dấu BOM trước nội dung mã; đã bỏ qua.",
    ),
    "TRAILING_SPACE": (
        "lenient",
        "White space stands after the payload; it was left out.",
        "Có khoảng trắng sau nội dung mã; đã bỏ qua.",
    ),
    # Structure, at every level
    "TAG_NOT_DIGITS": (
        "reject",
        "A tag in {tag} is not two digits; the rest cannot be read.",
        "Một thẻ trong {tag} không phải hai chữ số; phần sau không đọc được.",
    ),
    "LENGTH_NOT_DIGITS": (
        "reject",
        "The length of {tag} is not two digits; the rest cannot be read.",
        "Độ dài của {tag} không phải hai chữ số; phần sau không đọc được.",
    ),
    "TRUNCATED": (
        "reject",
        "The length of {tag} runs past the end of what it stands in.",
        "Độ dài của {tag} vượt quá phần chứa nó.",
    ),
    "EMPTY_VALUE": ("reject", "The value of {tag} is empty.", "Giá trị của {tag} bị rỗng."),
    "DUPLICATE_TAG": (
        "reject",
        "{tag} appears twice at one level.",
        "{tag} xuất hiện hai lần trong cùng một cấp.",
    ),
    "MISSING": ("reject", "{tag} is missing.", "Thiếu {tag}."),
    "UNEXPECTED_TAG": ("reject", "{tag} must not stand here.", "{tag} không được có ở đây."),
    "UNKNOWN_TAG": (
        "lenient",
        "{tag} is not known to the VietQR format; it was left out.",
        "{tag} không có trong định dạng VietQR; đã bỏ qua.",
    ),
    "FORMAT_NOT_FIRST": ("reject", "{tag} must come first.", "{tag} phải đứng đầu."),
    "CRC_NOT_LAST": ("reject", "{tag} must come last.", "{tag} phải đứng cuối."),
    # Values
    "VALUE_TOO_LONG": (
        "reject",
        "{tag} has more than {limit} characters.",
        "{tag} dài quá {limit} ký tự.",
    ),
    "CHARACTERS": (
        "reject",
        "{tag} holds characters other than printable ASCII.",
        "{tag} chứa ký tự ngoài bảng ASCII in được.",
    ),
    "VALUE": (
        "reject",
        "The value of {tag} is not one that the format allows.",
        "Giá trị của {tag} không được định dạng cho phép.",
    ),
    "ACCOUNT_SPACE": ("reject", "{tag} holds a space.", "{tag} chứa dấu cách."),
    "CRC_MISMATCH": (
        "reject",
        "The checksum does not fit: the text was changed or read wrongly.",
        "Mã kiểm tra CRC không khớp: nội dung đã bị sửa hoặc đọc sai.",
    ),
    "CRC_LOWER_CASE": (
        "lenient",
        "The checksum is written in lower case.",
        "Mã kiểm tra CRC viết bằng chữ thường.",
    ),
    "AMOUNT_FORMAT": (
        "reject",
        "{tag} is not a number of digits with at most one point.",
        "{tag} không phải là dãy chữ số với nhiều nhất một dấu chấm.",
    ),
    "AMOUNT_FRACTION": (
        "reject",
        "{tag} has a fraction; the dong has none.",
        "{tag} có phần lẻ; đồng không có phần lẻ.",
    ),
    "AMOUNT_ZERO": ("reject", "{tag} is zero.", "{tag} bằng không."),
    "AMOUNT_OVER_LIMIT": (
        "lenient",
        "{tag} is 500 million dong or more, beyond a NAPAS 247 transfer.",
        "{tag} từ 500 triệu đồng trở lên, vượt hạn mức chuyển nhanh NAPAS 247.",
    ),
    "AMOUNT_IN_STATIC": (
        "lenient",
        "{tag} is given though the code says that it is reusable.",
        "Có {tag} dù mã khai là dùng nhiều lần.",
    ),
    "PURPOSE_LONG": (
        "lenient",
        "{tag} has more than 25 characters.",
        "{tag} dài quá 25 ký tự.",
    ),
    # Whose payload it is
    "OTHER_SCHEME": (
        "other_scheme",
        "{tag} belongs to another payment scheme; there is no VietQR transfer.",
        "{tag} thuộc hệ thống thanh toán khác; không có chuyển khoản VietQR.",
    ),
    "BIN_UNKNOWN": (
        "warning",
        "The BIN is not in the table of banks.",
        "Mã BIN không có trong bảng ngân hàng.",
    ),
    "BIN_NO_TRANSFER": (
        "warning",
        "The bank of this BIN is not known to take VietQR transfers.",
        "Ngân hàng của mã BIN này chưa thấy nhận chuyển khoản VietQR.",
    ),
}


def codes() -> dict[str, Severity]:
    """Every problem code with its severity."""
    return {code: severity for code, (severity, _, _) in _CATALOGUE.items()}


def problem(code: str, position: int = 0, path: str = "", limit: int = 0) -> Problem:
    """The finding `code` at a character offset and a tag path. `KeyError` on an unknown code."""
    severity, en, vi = _CATALOGUE[code]
    name_en, name_vi = _NAMES.get(path, ("", ""))
    tag_en = f"Tag {path} ({name_en})" if name_en else f"Tag {path}" if path else "The payload"
    tag_vi = f"Thẻ {path} ({name_vi})" if name_vi else f"Thẻ {path}" if path else "Nội dung mã"
    if not en.startswith("{tag}"):
        tag_en = tag_en[0].lower() + tag_en[1:]
    if not vi.startswith("{tag}"):
        tag_vi = tag_vi[0].lower() + tag_vi[1:]
    return Problem(
        position=position,
        path=path,
        code=code,
        severity=severity,
        en=en.format(tag=tag_en, limit=limit),
        vi=vi.format(tag=tag_vi, limit=limit),
    )
