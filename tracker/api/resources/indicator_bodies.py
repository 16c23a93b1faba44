"""The bodies of `/v1/indicators`: a definition, a value that is sent, and one in the feed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from msgspec import Meta, Struct

from tracker.api.resources.fields import AreaCode, Day, Label
from tracker.api.rules import NUMBER, both, is_, needs, optional, rule, told, without
from tracker.domain.errors import Fault
from tracker.domain.indicators import Comparator, Stated, Unit

IndicatorId = Annotated[
    str,
    Meta(
        max_length=64,
        pattern="^[a-z0-9]+(-[a-z0-9]+)*$",
        description="An indicator's id: lower-case letters, digits and single dashes.",
        examples=["digital-signatures"],
    ),
]
Version = Annotated[
    str,
    Meta(
        max_length=32,
        pattern="^[0-9A-Za-z]+([.-][0-9A-Za-z]+)*$",
        description="A version of a definition.",
        examples=["1"],
    ),
]
Meaning = Annotated[str, Meta(max_length=500)]
NUMBER_MAX = 10**15
"""Above any count of people or payments, and exact as a JSON number everywhere."""


class NewIndicator(Struct, frozen=True, forbid_unknown_fields=True):
    """A definition. What changes it is a new version."""

    id: IndicatorId
    version: Version
    name_vi: Label
    name_en: Label
    numerator: Annotated[Meaning, Meta(description="What is counted.")]
    denominator: Annotated[Meaning, Meta(description="What it is counted of.")]
    period: Annotated[
        str,
        Meta(pattern="^P([0-9]{1,3}[DWMY])$", description="How often, as an ISO 8601 duration."),
    ]
    unit: Annotated[
        Unit,
        Meta(
            description="`percent` where the numerator is a part of the denominator, else "
            "`per_hundred`."
        ),
    ] = "percent"
    disaggregations: Annotated[
        tuple[Annotated[str, Meta(max_length=64)], ...],
        Meta(max_length=20, description="What values are told apart by."),
    ] = ("area",)


@told(
    rule(
        is_("bare", True),
        both(needs(rate=NUMBER), without("numerator", "denominator")),
        both(needs(numerator=NUMBER, denominator=NUMBER), optional(comparator=["eq"])),
    )
)
class NewReport(Struct, frozen=True, forbid_unknown_fields=True):
    """Two numbers, or `bare: true` and a rate."""

    area: AreaCode
    date: Day
    source: Annotated[str, Meta(max_length=200, description="The body that reports it.")]
    numerator: Annotated[int, Meta(ge=0, le=NUMBER_MAX)] | None = None
    denominator: Annotated[int, Meta(ge=0, le=NUMBER_MAX)] | None = None
    rate: (
        Annotated[
            float,
            Meta(
                ge=0,
                le=1_000_000,
                description="Per hundred, at most two decimals. Beside both numbers it must be "
                "theirs, rounded half up; it may be left out there.",
            ),
        ]
        | None
    ) = None
    bare: Annotated[bool, Meta(description="The rate came without its two numbers.")] = False
    comparator: Annotated[
        Comparator, Meta(description="Of a bare rate: equal, more (`gt`), at least (`ge`).")
    ] = "eq"
    version: Annotated[
        Version | None, Meta(description="Of the definition; by default the newest.")
    ] = None

    def faults(self) -> Iterator[Fault]:
        """A rate has two decimals; what else is wrong with it the definition decides."""
        if self.rate is not None and abs(self.rate * 100 - round(self.rate * 100)) > 1e-6:
            yield Fault("/rate", "VALUE", "At most two decimals.")

    def stated(self) -> Stated:
        """What the body states, the rate in hundredths."""
        rate = None if self.rate is None else round(self.rate * 100)
        return Stated(self.numerator, self.denominator, rate, self.bare, self.comparator)


class ReportedValue(Struct, frozen=True, forbid_unknown_fields=True):
    """A reported value in the feed. (`area`, `area_valid_from`) is the unit's key."""

    indicator: str
    area: str
    area_valid_from: str
    date: str
    revision: int
    numerator: int | None
    denominator: int | None
    rate: float | None
    bare: bool
    comparator: Comparator
    published_at: str
