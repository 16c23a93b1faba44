"""The exported contract is that of the code, whole, and its examples are requests that work."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import structs

import tracker
from tests.integration.api.city import FIRST, MARKET, City
from tracker.access.keys import ROLES
from tracker.api import contract, contract_parts
from tracker.api.contract import Route
from tracker.api.conventions.guard import PUBLIC
from tracker.domain.people import person_state
from tracker.services import areas, groups, sessions, sheets

FILE = Path(tracker.__file__).parent.parent / "openapi" / "openapi.yaml"
STORY = (
    "add_area",
    "define_indicator",
    "report_value",
    "create_market",
    "declare_census",
    "define_group",
    "register_vendor",
    "register_vendors",
    "put_account",
    "put_activity",
    "issue_code",
    "attach_code",
    "remove_code",
    "print_code",
    "make_invoice",
    "scan_stall",
    "order_sheet",
    "create_key",
    "rotate_key",
    "add_person",
    "invite_person",
    "accept_invitation",
    "sign_in",
    "change_password",
    "import_file",
    "run_snapshots",
    "correct_vendor",
    "move_vendor",
    "put_status",
    "void_event",
    "decide_approval",
)
"""In this order the examples of what writes make one small story; what reads follows."""

BY_COOKIE = ("change_password", "end_session", "sign_out")
"""What a person does by the cookie of their session, not by a key."""

LAST = (
    "end_session",
    "sign_out",
    "end_sessions",
    "revoke_code",
    "unlink_account",
    "erase_personal_data",
    "revoke_key",
)
"""What ends something that the others need."""


def test_the_file_is_what_the_code_says(city: City) -> None:
    assert FILE.read_text("utf-8") == contract.export(city.app), (
        "The contract has changed: `tracker openapi > openapi/openapi.yaml`, and tell partners."
    )


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def test_every_operation_is_told_whole(city: City) -> None:
    document = contract.document(city.app)
    assert document["openapi"] == "3.1.0"
    ids = [o["operationId"] for _, _, o in operations(document)]
    assert len(ids) == len(set(ids))
    for path, method, operation in operations(document):
        where = f"{method} {path}"
        assert operation["summary"], where
        assert len(operation["description"]) > 10, where
        assert "curl" in operation["x-codeSamples"][0]["source"], where
        public = operation.get("security") == []
        assert public or set(operation["x-roles"]) <= set(ROLES), where
        assert public or "Roles: " in operation["description"], where
        assert public or "401" in operation["responses"], where
        assert "500" in operation["responses"], where
        for status, answer in operation["responses"].items():
            assert answer["description"], where
            if int(status) >= 400:
                assert set(answer["content"]) == {"application/problem+json"}, where
                assert next(iter(answer["content"].values()))["examples"], where
        placed = {p["name"] for p in operation.get("parameters", []) if p["in"] == "path"}
        assert placed == set(re.findall(r"\{(\w+)\}", path)), where
        if "requestBody" in operation:
            for content in list(operation["requestBody"]["content"].values())[:1]:
                assert content["examples"]["request"]["value"], where


def test_references_lead_somewhere(city: City) -> None:
    document = contract.document(city.app)
    text = msgspec.json.encode(document).decode()
    references = set(re.findall(r'"\$ref":"#/([^"]+)"', text))
    assert len(references) > 30
    for reference in references:
        place: Any = document
        for part in reference.split("/"):
            assert part in place, reference
            place = place[part]
    assert "_" not in "".join(document["components"]["schemas"])


@pytest.fixture
def told(city: City) -> dict[str, Any]:
    """Every example of the contract, sent once in the order of the story; its answers by id."""
    city.clock.ms = 1_795_000_000_000  # November 2026
    for first_start in (areas.seed, groups.seed):
        city.run(first_start(city.tracker))
    known = {route.handler.fn.__name__: route for route in contract.routes(city.app)}
    answers: dict[str, Any] = {}
    found = {"job": "", "key": "", "sheet": "", "approval": ""}
    rest = [name for name in known if name not in (*STORY, *LAST)]
    for name in (*STORY, *rest, *LAST):
        if name == rest[0]:
            city.publish("2023-05-31")
        if name == "decide_approval":
            found["approval"] = _ask(city)
        if name == "decide_doubt":
            found["doubt"] = _namesake(city)
        if name == "end_session":
            found["session"] = _elsewhere(city, found["person"])
        if name == "erase_personal_data":
            status = {"status": "left"}
            path = f"/v1/vendors/{FIRST}/status"
            city.call("admin", "PUT", path, status, headers={"If-Match": "*"})
        answers[name] = answer = _send(city, known[name], found)
        if name == "add_person":
            found["person"] = answer.json()["id"]
        if name == "invite_person":
            found["token"] = answer.json()["token"]
        if name in ("accept_invitation", "sign_in", "change_password"):
            found["csrf"] = answer.json()["csrf_token"]
        if name == "create_key":
            found["key"] = answer.json()["id"]
        if name == "run_snapshots":
            found["job"] = answer.json()["id"]
        if name == "order_sheet":
            found["sheet"] = city.worked(answer.json()["id"], sheets.run)["id"]
    return answers


def _ask(city: City) -> str:
    """Somebody else asks for a lower census; the approval's id."""
    lower = {"effective_on": "2023-01-01", "vendors": 213, "source": "Ban quản lý chợ"}
    asked = city.post("manager", f"/v1/markets/{MARKET}/census", lower)
    assert asked.status_code == 202, asked.text
    id_: str = asked.json()["id"]
    return id_


def _namesake(city: City) -> str:
    """Another trader of the first one's name; the id of the doubt that this raises."""
    name = city.get("manager", f"/v1/vendors/{FIRST}").json()["name"]
    city.register(stall="Z9", name=name)
    doubts = city.get("manager", f"/v1/markets/{MARKET}/doubts").json()["items"]
    id_: str = next(doubt["id"] for doubt in doubts if doubt["kind"] == "same_name")
    return id_


def _elsewhere(city: City, person: str) -> str:
    """A session that this person has in another browser; its id."""
    state = person_state(city.run(city.tracker.people.account(person)).facts)
    assert state is not None
    return city.run(sessions.begin(city.tracker, state)).digest[: sessions.ID_CHARS]


def _send(city: City, route: Route, found: dict[str, str]) -> Any:
    doc = route.doc
    path = contract_parts.address(route.path, doc.query, doc.path)
    for name, value in found.items():
        if name in contract_parts.PATHS:
            path = path.replace(contract_parts.PATHS[name], value)
    if doc.body is not None and "token" in doc.body:
        doc = structs.replace(doc, body={**doc.body, "token": found["token"]})
    more: dict[str, Any] = {} if doc.file is None else {"content": doc.file.encode()}
    if doc.if_match or doc.if_match_to_replace:
        more["headers"] = {"If-Match": "*"}
    as_ = None if route.permission == PUBLIC else contract.roles(route)[0]
    if route.handler.fn.__name__ in BY_COOKIE:
        as_, more["headers"] = None, {"X-CSRF-Token": found["csrf"]}
    return city.call(as_, route.method.upper(), path, doc.body, **more)


def test_every_example_works_and_is_answered_in_its_shape(city: City, told: dict[str, Any]) -> None:
    for route in contract.routes(city.app):
        answer = told[route.handler.fn.__name__]
        where = (route.path, route.method, answer.text[:500])
        assert answer.status_code in route.doc.answers, where
        said = route.doc.answers[answer.status_code]
        assert answer.headers["content-type"].split(";")[0] in said.media_type.split(), where
        if said.shape is not None:
            msgspec.json.decode(answer.content, type=said.shape)
        for header in said.headers:
            assert header in answer.headers, where
    assert told["register_vendor"].json()["vendor"] == FIRST
    assert told["get_snapshot"].json()["market"] == MARKET


def test_openapi_json_and_docs_need_no_network(city: City) -> None:
    document = city.get(None, "/openapi.json")
    assert document.json() == contract.document(city.app)
    page = city.get(None, "/docs")
    assert "script-src" not in page.headers["content-security-policy"]
    assert not re.search(r"<(script|link|img|iframe)|src=|@import|url\(", page.text)
    assert not re.search(r"""href=["']?https?:""", page.text)
    for path, _, operation in operations(document.json()):
        assert f"<code>{path}</code>" in page.text
        assert f'id="{operation["operationId"]}"' in page.text
    for code in set(re.findall(r'href="(/problems/[a-z0-9-]+)"', page.text)):
        assert city.get(None, code).status_code == 200
