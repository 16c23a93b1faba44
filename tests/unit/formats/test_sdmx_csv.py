"""SDMX-CSV against the structure that the service hands out."""

from __future__ import annotations

import csv
import io
import re
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec import json

import tracker
from tests.unit.formats.bodies import NAMES, bare, published, value
from tracker.formats import ngsi_context, sdmx_csv, structure

OPENAPI = Path(tracker.__file__).parent.parent / "openapi"


@pytest.fixture(scope="module")
def data() -> dict[str, Any]:
    """The data of the structure message, as a reader decodes it."""
    decoded: dict[str, Any] = json.decode(json.encode(structure.message()))["data"]
    return decoded


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
        published(area="79", revision=2),
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


def test_a_rate_stands_beside_its_two_numbers() -> None:
    rows = {row[6]: row for row in sdmx_csv.rows(published())}
    assert rows["ATTACHED"][8] == "74"
    assert rows["DENOMINATOR"][8] == "214"
    assert rows["ATTACHED_RATE"][8:12] == ("34.58", "PERCENT", "0", "2")
    assert rows["CHANGE_REMOVED"][8] == "3"


def test_a_rate_of_nothing_cannot_exist() -> None:
    rows = {row[6]: row for row in sdmx_csv.rows(published(base=0, attached=0))}
    assert (rows["ATTACHED_RATE"][8], rows["ATTACHED_RATE"][12]) == ("NaN", "M")
    assert (rows["ATTACHED"][8], rows["ATTACHED"][12]) == ("0", "A")


def test_a_whole_rate_keeps_its_decimals() -> None:
    rows = {row[6]: row for row in sdmx_csv.rows(published(attached=107))}
    assert rows["ATTACHED_RATE"][8] == "50.00"


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
