"""The indicators that a first start puts into the catalogue: definitions only, no values.

They are those that Vũng Tàu's reports on cashless payment named beside the markets (2022-2024).
What each counts is said here in our words; the reporting body's own definition wins, as a new
version. The period is an ISO 8601 duration.
"""

from __future__ import annotations

from typing import NamedTuple

from tracker.domain.facts import IndicatorDefined


class _Row(NamedTuple):
    id: str
    vi: str
    en: str
    numerator: str
    denominator: str
    period: str


_ROWS = (
    _Row(
        "electricity-cashless",
        "Hộ trả tiền điện không dùng tiền mặt",
        "Households that pay electricity without cash",
        "Households that paid their electricity bill without cash",
        "Households that were billed for electricity",
        "P1M",
    ),
    _Row(
        "water-cashless",
        "Hộ trả tiền nước không dùng tiền mặt",
        "Households that pay water without cash",
        "Households that paid their water bill without cash",
        "Households that were billed for water",
        "P1M",
    ),
    _Row(
        "telecom-cashless",
        "Hộ trả cước viễn thông không dùng tiền mặt",
        "Households that pay telecommunications without cash",
        "Households that paid their telecommunications bill without cash",
        "Households that were billed for telecommunications",
        "P1M",
    ),
    _Row(
        "school-fees-cashless",
        "Cơ sở giáo dục thu học phí không dùng tiền mặt",
        "Schools that take fees without cash",
        "Schools that take fees without cash",
        "Schools that take fees",
        "P1Y",
    ),
    _Row(
        "pensions-by-transfer",
        "Người nhận lương hưu, trợ cấp qua tài khoản",
        "Pensions paid by transfer",
        "Persons whose pension or benefit is paid into an account",
        "Persons who receive a pension or benefit",
        "P1M",
    ),
    _Row(
        "residents-with-account",
        "Người dân trên 15 tuổi có tài khoản thanh toán",
        "Residents over 15 with an account",
        "Residents over 15 with a payment account",
        "Residents over 15",
        "P1Y",
    ),
    _Row(
        "invoices-with-qr",
        "Cửa hàng in mã QR trên hóa đơn",
        "Shops that print a QR code on their invoices",
        "Shops that print a payment code on their invoices",
        "Shops that issue invoices",
        "P1Y",
    ),
    _Row(
        "digital-signatures",
        "Người dân có chữ ký số cá nhân",
        "Persons with a personal digital signature",
        "Persons with a personal digital signature",
        "Persons of age",
        "P1Y",
    ),
)


def definitions(now: int) -> list[IndicatorDefined]:
    """The definitions, stated at the moment `now` (ms)."""
    return [
        IndicatorDefined(
            now,
            now,
            "start",
            indicator=row.id,
            version="1",
            name_vi=row.vi,
            name_en=row.en,
            numerator=row.numerator,
            denominator=row.denominator,
            unit="percent",
            period=row.period,
            disaggregations=("area",),
        )
        for row in _ROWS
    ]
