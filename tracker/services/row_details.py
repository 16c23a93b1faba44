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
    "NEEDS_APPROVAL": (
        "Another account stands behind a live code: a second person decides (see `id`).",
        "Mã QR đang dùng gắn với tài khoản khác: cần người thứ hai duyệt (xem `id`).",
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
    "NO_ACCOUNT_AT_BANK": (
        "The vendor had no account at this bank on that day. Link it first.",
        "Ngày đó tiểu thương chưa có tài khoản tại ngân hàng này. Hãy liên kết trước.",
    ),
    "VENDOR_CODE_INVALID": (
        "This is not a vendor code; it looks like CVT-0042-A.",
        "Đây không phải mã tiểu thương; mã đúng có dạng CVT-0042-A.",
    ),
    "VENDOR_UNKNOWN": (
        "No vendor of a market of yours has this code.",
        "Không có tiểu thương nào trong chợ của bạn mang mã này.",
    ),
    "VENDOR_MISSING": ("The vendor code is missing.", "Thiếu mã tiểu thương."),
    "NEGATIVE": (
        "A number of payments or a sum cannot be negative.",
        "Số giao dịch hoặc số tiền không thể âm.",
    ),
    "OUT_OF_RANGE": (
        "The number is larger than a stall's day can be. Correct it.",
        "Con số lớn hơn mức một sạp có thể có trong ngày. Hãy sửa lại.",
    ),
    "AMOUNT_WITHOUT_PAYMENTS": (
        "A sum without a payment cannot be. Correct one of the two.",
        "Có số tiền nhưng không có giao dịch nào. Hãy sửa lại.",
    ),
    "DUPLICATE_LINE": (
        "The vendor has a line above; send one line with the whole day.",
        "Tiểu thương đã có ở dòng trên; mỗi tiểu thương chỉ một dòng cho cả ngày.",
    ),
    "NUMBER_MISSING": ("The number is missing; send 0 for none.", "Thiếu số; hãy ghi 0."),
    "NUMBER_UNREADABLE": (
        "Write a whole number without decimals.",
        "Hãy viết số nguyên, không có phần thập phân.",
    ),
    "TOO_MANY_LINES": (
        "A market's day has more lines than any market has stalls.",
        "Số dòng của một chợ trong ngày vượt quá số sạp có thể có.",
    ),
    "TOO_OLD": (
        "Who was paid is kept for 24 months; older days are not taken.",
        "Dữ liệu chỉ được giữ 24 tháng; không nhận ngày cũ hơn.",
    ),
    "BEFORE_OPENING": (
        "The day lies before the market opened.",
        "Ngày này trước ngày chợ mở cửa.",
    ),
    "MARKET_CLOSED": ("The market had closed by that day.", "Chợ đã đóng cửa vào ngày đó."),
    "DAY_MISSING": (
        "The row has no date. Fill it in, or give `effective_on` with the file.",
        "Dòng không có ngày. Hãy bổ sung, hoặc gửi `effective_on` kèm tệp.",
    ),
    "OTHER_DAY": (
        "The row names another day than the one that is reported.",
        "Dòng ghi ngày khác với ngày được báo cáo.",
    ),
    "OVERTAKEN": (
        "The bank reported this day anew after this file was sent.",
        "Ngân hàng đã báo cáo lại ngày này sau khi gửi tệp.",
    ),
}


def detail(code: str | None) -> str | None:
    """The sentence for a row's code; None where the row needs none."""
    if code is None:
        return None
    general = "TOO_LONG" if code.endswith("_TOO_LONG") else code
    return " · ".join(DETAILS.get(code) or DETAILS.get(general) or (code,))
