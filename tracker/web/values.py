"""Numbers, days and moments as people read them in each language."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from tracker.domain.days import VIETNAM
from tracker.web.texts import Language, say

_SWAPPED: Final = str.maketrans(",.", ".,")


def number(language: Language, value: int | None) -> str:
    """1.234.567, or in English 1,234,567; nothing known is not zero."""
    if value is None:
        return say(language, "value.none")
    text = f"{value:,}".replace("-", "−")
    return text.translate(_SWAPPED) if language == "vi" else text


def signed(language: Language, value: int) -> str:
    """A change: +12, −3, 0."""
    return f"+{number(language, value)}" if value > 0 else number(language, value)


def percent(language: Language, value: float | None) -> str:
    """31,00 %, or in English 31.00%; nothing known is not zero."""
    if value is None:
        return say(language, "value.none")
    text = f"{value:,.2f}".replace("-", "−")
    return f"{text.translate(_SWAPPED)} %" if language == "vi" else f"{text}%"


def points(language: Language, value: float) -> str:
    """A change of a rate, in percentage points: +1,25."""
    text = f"{value:+,.2f}".replace("-", "−")
    return text.translate(_SWAPPED) if language == "vi" else text


def money(language: Language, value: int | None) -> str:
    """Whole dong: 1.234.567 ₫."""
    return number(language, value) if value is None else f"{number(language, value)} ₫"


def day(language: Language, value: date | str | None) -> str:
    """31/07/2026, or in English 31 Jul 2026; from a date or its ISO form."""
    if value is None:
        return say(language, "value.none")
    when = date.fromisoformat(value[:10]) if isinstance(value, str) else value
    return f"{when:%d/%m/%Y}" if language == "vi" else f"{when.day} {when:%b %Y}"


def moment(language: Language, value: str | None) -> str:
    """A time of RFC 3339 as Vietnam's clocks show it: 31/07/2026 08:30."""
    if value is None:
        return say(language, "value.none")
    when = datetime.fromisoformat(value).astimezone(VIETNAM)
    return f"{day(language, when.date())} {when:%H:%M}"
