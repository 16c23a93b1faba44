"""The links of the contract lead somewhere, and what follows an answer works."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tests.integration.api.city import MARKET, City
from tracker.api import contract, contract_parts
from tracker.api.contract import Route
from tracker.services import areas

STORY = (
    "add_area",
    "create_market",
    "define_indicator",
    "report_value",
    "define_group",
    "register_vendor",
    "put_account",
    "issue_code",
    "attach_code",
    "put_activity",
    "print_code",
    "scan_stall",
    "import_file",
    "create_key",
    "rotate_key",
    "add_person",
    "move_vendor",
)
"""Operations whose answers have links; each example works after those before it."""


def linked(document: dict[str, Any]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Each answer that has links, with its operation."""
    for methods in document["paths"].values():
        for operation in methods.values():
            for answer in operation["responses"].values():
                if "links" in answer:
                    yield operation, answer


def test_each_names_an_operation_and_what_the_answer_holds(city: City) -> None:
    document = contract.document(city.app)
    known = {
        operation["operationId"]: operation
        for methods in document["paths"].values()
        for operation in methods.values()
    }
    components = document["components"]["links"]
    used = set()
    for operation, answer in linked(document):
        for to, reference in answer["links"].items():
            name = reference["$ref"].rpartition("/")[2]
            used.add(name)
            link, where = components[name], (operation["operationId"], name)
            assert link["operationId"] == to, where
            taken = {p["name"]: p["in"] for p in known[to]["parameters"]}
            for parameter, expression in link["parameters"].items():
                assert parameter in taken, where
                assert (parameter == "If-Match") == (expression == "$response.header.ETag"), where
                if expression == "$response.header.ETag":
                    assert "ETag" in answer["headers"], where
                elif expression.startswith("$request.path."):
                    own = {p["name"] for p in operation["parameters"] if p["in"] == "path"}
                    assert expression.rpartition(".")[2] in own, where
                else:
                    shape = answer["content"]["application/json"]["schema"]
                    assert place(document, shape, expression), where
    assert used == set(components)


def place(document: dict[str, Any], shape: dict[str, Any], expression: str) -> dict[str, Any]:
    """What a shape says of the place that an expression points to."""
    assert expression.startswith("$response.body#/")
    for step in expression.partition("#/")[2].split("/"):
        while "$ref" in shape:
            shape = document["components"]["schemas"][shape["$ref"].rpartition("/")[2]]
        shape = shape["items"] if step.isdigit() else shape["properties"][step]
    return shape


def test_what_an_answer_names_can_be_read(city: City) -> None:
    city.clock.ms = 1_795_000_000_000  # November 2026
    city.run(areas.seed(city.tracker))
    known = {route.name: route for route in contract.routes(city.app)}
    path: dict[str, str] = {}
    read = set()
    for route in (known[name] for name in STORY):
        answer = send(city, route, path)
        for link in route.doc.answers[answer.status_code].links:
            to = known[link.to]
            given = {name: value(answer, at, route) for name, at in link.parameters.items()}
            if to.method != "get" or set(re.findall(r"{(\w+)}", to.path)) != given.keys():
                continue
            if None not in given.values():
                found = city.get("admin", to.path.format(**given))
                assert found.status_code == 200, (link.to, found.text)
                read.add(link.to)
    assert read >= {
        *("get_market", "market_adoption", "list_vendors", "get_vendor", "list_codes", "get_code"),
        *("draw_code", "list_vendor_events", "get_activity", "list_values", "get_incident"),
        *("get_job", "list_rows", "get_person"),
    }


def send(city: City, route: Route, path: dict[str, str]) -> Any:
    """The example of an operation, by the admin; ids that it makes are kept in `path`."""
    doc = route.doc
    address = contract_parts.address(route.path, doc.query, doc.path | path)
    more: dict[str, Any] = {} if doc.file is None else {"content": doc.file.encode()}
    headers = {"If-Match": "*"} if doc.if_match_to_replace else {}
    answer = city.call("admin", route.method.upper(), address, doc.body, headers=headers, **more)
    assert answer.status_code in doc.answers, answer.text
    if route.name == "create_key":
        path["key"] = answer.json()["id"]
    return answer


def value(answer: Any, expression: str, route: Route) -> str | None:
    """What a runtime expression comes to."""
    if expression.startswith("$request.path."):
        own: dict[str, str] = contract_parts.PATHS | route.doc.path
        return own[expression.rpartition(".")[2]]
    found = answer.json()
    for step in expression.partition("#/")[2].split("/"):
        if step.isdigit() and len(found) <= int(step):
            return None
        found = found[int(step) if step.isdigit() else step]
    return None if found is None else str(found)


def test_a_change_goes_on_with_the_etag_that_came_with_the_answer(city: City) -> None:
    city.open_market()
    components = contract.document(city.app)["components"]["links"]
    told = components["correct_vendor.vendor"]["parameters"]
    assert told == {"vendor": "$response.body#/vendor", "If-Match": "$response.header.ETag"}
    made = city.post("manager", f"/v1/markets/{MARKET}/vendors", {"stall": "B1", "name": "An"})
    patched = city.call(
        "manager",
        "PATCH",
        f"/v1/vendors/{made.json()['vendor']}",
        {"zone": "Khu A"},
        headers={"If-Match": made.headers["ETag"]},
    )
    assert patched.status_code == 200, patched.text
