"""NGSI-LD entities against the fields of the KeyPerformanceIndicator model, typed a second time."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any, Generic, Literal, TypeVar, get_args

import pytest
from hypothesis import given
from msgspec import UNSET, Struct, UnsetType, convert, field, json

from tests.unit.domain.published import contents
from tests.unit.domain.worlds import examples
from tests.unit.formats.bodies import NAMES, bare, of_old, published, sealed, value
from tracker.domain.figures import FIGURES
from tracker.domain.withholding import withhold
from tracker.formats import ngsi_context, ngsi_ld

CONTEXT = "https://ioc.example/contexts/adoption-1.jsonld"
Category = Literal[
    "quantitative", "qualitative", "leading", "lagging", "input", "process", "output",
    "practical", "directional", "actionable", "financial",
]  # fmt: skip
Standing = Literal["veryGood", "good", "fair", "bad", "veryBad"]
Method = Literal["manual", "automatic", "semiautomatic"]
Frequency = Literal[
    "hourly", "daily", "weekly", "monthly", "yearly", "quarterly", "bimonthly", "biweekly"
]
MONEY = tuple(
    f"{measure}{period}"
    for period in ("", "_month_to_date")
    for measure in ("payments", "amount_vnd")
)


class Period(Struct, forbid_unknown_fields=True):
    from_: date = field(name="from")
    to: date


class Entity(Struct, forbid_unknown_fields=True, rename="camel"):
    """What the model (v0.2.1) asks of an entity, and our own fields."""

    id: str
    type: Literal["KeyPerformanceIndicator"]
    context: str = field(name="@context")
    name: str
    organization: str
    process: str
    category: list[Category]
    calculation_method: Method
    calculation_frequency: Frequency
    calculation_formula: str
    calculation_period: Period
    updated_at: datetime
    date_next_calculation: date
    revision: int
    numerator: int | UnsetType = UNSET
    denominator: int | UnsetType = UNSET
    denominator_basis: Literal["census", "roster"] | UnsetType = UNSET
    final: bool | UnsetType = UNSET
    withheld: Literal[True] | UnsetType = UNSET
    kpi_value: int | float | UnsetType = UNSET
    current_standing: Standing | UnsetType = UNSET
    area: str | UnsetType = UNSET


T = TypeVar("T")


class Property(Struct, Generic[T], forbid_unknown_fields=True):
    """A value of the normalised form."""

    type: Literal["Property"]
    value: T


class Measured(Struct, Generic[T], forbid_unknown_fields=True, rename="camel"):
    """A measured value of the normalised form."""

    type: Literal["Property"]
    value: T
    unit_code: Literal["P1", "C62", "VND"]
    observed_at: datetime


def entities(body: dict[str, Any]) -> dict[str, Entity]:
    """The entities of a body, each as the model has it, by figure."""
    data = ngsi_ld.encode([body], NAMES, context=CONTEXT)
    assert b"null" not in data
    return {one.id.split(":")[4]: one for one in json.decode(data, type=list[Entity])}


def normal(body: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The normalised entities of a body, by figure."""
    data = ngsi_ld.encode([body], NAMES, context=CONTEXT, normalized=True)
    return {one["id"].split(":")[4]: one for one in json.decode(data)}


def test_each_figure_of_a_market_and_day_is_an_entity_of_the_model() -> None:
    body = published()
    found = entities(body)
    assert tuple(found) == (*FIGURES, *MONEY)
    for name in FIGURES:
        told, one = body["figures"][name], found[name]
        assert one.id == f"urn:ngsi-ld:KeyPerformanceIndicator:cho-vung-tau:{name}:2026-10-31"
        assert re.fullmatch(r"[\w\-.:]{1,256}", one.id, re.ASCII)
        assert one.organization == "Chợ Vũng Tàu"
        assert (one.area, one.final) == ("26506", False)
        assert one.date_next_calculation == date(2026, 11, 2)
        assert (one.numerator, one.kpi_value) == (told["count"], told.get("rate", told["count"]))
        share = name != "registered"
        assert one.denominator == (214 if share else UNSET)
        assert one.denominator_basis == ("census" if share else UNSET)
        assert one.current_standing is not UNSET


@examples(100)
@given(contents())
def test_whatever_a_market_publishes_fits_the_model(content: dict[str, Any]) -> None:
    shown, _ = withhold({**published(), **content})
    body = sealed(shown)
    found = entities(body)
    assert found.keys() == {*content["figures"], *MONEY}
    for name, entity in normal(body).items():
        assert convert(flat(entity), Entity) == found[name]


def flat(entity: dict[str, Any]) -> dict[str, Any]:
    """The key-values form of a normalised entity, each of whose values is what it is to be."""
    plain = {key: entity.pop(key) for key in ("id", "type", "@context")}
    if "kpiValue" in entity:
        plain["kpiValue"] = convert(entity.pop("kpiValue"), Measured[int | float]).value
    return plain | {key: convert(part, Property[Any]).value for key, part in entity.items()}


@pytest.mark.parametrize(
    ("figure", "first"),
    [
        ("registered", date(2026, 10, 31)),
        ("attached", date(2026, 10, 31)),
        ("verified_30d", date(2026, 10, 2)),
        ("active_30d", date(2026, 10, 2)),
        ("active_90d", date(2026, 8, 3)),
        ("regular_90d", date(2026, 8, 3)),
        ("dormant", date(2026, 8, 3)),
        ("payments", date(2026, 10, 31)),
        ("amount_vnd_month_to_date", date(2026, 10, 1)),
    ],
)
def test_the_period_is_the_one_that_the_figure_looks_at(figure: str, first: date) -> None:
    period = entities(published())[figure].calculation_period
    assert (period.from_, period.to) == (first, date(2026, 10, 31))


def test_money_is_a_sum_and_is_not_judged() -> None:
    amount = entities(published())["amount_vnd"]
    assert (amount.kpi_value, amount.current_standing, amount.numerator) == (
        2_100_030,
        UNSET,
        UNSET,
    )


def test_withheld_money_has_no_value_and_says_so_and_money_not_reported_has_only_none() -> None:
    few, none = entities(published(paid=4)), entities(published(paid=None))
    for name in ("payments", "amount_vnd"):
        assert (few[name].kpi_value, few[name].withheld) == (UNSET, True)
        assert (none[name].kpi_value, none[name].withheld) == (UNSET, UNSET)
        month = f"{name}_month_to_date"
        assert few[month].kpi_value is not UNSET
        assert few[month].withheld is UNSET


def test_what_is_not_known_is_absent_never_null() -> None:
    attached = entities(published(base=0, attached=0, area=None))["attached"]
    assert attached.kpi_value is attached.current_standing is attached.area is UNSET


def test_a_body_of_old_has_the_figures_that_it_had() -> None:
    found = entities(of_old())
    assert list(found) == ["registered", "issued", "attached"]
    assert found["attached"].final is UNSET


def test_many_who_do_not_use_their_code_are_no_good_standing() -> None:
    body = published()
    body["figures"]["dormant"] = {"count": 200, "rate": 93.46}
    assert entities(body)["dormant"].current_standing == "veryBad"
    body["figures"]["dormant"] = {"count": 0, "rate": 0}
    assert entities(body)["dormant"].current_standing == "veryGood"


@pytest.mark.parametrize(
    ("attached", "standing"),
    [(0, "veryBad"), (19, "veryBad"), (20, "bad"), (40, "fair"), (60, "good"), (80, "veryGood"),
     (100, "veryGood")],
)  # fmt: skip
def test_standings_are_even_fifths(attached: int, standing: str) -> None:
    assert standing in get_args(Standing)
    assert entities(published(attached=attached, base=100))["attached"].current_standing == standing


def test_the_normal_form_wraps_each_value() -> None:
    found = normal(published())
    assert found["attached"]["kpiValue"] == {
        "type": "Property",
        "value": 34.58,
        "unitCode": "P1",
        "observedAt": "2026-10-31T17:05:11Z",
    }
    assert found["attached"]["updatedAt"]["value"] == "2026-11-01T00:05:11+07:00"
    units = {name: one["kpiValue"]["unitCode"] for name, one in found.items()}
    assert (units["registered"], units["payments"], units["amount_vnd"]) == ("C62", "C62", "VND")


def test_a_reported_value_is_an_entity_that_says_no_more_than_was_reported() -> None:
    data = ngsi_ld.encode([value(), bare()], NAMES, context=CONTEXT)
    assert b"null" not in data
    whole, over = json.decode(data)
    assert whole["id"] == (
        "urn:ngsi-ld:KeyPerformanceIndicator:digital-signatures:26506.2025-07-01:2026-10-31"
    )
    assert re.fullmatch(r"[\w\-.:]{1,256}", whole["id"], re.ASCII)
    assert (whole["kpiValue"], whole["numerator"], whole["denominator"]) == (29.39, 81_691, 277_975)
    assert (whole["currentStanding"], whole["areaValidFrom"]) == ("bad", "2025-07-01")
    assert (over["kpiValue"], over["comparator"]) == (80, "gt")
    assert not {"numerator", "denominator", "calculationFormula", "unitCode"} & over.keys()


@pytest.mark.parametrize("normalized", [False, True])
def test_every_term_is_in_the_context(normalized: bool) -> None:
    terms = ngsi_context.document()["@context"]
    keys: set[str] = set()

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            keys.update(value)
            for part in value.values():
                walk(part)

    bodies = [published(), published(paid=4), of_old(), value(), bare()]
    data = ngsi_ld.encode(bodies, NAMES, context=CONTEXT, normalized=normalized)
    for entity in json.decode(data):
        walk(entity)
        assert entity["type"] in terms
    assert keys - {"@context"} <= set(terms)
    assert "Property" in terms
