"""The fields that bodies have in common: limits, the form they are kept in, and an example."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Final

from msgspec import Meta

from tracker.api.rules import SOME, is_, needs, rule
from tracker.domain.text import nfc
from tracker.tables import cells
from tracker.tables.phones import phone


def _name(text: str) -> tuple[str, str]:
    name = cells.person_name(text)
    return name, "LETTERS_LOST" if cells.letters_lost(name) else ""


def _plain(text: str) -> tuple[str, str]:
    return nfc(text), ""


def _as_sent(text: str) -> tuple[str, str]:
    return text, ""


MARKET_EXAMPLE = "cho-vung-tau"

MarketId = Annotated[
    str,
    Meta(
        max_length=64,
        pattern="^[a-z0-9]+(-[a-z0-9]+)*$",
        description="A market's id: lower-case letters, digits and single dashes.",
        examples=[MARKET_EXAMPLE],
    ),
]
Bin = Annotated[
    str,
    Meta(
        pattern="^[0-9]{6}$",
        description="A bank's BIN, six digits.",
        examples=["970436"],
    ),
]
Stall = Annotated[
    str,
    Meta(
        max_length=cells.STALL_CHARS_MAX,
        description="The stall as on the wall; kept in upper case without spaces.",
        examples=["B12"],
        extra={"normal": cells.stall},
    ),
]
PersonName = Annotated[
    str,
    Meta(
        max_length=cells.NAME_CHARS_MAX,
        description="The trader's name, with its marks; kept as NFC.",
        extra={"normal": _name},
    ),
]
Phone = Annotated[
    Annotated[str, Meta(extra_json_schema={"format": "phone"})] | None,
    Meta(
        description="A Vietnamese phone number in any usual spelling; kept as 0 and digits.",
        extra={"normal": phone},
    ),
]
AreaCode = Annotated[
    str,
    Meta(
        pattern="^[0-9]{2,5}$",
        description="The code of an administrative unit: two digits a province, five a ward.",
        examples=["26506"],
    ),
]
Label = Annotated[str, Meta(max_length=cells.LABEL_CHARS_MAX, extra={"normal": _plain})]
OptionalLabel = Annotated[
    Annotated[str, Meta(max_length=cells.LABEL_CHARS_MAX)] | None,
    Meta(description="A name of the market's own list.", extra={"normal": _plain}),
]
PartnerRef = Annotated[
    Annotated[str, Meta(max_length=cells.REF_CHARS_MAX)] | None,
    Meta(description="Your own reference; unique per bank and market."),
]
AccountNumber = Annotated[
    str,
    Meta(
        max_length=cells.ACCOUNT_CHARS_MAX,
        description="The account number; spaces, dots and dashes are dropped.",
        extra_json_schema={"pattern": "^[0-9A-Za-z .-]*[0-9A-Za-z][0-9A-Za-z .-]*$"},
        extra={"normal": cells.account},
    ),
]
Holder = Annotated[
    Annotated[str, Meta(max_length=cells.NAME_CHARS_MAX)] | None,
    Meta(
        description="The account's holder; without it the account is the vendor's own.",
        extra={"normal": _name},
    ),
]
Payload = Annotated[
    str,
    Meta(
        max_length=4096,  # the text of any symbol that there can be
        description="The text of a payment code, byte for byte.",
        extra={"normal": _as_sent},
    ),
]
_YEARS: Final = {"pattern": "^(197[6-9]|19[89][0-9]|20[0-9]{2})-"}
"""`bodies.DAYS` as a schema says it."""

Day = Annotated[date, Meta(description="A day by Vietnam's calendar.", extra_json_schema=_YEARS)]
OptionalDay = Annotated[
    Annotated[date, Meta(extra_json_schema=_YEARS)] | None,
    Meta(description="A day by Vietnam's calendar."),
]
Moment = Annotated[datetime, Meta(tz=True, extra_json_schema=_YEARS)]
OccurredAt = Annotated[
    Moment | None,
    Meta(description="When it happened, with offset; without it, now."),
]

SCOPE_RULE: Final = rule(
    is_("role", "bank"),
    needs(bins=SOME),
    rule(is_("role", "manager", "field"), needs(markets=SOME)),
)
"""A role that is bounded by banks or markets names at least one (`access.keys.scope_faults`)."""
