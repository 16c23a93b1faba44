"""SDMX-CSV against the structure that the service hands out."""

from __future__ import annotations

import csv
import io
import re
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from msgspec import json

import tracker
from tests.unit.domain.published import contents
from tests.unit.domain.worlds import examples
from tests.unit.formats.bodies import NAMES, bare, of_old, published, sealed, value
from tracker.domain.withholding import withhold
from tracker.formats import ngsi_context, parts, sdmx_csv, structure
from tracker.formats.indicators import INDICATORS

OPENAPI = Path(tracker.__file__).parent.parent / "openapi"


DECODED: dict[str, Any] = json.decode(json.encode(structure.message()))["data"]
"""The data of the structure message, as a reader decodes it."""


@pytest.fixture
def data() -> dict[str, Any]:
    return DECODED


def components(data: dict[str, Any], place: int = 0) -> dict[str, dict[str, Any]]:
    """All components of a structure, in the order of the columns."""
    parts = data["dataStructures"][place]["dataStructureComponents"]
    listed = [
        *sorted(parts["dimensionList"]["dimensions"], key=lambda one: one["position"]),
        parts["dimensionList"]["timeDimension"],
        *parts["measureList"]["measures"],
        *parts["attributeList"]["attributes"],
    ]
    return {one["id"]: one for one in listed}


def fits(value: str, component: dict[str, Any], data: dict[str, Any]) -> bool:
    """Whether a cell is one that the structure lists or describes."""
    how = component["localRepresentation"]
    if "enumeration" in how:
        lists = {
            f"urn:sdmx:org.sdmx.infomodel.codelist.Codelist={c['agencyID']}:{c['id']}"
            f"({c['version']})": {code["id"] for code in c["codes"]}
            for c in data["codelists"]
        }
        return value in lists[how["enumeration"]]
    form = how["format"]
    if not re.fullmatch(form.get("pattern", ".*"), value):
        return False
    match form["dataType"]:
        case "Double":
            return value == "NaN" or re.fullmatch(r"-?\d+(\.\d+)?", value) is not None
        case "Integer":
            return bool(form["minValue"] <= int(value) <= form["maxValue"])
        case "GregorianDay":
            return bool(date.fromisoformat(value))
        case "DateTime":
            return datetime.fromisoformat(value).tzinfo is not None
    return len(value) <= int(form.get("maxLength", 9))


def test_every_cell_is_one_that_the_structure_knows(data: dict[str, Any]) -> None:
    bodies = [
        published(),
        published("cho-la", area=None, base=0, attached=0),
        published(area="79", revision=2, final=True),
        published(paid=4),
        published(paid=None),
        of_old(),
    ]
    text = sdmx_csv.encode(bodies, NAMES).decode()
    reader = csv.DictReader(io.StringIO(text, newline=""))
    known = components(data)
    assert reader.fieldnames == ["STRUCTURE", "STRUCTURE_ID", "ACTION", *known, "COMPARATOR"]
    rows = list(reader)
    assert len(rows) == len(bodies) * len(structure.CODES["INDICATOR"])
    flow, _ = data["dataflows"]
    for row in rows:
        assert row["STRUCTURE"] == "dataflow"
        assert row["STRUCTURE_ID"] == f"{flow['agencyID']}:{flow['id']}({flow['version']})"
        assert row["ACTION"] == "R"
        for id_, component in known.items():
            assert fits(row[id_], component, data), (id_, row[id_])
        assert not any(cell.startswith(tuple("=+@\t")) for cell in row.values())


def test_every_cell_of_a_reported_value_is_one_that_its_structure_knows(
    data: dict[str, Any],
) -> None:
    bodies = [value(), value(revision=2), bare(), value(numerator=0, denominator=0, rate=None)]
    text = sdmx_csv.encode([*bodies, published()], NAMES).decode()
    known = components(data, 1)
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    mine = [row for row in rows if row["MARKET"] == "_Z"]
    assert len(mine) == 3 + 3 + 1 + 3
    for row in mine:
        assert row["STRUCTURE_ID"] == structure.REPORTED
        for id_, component in known.items():
            assert fits(row[id_], component, data), (id_, row[id_])
    first = [(row["INDICATOR"], row["OBS_VALUE"], row["COMPARATOR"]) for row in mine[:3]]
    assert first == [
        ("digital-signatures", "29.39", "eq"),
        ("digital-signatures_NUMERATOR", "81691", "eq"),
        ("digital-signatures_DENOMINATOR", "277975", "eq"),
    ]
    over = mine[6]
    assert (over["OBS_VALUE"], over["COMPARATOR"], over["OBS_STATUS"]) == ("80.00", "gt", "A")
    assert (mine[7]["OBS_VALUE"], mine[7]["OBS_STATUS"]) == ("NaN", "M")
    assert {row["COMPARATOR"] for row in rows if row["MARKET"] != "_Z"} == {""}


@examples(100)
@given(contents())
def test_whatever_a_market_publishes_fits_the_structure(content: dict[str, Any]) -> None:
    known = components(DECODED)
    shown, _ = withhold({**published(), **content})
    found = observations(sealed(shown))
    assert list(found) == [one.code for one in INDICATORS]
    for row in found.values():
        assert row.keys() == {"STRUCTURE", "STRUCTURE_ID", "ACTION", "COMPARATOR", *known}
        for id_, component in known.items():
            assert fits(row[id_], component, DECODED), (id_, row[id_])


def observations(body: dict[str, Any]) -> dict[str, dict[str, str]]:
    """The rows of one publication, by indicator."""
    text = sdmx_csv.encode([body], NAMES).decode()
    rows = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    return {row["INDICATOR"]: row for row in rows}


def told(body: dict[str, Any], *names: str) -> list[tuple[str, ...]]:
    """Value, unit, decimals, status and confidentiality of some indicators."""
    rows = observations(body)
    columns = ("OBS_VALUE", "UNIT_MEASURE", "DECIMALS", "OBS_STATUS", "CONF_STATUS")
    return [tuple(rows[name][column] for column in columns) for name in names]


def test_every_figure_is_an_indicator_and_so_is_its_rate() -> None:
    body = published()
    rows = observations(body)
    for name, figure in body["figures"].items():
        assert rows[name.upper()]["OBS_VALUE"] == str(figure["count"])
        if name != "registered":
            assert rows[f"{name.upper()}_RATE"]["OBS_VALUE"] == f"{figure['rate']:.2f}"


def test_money_is_whole_dong() -> None:
    assert told(published(final=True), "PAYMENTS", "AMOUNT", "MONTH_TO_DATE_AMOUNT") == [
        ("90", "PAYMENT", "0", "A", "F"),
        ("2100030", "VND", "0", "A", "F"),
        ("2034000000", "VND", "0", "A", "F"),
    ]


def test_withheld_is_confidential_and_not_reported_is_missing() -> None:
    assert told(published(paid=4), "PAYMENTS", "AMOUNT", "VENDORS_PAID") == [
        ("NaN", "PAYMENT", "0", "Q", "C"),
        ("NaN", "VND", "0", "Q", "C"),
        ("4", "VENDOR", "0", "P", "F"),
    ]
    assert told(published(paid=None), "AMOUNT", "MONTH_TO_DATE_PAYMENTS") == [
        ("NaN", "VND", "0", "M", "F"),
        ("18120", "PAYMENT", "0", "P", "F"),
    ]


def test_a_day_that_is_not_final_is_provisional() -> None:
    for final, status in ((False, "P"), (True, "A")):
        rows = observations(published(final=final))
        assert {row["OBS_STATUS"] for row in rows.values()} == {status}


def test_flags_reasons_and_banks_are_counted_zeros_too() -> None:
    rows = observations(published())
    found = {
        name: row["OBS_VALUE"]
        for name, row in rows.items()
        if name.startswith(("FLAG_", "CHANGE_", "BANKS_"))
    }
    assert {name: value for name, value in found.items() if value != "0"} == {
        "CHANGE_ATTACHED": "5",
        "CHANGE_REATTACHED": "1",
        "CHANGE_REMOVED": "3",
        "CHANGE_REMOVED_TAX_WORRY": "2",
        "CHANGE_REMOVED_SUPERSEDED": "1",
        "BANKS_EXPECTED": "2",
        "BANKS_REPORTED": "1",
        "FLAG_NO_CENSUS": "1",
        "FLAG_ACTIVITY_MISSING": "1",
        "FLAG_STALE_VERIFICATION": "7",
    }
    assert len(found) == 4 + len(parts.REASONS) + 2 + 8


def test_a_body_of_old_says_nothing_of_what_came_later() -> None:
    rows = observations(of_old())
    missing = {name for name, row in rows.items() if row["OBS_VALUE"] == "NaN"}
    assert missing >= {"DORMANT", "DORMANT_RATE", "AMOUNT", "FLAG_ACTIVITY_MISSING"}
    assert {rows[name]["OBS_STATUS"] for name in missing} == {"M"}
    assert (rows["ATTACHED"]["OBS_VALUE"], rows["ATTACHED"]["OBS_STATUS"]) == ("74", "A")


def test_a_rate_stands_beside_its_two_numbers() -> None:
    assert told(published(final=True), "ATTACHED", "DENOMINATOR", "ATTACHED_RATE") == [
        ("74", "VENDOR", "0", "A", "F"),
        ("214", "VENDOR", "0", "A", "F"),
        ("34.58", "PERCENT", "2", "A", "F"),
    ]


def test_a_rate_of_nothing_cannot_exist() -> None:
    empty = published(base=0, attached=0, final=True)
    assert told(empty, "ATTACHED_RATE", "ATTACHED") == [
        ("NaN", "PERCENT", "2", "M", "F"),
        ("0", "VENDOR", "0", "A", "F"),
    ]


def test_a_whole_rate_keeps_its_decimals() -> None:
    assert observations(published(attached=107))["ATTACHED_RATE"]["OBS_VALUE"] == "50.00"


def test_every_listed_name_is_there_in_both_languages() -> None:
    for texts in structure.CODES.values():
        assert all(en and vi for en, vi in texts.values())
    codes = [one.code for one in INDICATORS]
    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize("place", [0, 1])
def test_references_within_the_structure_lead_somewhere(data: dict[str, Any], place: int) -> None:
    (scheme,), dsd, flow = (
        data["conceptSchemes"],
        data["dataStructures"][place],
        data["dataflows"][place],
    )
    concepts = {c["id"] for c in scheme["concepts"]}
    for id_, component in components(data, place).items():
        concept = component["conceptIdentity"].rpartition("=")[2]
        assert concept == f"{scheme['agencyID']}:{scheme['id']}({scheme['version']}).{id_}"
        assert id_ in concepts
    target = flow["structure"].rpartition("=")[2]
    assert target == f"{dsd['agencyID']}:{dsd['id']}({dsd['version']})"


@pytest.mark.parametrize(
    ("file", "document"),
    [
        ("structure.json", structure.message()),
        ("contexts/adoption-1.jsonld", ngsi_context.document()),
    ],
)
def test_the_committed_files_are_what_is_served(file: str, document: Any) -> None:
    text = (OPENAPI / file).read_text("utf-8")
    assert text == json.format(json.encode(document), indent=2).decode() + "\n"
