"""NGSI-LD entities against the fields of the KeyPerformanceIndicator model, typed a second time."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any, Literal, get_args

import pytest
from msgspec import UNSET, Struct, UnsetType, field, json

from tests.unit.formats.bodies import NAMES, bare, published, value
from tracker.formats import ngsi_context, ngsi_ld

CONTEXT = "https://ioc.example/contexts/adoption-1.jsonld"
Category = Literal[
    "quantitative", "qualitative", "leading", "lagging", "input", "process", "output",
    "practical", "directional", "actionable", "financial",
]  # fmt: skip
Standing = Literal["veryGood", "good", "fair", "bad", "veryBad"]


class Period(Struct, forbid_unknown_fields=True):
    from_: date = field(name="from")
    to: date


class Entity(Struct, forbid_unknown_fields=True, rename="camel"):
    """What the model (v0.2.1) asks of an entity, and our three fields."""

    id: str
    type: Literal["KeyPerformanceIndicator"]
    context: str = field(name="@context")
    name: str
    organization: str
    process: str
    category: list[Category]
    calculation_method: Literal["manual", "automatic", "semiautomatic"]
    calculation_frequency: Literal["hourly", "daily", "weekly", "monthly", "yearly"]
    calculation_formula: str
    calculation_period: Period
    updated_at: datetime
    date_next_calculation: date
    numerator: int
    revision: int
    denominator: int | UnsetType = UNSET
    kpi_value: int | float | UnsetType = UNSET
    current_standing: Standing | UnsetType = UNSET
    area: str | UnsetType = UNSET


def entities(body: dict[str, Any]) -> dict[str, Entity]:
    data = ngsi_ld.encode([body], NAMES, context=CONTEXT)
    return {one.id.split(":")[4]: one for one in json.decode(data, type=list[Entity])}


def test_entities_fit_the_model() -> None:
    found = entities(published())
    assert list(found) == ["registered", "issued", "attached"]
    attached = found["attached"]
    assert attached.id == "urn:ngsi-ld:KeyPerformanceIndicator:cho-vung-tau:attached:2026-10-31"
    assert re.fullmatch(r"[\w\-.:]{1,256}", attached.id, re.ASCII)
    assert attached.organization == "Chợ Vũng Tàu"
    assert (attached.kpi_value, attached.numerator, attached.denominator) == (34.58, 74, 214)
    assert attached.current_standing == "bad"
    assert attached.area == "26506"
    assert attached.calculation_period.from_ == attached.calculation_period.to
    assert attached.date_next_calculation == date(2026, 11, 2)
    assert found["registered"].kpi_value == 200
    assert found["registered"].denominator is UNSET


def test_what_is_not_known_is_absent_never_null() -> None:
    body = published(base=0, attached=0, area=None)
    data = ngsi_ld.encode([body], NAMES, context=CONTEXT)
    assert b"null" not in data
    attached = entities(body)["attached"]
    assert attached.kpi_value is attached.current_standing is attached.area is UNSET


@pytest.mark.parametrize(
    ("attached", "standing"),
    [(0, "veryBad"), (19, "veryBad"), (20, "bad"), (40, "fair"), (60, "good"), (80, "veryGood"),
     (100, "veryGood")],
)  # fmt: skip
def test_standings_are_even_fifths(attached: int, standing: str) -> None:
    assert standing in get_args(Standing)
    assert entities(published(attached=attached, base=100))["attached"].current_standing == standing


def test_the_normal_form_wraps_each_value() -> None:
    data = ngsi_ld.encode([published()], NAMES, context=CONTEXT, normalized=True)
    registered, _, attached = json.decode(data)
    assert attached["kpiValue"] == {
        "type": "Property",
        "value": 34.58,
        "unitCode": "P1",
        "observedAt": attached["updatedAt"]["value"],
    }
    assert registered["kpiValue"]["unitCode"] == "C62"
    plain = json.decode(ngsi_ld.encode([published()], NAMES, context=CONTEXT))
    flat = {
        key: value["value"] if isinstance(value, dict) else value for key, value in attached.items()
    }
    assert flat == plain[2]


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

    bodies = [published(), value(), bare()]
    data = ngsi_ld.encode(bodies, NAMES, context=CONTEXT, normalized=normalized)
    for entity in json.decode(data):
        walk(entity)
        assert entity["type"] in terms
    assert keys - {"@context"} <= set(terms)
    assert "Property" in terms
