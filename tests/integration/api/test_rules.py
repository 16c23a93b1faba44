"""What the contract says between the fields of a body is what the service asks for."""

from __future__ import annotations

from itertools import product
from typing import Any

import jsonschema_rs
import pytest

from tests.integration.api.city import City
from tracker.access.keys import Principal, scope_faults
from tracker.api import contract
from tracker.api.conventions import bodies
from tracker.api.resources.codes import Evidence, NewAttachment, NewCode
from tracker.api.resources.imports import NewImport
from tracker.api.resources.indicator_bodies import NewReport
from tracker.api.resources.keys import NewKey
from tracker.api.resources.people import NewPerson
from tracker.api.resources.vendors import NewVendor, wanted
from tracker.api.rules import RULES
from tracker.domain.errors import Invalid
from tracker.domain.indicators import faults
from tracker.services import vendors

ABSENT = object()
ADMIN = Principal(id="a", name="", role="admin")
ACCOUNT = {"bin": "970436", "number": "0123456789"}
TRIED: dict[type[Any], tuple[dict[str, Any], dict[str, tuple[Any, ...]]]] = {
    NewCode: (
        {"bin": "970436"},
        {
            "source": (ABSENT, None, "composed", "supplied"),
            "payload": (ABSENT, None, "", "000201"),
        },
    ),
    Evidence: (
        {},
        {
            "kind": (ABSENT, "scan", "photo", "declared"),
            "scan": (ABSENT, None, "", "CVT-0001-S.s1"),
        },
    ),
    NewKey: (
        {"name": "VCB"},
        {
            "role": ("bank", "manager", "field", "ioc", "admin", "auditor"),
            "bins": (ABSENT, None, [], ["970436"]),
            "markets": (ABSENT, None, [], ["cho-vung-tau"]),
        },
    ),
    NewPerson: (
        {"name": "Mai", "login": "mai@example.vn"},
        {
            "role": ("bank", "manager", "field", "ioc", "admin", "auditor"),
            "bins": (ABSENT, [], ["970436"]),
            "markets": (ABSENT, [], ["cho-vung-tau"]),
        },
    ),
    NewReport: (
        {"area": "26506", "date": "2026-10-31", "source": "UBND"},
        {
            "bare": (ABSENT, None, False, True),
            "numerator": (ABSENT, None, 1),
            "denominator": (ABSENT, None, 2),
            "rate": (ABSENT, None, 50.0),
            "comparator": (ABSENT, None, "eq", "ge"),
        },
    ),
    NewVendor: (
        {"stall": "B12", "name": "An"},
        {"issue_code": (ABSENT, None, False, True), "account": (ABSENT, None, ACCOUNT)},
    ),
    NewImport: (
        {},
        {
            "kind": ("roster", "attachments", "activity"),
            "market": (ABSENT, None, "", "cho-vung-tau"),
        },
    ),
}
"""By shape what a body has anyhow, and what its fields are tried with."""


def taken(shape: type[Any], body: dict[str, Any]) -> bool:
    """Whether the service takes a body, as far as its fields go."""
    try:
        if shape is Evidence:
            bodies.check({"evidence": body}, NewAttachment)
            return True
        made = bodies.check(body, shape)
        if isinstance(made, NewVendor):
            vendors.check(ADMIN, wanted(made))
    except Invalid:
        return False
    if isinstance(made, NewKey | NewPerson):
        return not scope_faults(made.role, frozenset(made.bins), frozenset(made.markets))
    if isinstance(made, NewReport):
        return not [*faults(made.stated(), "percent")]
    if isinstance(made, NewImport):
        return made.kind != "roster" or made.market is not None
    return True


@pytest.mark.parametrize("shape", TRIED, ids=lambda shape: shape.__name__)
def test_schema_and_service_take_the_same(city: City, shape: type[Any]) -> None:
    document = contract.document(city.app)
    known = {**document["components"]["schemas"]}
    if shape is NewImport:
        content = document["paths"]["/v1/imports"]["post"]["requestBody"]["content"]
        form = content["multipart/form-data"]["schema"]
        known["NewImport"] = {**form, "required": ["kind"]}
    schema = {
        "$ref": f"#/components/schemas/{shape.__name__}",
        "components": {"schemas": known},
    }
    valid = jsonschema_rs.validator_for(schema).is_valid
    anyhow, fields = TRIED[shape]
    for values in product(*fields.values()):
        body = anyhow | dict(zip(fields, values, strict=True))
        body = {name: value for name, value in body.items() if value is not ABSENT}
        if shape is NewImport and None in body.values():
            continue  # a form has no null
        assert valid(body) == taken(shape, body), body


def test_every_rule_is_tried() -> None:
    assert set(RULES) == {shape.__name__ for shape in TRIED}
