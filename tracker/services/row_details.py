"""What each code of a row means and how to mend it, for people: English, then Vietnamese."""

from __future__ import annotations

DETAILS: dict[str, tuple[str, str]] = {
    "TOTAL_LINE": ("A total line is not a vendor.", "Dòng tổng không phải là tiểu thương."),
    "STALL_MISSING": ("The stall is missing. Fill it in.", "Thiếu số sạp. Hãy bổ sung."),
    "NAME_MISSING": (
        "The name is missing; the stall was not touched. Fill it in.",
        "Thiếu họ tên; sạp được giữ nguyên. Hãy bổ sung.",
    ),
    "STALL_TAKEN": (
        "Another vendor trades at this stall (see `id`). Correct the stall or the name.",
        "Sạp này đã có tiểu thương khác (xem `id`). Hãy sửa số sạp hoặc họ tên.",
    ),
    "STALL_UNKNOWN": (
        "No vendor is registered at this stall. Import the roster first, or correct the stall.",
        "Sạp này chưa có tiểu thương. Hãy nhập danh sách chợ trước, hoặc sửa số sạp.",
    ),
    "MARKET_UNKNOWN": (
        "No market of yours has this id or name. Correct it.",
        "Không có chợ nào của bạn mang mã hoặc tên này. Hãy sửa lại.",
    ),
    "MARKET_MISSING": (
        "The row names no market. Fill it in, or give `market` with the file.",
        "Dòng không ghi tên chợ. Hãy bổ sung, hoặc gửi `market` kèm tệp.",
    ),
    "PARTNER_REF_TAKEN": (
        "This partner_ref belongs to another stall. Send one of its own for each row.",
        "Mã tham chiếu này thuộc về sạp khác. Mỗi dòng cần một mã riêng.",
    ),
    "ACCOUNT_HAS_LIVE_CODE": (
        "Another account of this bank stands behind a live code. Revoke the code first.",
        "Mã QR đang dùng gắn với tài khoản khác. Hãy thu hồi mã trước.",
    ),
    "BEFORE_REGISTRATION": (
        "The day lies before the vendor's registration. Correct the date.",
        "Ngày này trước ngày tiểu thương được đăng ký. Hãy sửa ngày.",
    ),
    "BEFORE_ISSUE": (
        "The sticker cannot hang before its code was issued. Correct the dates.",
        "Tem không thể gắn trước ngày cấp mã. Hãy sửa ngày.",
    ),
    "IN_FUTURE": ("The day lies in the future. Correct it.", "Ngày ở tương lai. Hãy sửa lại."),
    "CODE_NOT_LIVE": (
        "The code was superseded or revoked; attach the live one.",
        "Mã đã bị thay thế hoặc thu hồi; hãy gắn mã đang dùng.",
    ),
    "VENDOR_LEFT": ("The vendor has left the market.", "Tiểu thương đã rời chợ."),
    "ERASED": (
        "The personal data of this vendor were erased.",
        "Dữ liệu cá nhân của tiểu thương này đã được xóa.",
    ),
    "BIN_MISSING": ("The bank's BIN is missing.", "Thiếu mã BIN của ngân hàng."),
    "BIN_UNREADABLE": ("A BIN has six digits.", "Mã BIN gồm sáu chữ số."),
    "BIN_UNKNOWN": (
        "No bank has this BIN. GET /v1/banks lists those that are known.",
        "Không có ngân hàng nào mang mã BIN này.",
    ),
    "BIN_OUT_OF_SCOPE": (
        "This key does not speak for this bank.",
        "Khóa này không thuộc ngân hàng này.",
    ),
    "ACCOUNT_MISSING": ("The account number is missing.", "Thiếu số tài khoản."),
    "ACCOUNT_UNREADABLE": (
        "An account number has up to 19 letters or digits, no spaces.",
        "Số tài khoản gồm tối đa 19 chữ số hoặc chữ cái, không có khoảng trắng.",
    ),
    "ACCOUNT_MANGLED": (
        "The spreadsheet rounded this account number. Format the column as text and type it anew.",
        "Bảng tính đã làm tròn số tài khoản. Hãy định dạng cột là văn bản và nhập lại.",
    ),
    "ACCOUNT_AS_NUMBER": (
        "The account number was stored as a number: leading zeros may be lost. Compare it.",
        "Số tài khoản lưu dạng số: có thể mất số 0 ở đầu. Hãy đối chiếu.",
    ),
    "DATE_UNREADABLE": (
        "Write the date as 2026-11-21 or 21/11/2026.",
        "Hãy viết ngày dạng 21/11/2026 hoặc 2026-11-21.",
    ),
    "PHONE_UNREADABLE": (
        "The phone number could not be read; the vendor was taken without it.",
        "Không đọc được số điện thoại; tiểu thương được ghi nhận không có số.",
    ),
    "LETTERS_LOST": (
        "Letters of the name were lost in an earlier conversion. Correct the name.",
        "Tên bị mất chữ khi chuyển đổi. Hãy sửa lại tên.",
    ),
    "NOTE_TOO_LONG": ("The note was cut.", "Ghi chú đã bị cắt bớt."),
    "STALL_MANGLED": (
        "The spreadsheet turned this stall into a date or a number. Format the column as text.",
        "Bảng tính đã đổi số sạp thành ngày hoặc số. Hãy định dạng cột là văn bản.",
    ),
    "STALL_TOO_LONG": ("The stall is too long.", "Số sạp quá dài."),
    "EXTRA_CELLS": (
        "The row has more cells than the heading: an unquoted separator moved them.",
        "Dòng có nhiều ô hơn tiêu đề: có dấu phân cách chưa đặt trong ngoặc kép.",
    ),
    "HEADER_REPEATED": (
        "The heading is repeated here; it is not a vendor.",
        "Dòng tiêu đề lặp lại, không phải tiểu thương.",
    ),
    "TOO_LONG": ("The text is too long.", "Nội dung quá dài."),
}


def detail(code: str | None) -> str | None:
    """The sentence for a row's code; None where the row needs none."""
    if code is None:
        return None
    general = "TOO_LONG" if code.endswith("_TOO_LONG") else code
    return " · ".join(DETAILS.get(code) or DETAILS.get(general) or (code,))
