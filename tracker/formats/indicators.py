"""The indicators that a snapshot comes to where a format has one value a row.

Numerator and denominator stand beside each rate as indicators of their own, so that a reader can
check the rate and sum areas the right way: numerators over denominators. The denominator is the
roster where `FLAG_NO_CENSUS` or `FLAG_REGISTERED_EXCEEDS_CENSUS` is not 0, else the census.
Breakdowns and targets are no indicators: a row of theirs would need a dimension of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal, NamedTuple

from tracker.formats import parts

Unit = Literal["VENDOR", "PERCENT", "PAYMENT", "VND", "BANK", "COUNT"]
Values = Mapping[str, Any]


class Indicator(NamedTuple):
    """An indicator: its code, its place in `readable` bodies, its unit, its name twice."""

    code: str
    place: tuple[str, ...]
    unit: Unit
    en: str
    vi: str

    def value(self, body: Values) -> int | float | None:
        """Its value in a body that was made `readable`; None where there is none."""
        found: Any = body
        for part in self.place:
            found = found.get(part)
            if found is None:
                return None
        value: int | float = found
        return value

    def withheld(self, body: Values) -> bool:
        """Whether that there is no value is because it is withheld."""
        for part in self.place[:-1]:
            body = body.get(part, {})
        return bool(body.get("withheld", False))


def readable(body: Values) -> Values:
    """A published body, its lists counted: what indicators find their values in."""
    done = body.get("completeness")
    return {
        **body,
        "flags": parts.flags(body),
        "removed": parts.removed(body),
        "all_removed": sum(body.get("waterfall", {}).get("removed", {}).values()),
        "completeness": {}
        if done is None
        else {"expected": len(done["expected"]), "reported": len(done["reported"])},
    }


_FIGURES: Final = (
    ("issued", "Vendors with a live code", "Tiểu thương đã được cấp mã QR"),
    ("attached", "Vendors whose sticker hangs", "Tiểu thương đã gắn mã QR"),
    (
        "verified_30d",
        "Attached vendors with a matched scan in the last 30 days",
        "Tiểu thương gắn mã, quét kiểm tra khớp trong 30 ngày",
    ),
    ("transacting", "Vendors ever reported as paid", "Tiểu thương đã từng có giao dịch"),
    ("active_30d", "Vendors paid in the last 30 days", "Tiểu thương có giao dịch trong 30 ngày"),
    ("active_90d", "Vendors paid in the last 90 days", "Tiểu thương có giao dịch trong 90 ngày"),
    (
        "regular_90d",
        "Vendors paid on 10 or more of the last 90 days",
        "Tiểu thương có giao dịch từ 10 ngày trở lên trong 90 ngày",
    ),
    (
        "dormant",
        "Vendors attached for 90 days without a payment",
        "Tiểu thương gắn mã suốt 90 ngày không có giao dịch",
    ),
)
_REASONS: Final = {
    "tax_worry": ("tax worry", "lo ngại thuế"),
    "fraud": ("fraud", "lừa đảo"),
    "lost_phone": ("lost phone", "mất điện thoại"),
    "no_signal": ("no signal", "không có sóng"),
    "bank_change": ("change of bank", "đổi ngân hàng"),
    "moved_stall": ("moved stall", "chuyển quầy"),
    "closed": ("closed", "nghỉ kinh doanh"),
    "other": ("another reason", "lý do khác"),
    "superseded": ("superseded by a new version", "đã cấp mã mới"),
    "revoked": ("code revoked", "mã bị thu hồi"),
}
_MONEY: Final[tuple[tuple[str, str, Unit, str, str], ...]] = (
    ("PAYMENTS", "payments", "PAYMENT", "Payments", "Số giao dịch"),
    ("AMOUNT", "amount_vnd", "VND", "Amount paid", "Số tiền giao dịch"),
    ("VENDORS_PAID", "vendors", "VENDOR", "Vendors paid", "Số tiểu thương có giao dịch"),
)
_FLAGS: Final[tuple[tuple[str, Unit, str, str], ...]] = (
    ("no_census", "COUNT", "No census is in effect", "Chưa có tổng số tiểu thương công bố"),
    (
        "registered_exceeds_census",
        "VENDOR",
        "Vendors on the roster beyond the census",
        "Tiểu thương vượt tổng số công bố",
    ),
    (
        "swap_suspected",
        "COUNT",
        "Incidents that are not resolved: a stranger's code",
        "Vụ nghi mã bị dán đè chưa xử lý xong",
    ),
    (
        "activity_missing",
        "BANK",
        "Banks that have not reported the day",
        "Ngân hàng chưa báo cáo ngày",
    ),
    (
        "activity_without_attachment",
        "VENDOR",
        "Vendors paid on the day and not attached",
        "Tiểu thương có giao dịch nhưng không gắn mã",
    ),
    (
        "duplicate_account",
        "VENDOR",
        "Vendors whose account is another stall's too",
        "Tiểu thương có tài khoản trùng với quầy khác",
    ),
    (
        "stale_verification",
        "VENDOR",
        "Attached vendors without a matched scan in the last 90 days",
        "Tiểu thương gắn mã, không có quét kiểm tra khớp trong 90 ngày",
    ),
    (
        "partner_ref_reused",
        "VENDOR",
        "Vendors whose bank's reference is used in another market too",
        "Tiểu thương có mã tham chiếu của ngân hàng dùng ở cả chợ khác",
    ),
)


def _all() -> Iterator[Indicator]:
    yield Indicator(
        "DENOMINATOR",
        ("denominator", "value"),
        "VENDOR",
        "Vendors that the rates are taken of",
        "Tổng số tiểu thương để tính tỷ lệ",
    )
    yield Indicator(
        "REGISTERED",
        ("figures", "registered", "count"),
        "VENDOR",
        "Vendors on the roster",
        "Tiểu thương có trong danh sách",
    )
    for name, en, vi in _FIGURES:
        share = f"{en}, share of the denominator", f"Tỷ lệ {vi[0].lower()}{vi[1:]}"
        yield Indicator(name.upper(), ("figures", name, "count"), "VENDOR", en, vi)
        yield Indicator(f"{name.upper()}_RATE", ("figures", name, "rate"), "PERCENT", *share)
    for code, place, en, vi in (
        ("ATTACHED", ("waterfall", "attached"), "Attached for the first time", "Gắn mã lần đầu"),
        ("REATTACHED", ("waterfall", "reattached"), "Attached once more", "Gắn mã lại"),
        ("REMOVED", ("all_removed",), "No longer attached, whatever the reason", "Gỡ mã"),
        ("LEFT", ("waterfall", "left"), "Attached the day before, left the roster", "Rời chợ"),
    ):
        yield Indicator(f"CHANGE_{code}", place, "VENDOR", en, f"{vi} trong ngày")
    for reason, (en, vi) in _REASONS.items():
        yield Indicator(
            f"CHANGE_REMOVED_{reason.upper()}",
            ("removed", reason),
            "VENDOR",
            f"No longer attached: {en}",
            f"Gỡ mã trong ngày: {vi}",
        )
    for code, name, unit, en, vi in _MONEY:
        of_day = f"{en} on the day", f"{vi} trong ngày"
        of_month = f"{en} from the first of the month", f"{vi} từ đầu tháng"
        to_date = ("activity", "month_to_date", name)
        yield Indicator(code, ("activity", name), unit, *of_day)
        yield Indicator(f"MONTH_TO_DATE_{code}", to_date, unit, *of_month)
    for name, en, vi in (
        ("expected", "Banks with accounts in the market", "Ngân hàng có tài khoản tại chợ"),
        ("reported", "Banks that reported the day", "Ngân hàng đã báo cáo ngày"),
    ):
        yield Indicator(f"BANKS_{name.upper()}", ("completeness", name), "BANK", en, vi)
    for name, unit, en, vi in _FLAGS:
        yield Indicator(f"FLAG_{name.upper()}", ("flags", name), unit, en, vi)


INDICATORS: Final = tuple(_all())
"""In the order in which they are written; new ones come with a new minor version."""
