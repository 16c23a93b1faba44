"""Everything that is refused is a problem document, and says nothing that it should not."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import BusyLoadingError, OutOfMemoryError, ResponseError
from redis.exceptions import ConnectionError as Away

import tracker
from tests.integration.api.city import FIRST, HOA, MARKET, City, problem
from tests.integration.conftest import Run
from tests.integration.registry import Clock
from tracker.api.catalogue import faults, problems
from tracker.services.context import Answered
from tracker.store.failures import DiskLow


def test_what_the_router_refuses(city: City) -> None:
    problem(city.get("admin", "/v1/nowhere"), 404, "NOT_FOUND")
    problem(city.get(None, "/nowhere"), 404, "NOT_FOUND")
    answer = city.call("admin", "PUT", "/v1/markets", {})
    problem(answer, 405, "METHOD_NOT_ALLOWED")
    assert set(answer.headers["allow"].replace(" ", "").split(",")) == {"GET", "POST", "OPTIONS"}
    assert city.call(None, "OPTIONS", "/v1/markets").status_code == 204


def test_all_faults_of_a_body_are_told_with_their_places(market: City) -> None:
    body = {
        "stall": "",
        "nam": "Hoa",
        "phone": "x12",
        "partner_ref": "r" * 200,
        "account": {"bin": 970436, "number": "1 2", "holder": ["Hoa"], "extra~/": 1},
        "issue_code": "yes",
    }
    answer = market.post("manager", f"/v1/markets/{MARKET}/vendors", body)
    found = {f["pointer"]: f["code"] for f in problem(answer, 400, "INVALID_BODY")["errors"]}
    assert found == {
        "/nam": "UNKNOWN_FIELD",
        "/stall": "EMPTY",
        "/name": "MISSING",
        "/phone": "PHONE_UNREADABLE",
        "/partner_ref": "TOO_LONG",
        "/account/extra~0~1": "UNKNOWN_FIELD",
        "/account/bin": "TYPE",
        "/account/holder": "TYPE",
        "/issue_code": "TYPE",
    }
    assert "Did you mean `name`?" in answer.text
    assert market.get("manager", f"/v1/markets/{MARKET}/vendors").json() == {"items": []}


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("/v1/markets", {"id": "Chợ", "prefix": "1AB", "zones": ["", 1]},
         {"/id": "PATTERN", "/name": "MISSING", "/prefix": "PATTERN", "/opened_on": "MISSING",
          "/zones/0": "EMPTY", "/zones/1": "TYPE"}),
        ("/v1/markets", {"id": "sys", "name": "x", "prefix": "SYS", "opened_on": "2020-01-01"},
         {"/id": "RESERVED"}),
        ("/v1/markets", [], {"": "TYPE"}),
        (f"/v1/markets/{MARKET}/census",
         {"effective_on": "2023-02-30", "vendors": -1, "source": None},
         {"/effective_on": "TYPE", "/vendors": "OUT_OF_RANGE", "/source": "MISSING"}),
        (f"/v1/markets/{MARKET}/census", {"effective_on": "0023-05-02", "vendors": True,
         "source": "x"}, {"/effective_on": "OUT_OF_RANGE", "/vendors": "TYPE"}),
        (f"/v1/markets/{MARKET}/census", {"effective_on": "2023-05-02T00:00:00Z", "vendors": 1.5,
         "source": "x"}, {"/effective_on": "TYPE", "/vendors": "TYPE"}),
        ("/v1/areas", {"code": "26506", "name": "P", "valid_from": "2025-07-01",
         "valid_to": "2025-07-01"}, {"/valid_to": "ORDER"}),
        (f"/v1/codes/{FIRST}.c1/attachments", {"occurred_at": "2023-05-01T10:00:00",
         "evidence": {"kind": "hearsay"}},
         {"/occurred_at": "TYPE", "/evidence/kind": "NOT_ALLOWED"}),
        (f"/v1/codes/{FIRST}.c1/removals", {}, {"/reason": "MISSING"}),
        ("/v1/keys", {"name": "n", "role": "king", "bins": ["12"]},
         {"/role": "NOT_ALLOWED", "/bins/0": "PATTERN"}),
        ("/v1/snapshots/runs", {"from": "2020-02-01", "to": "2020-01-01"}, {"/to": "ORDER"}),
        ("/v1/snapshots/runs", {"from": "2020-02-01", "to": "2020-02-01", "markets": ["nope"]},
         {"/markets/0": "MARKET_UNKNOWN"}),
    ],
)  # fmt: skip
def test_bodies_and_their_faults(market: City, path: str, body: Any, expected: Any) -> None:
    market.register(issue_code=True)
    answer = market.post("admin", path, body)
    told = problem(answer, 400, "INVALID_BODY")["errors"]
    assert {f["pointer"]: f["code"] for f in told} == expected
    assert all(f["code"] in faults() and f["detail"] for f in told)


def test_what_is_no_json_at_all(market: City) -> None:
    path = f"/v1/markets/{MARKET}/vendors"
    json_ = {"Content-Type": "application/json"}
    for raw in (b"{", b'"\\ud800"', b'{"name": "\xff"}', b"[" * 100_000, b"\xef\xbb\xbf{}"):
        answer = market.call("manager", "POST", path, content=raw, headers=json_)
        problem(answer, 400, "MALFORMED_JSON")
    problem(market.call("manager", "POST", path, headers=json_), 400, "INVALID_BODY")
    text = {"Content-Type": "text/plain"}
    problem(market.call("manager", "POST", path, content=b"{}", headers=text), 415, "MEDIA_TYPE")
    gzip = {**json_, "Content-Encoding": "gzip"}
    problem(market.call("manager", "POST", path, content=b"{}", headers=gzip), 415, "MEDIA_TYPE")


def test_a_body_beyond_its_limit(market: City) -> None:
    big = {**HOA, "name": "x" * (market.tracker.settings.body_bytes_max + 1)}
    problem(market.post("manager", f"/v1/markets/{MARKET}/vendors", big), 413, "TOO_LARGE")


def test_parts_of_the_address(market: City) -> None:
    said = problem(
        market.get("manager", f"/v1/markets/{MARKET}/vendors?limit=0&stage=happy&bank=1"),
        400,
        "INVALID_PARAMETER",
    )
    assert {f["pointer"] for f in said["errors"]} == {"/query/limit", "/query/stage", "/query/bank"}
    assert "happy" not in json.dumps(said)
    problem(market.get("ioc", f"/v1/markets/{MARKET}/snapshots/May"), 400, "INVALID_PARAMETER")
    unknown = market.get("manager", f"/v1/markets/{MARKET}/vendors?stgae=issued")
    assert problem(unknown, 400, "QUERY_UNKNOWN")["errors"][0]["pointer"] == "/query/stgae"
    twice = market.get("manager", f"/v1/markets/{MARKET}/vendors?stage=issued&stage=attached")
    assert problem(twice, 400, "INVALID_PARAMETER")["errors"][0]["code"] == "TWICE"
    for name in ("stage", "bank"):
        null = market.get("manager", f"/v1/markets/{MARKET}/vendors?{name}=null")
        problem(null, 400, "INVALID_PARAMETER")
    named = market.get("manager", f"/v1/markets/{MARKET}/vendors?q=null")
    assert named.status_code == 200


def test_a_taken_stall_tells_the_vendor_code_and_nothing_else(market: City) -> None:
    market.register()
    body = {"stall": "B12", "name": "Trần Văn Tám"}
    said = problem(
        market.post("bank", f"/v1/markets/{MARKET}/vendors", body, key="x"), 409, "STALL_TAKEN"
    )
    assert said["vendor"] == FIRST
    assert "Hoa" not in json.dumps(said, ensure_ascii=False)


class Failing:
    """The store, until it is told to fail."""

    def __init__(self, store: Redis) -> None:
        self._store = store
        self.error: Exception | None = None

    def __getattr__(self, name: str) -> Any:
        if self.error is not None:
            raise self.error
        return getattr(self._store, name)


@pytest.fixture
def failing(store: Redis) -> Failing:
    return Failing(store)


@pytest.fixture
def frail(run: Run, failing: Failing, clock: Clock) -> City:
    """A service over a store that can be told to fail; the manager's key is remembered."""
    client: Any = failing
    city = City(run, client, clock)
    city.open_market()
    assert city.get("manager", "/v1/me").status_code == 200
    return city


def test_an_unexpected_error_says_only_where_to_look(
    frail: City, failing: Failing, capsys: pytest.CaptureFixture[str]
) -> None:
    failing.error = RuntimeError("Đặng Thị Hoa 0912345678")
    answer = frail.get("manager", f"/v1/markets/{MARKET}/adoption")
    said = problem(answer, 500, "INTERNAL")
    logged = capsys.readouterr().out
    assert said["request_id"] in logged
    assert "RuntimeError" in logged
    assert "doorkeeper.py" in logged
    for text in (answer.text, logged):
        assert "Hoa" not in text
        assert "Traceback" not in text


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Away("Error 111 connecting to 10.0.0.7:6379"), "STORE_AWAY"),
        (BusyLoadingError("Redis is loading the dataset in memory"), "STORE_AWAY"),
        (ResponseError("MISCONF Errors writing to the AOF file: No space left"), "STORE_AWAY"),
        (OutOfMemoryError("command not allowed when used memory > 'maxmemory'."), "STORE_FULL"),
        (ResponseError("OOM command not allowed"), "STORE_FULL"),
        (DiskLow("command not allowed when used memory > 'maxmemory'."), "STORE_DISK_LOW"),
    ],
)
def test_a_store_that_cannot_write_is_503(
    frail: City, failing: Failing, error: Exception, code: str
) -> None:
    failing.error = error
    path = f"/v1/markets/{MARKET}"
    for answer in (
        frail.get("manager", f"{path}/adoption"),
        frail.get("bank", "/v1/me"),
        frail.post("manager", f"{path}/vendors", HOA, key="k"),
    ):
        problem(answer, 503, code)
        assert int(answer.headers["retry-after"]) > 0
        assert "10.0.0.7" not in answer.text
    said = problem(frail.get(None, "/health/ready"), 503, "NOT_READY")
    assert [fault["pointer"] for fault in said["errors"]] == ["/parts/store"]
    assert frail.get(None, "/health/live").status_code == 200
    failing.error = None
    assert frail.post("manager", f"{path}/vendors", HOA, key="k").status_code == 201


def test_every_code_that_the_code_can_raise_has_its_page(city: City) -> None:
    raised, told = _codes_in_source()
    internal = {Answered.default_code}
    assert raised - internal - set(problems()) == set()
    assert told - set(faults()) - set(problems()) == set()
    for code in problems():
        page = city.get(None, "/problems/" + code.lower().replace("_", "-"))
        assert page.status_code == 200
        assert problems()[code].mend.split()[0] in page.text
    listed = city.get(None, "/problems").text
    assert all(code in listed for code in [*problems(), *faults()])
    problem(city.get(None, "/problems/no-such-thing"), 404, "NOT_FOUND")


def _codes_in_source() -> tuple[set[str], set[str]]:
    """Codes of errors (`code="…"`, `default_code = "…"`) and of faults (`Fault(…, "…")`)."""
    raised: set[str] = set()
    told: set[str] = set()
    for file in Path(tracker.__file__).parent.rglob("*.py"):
        if file.parent.name == "vietqr":
            continue  # findings about a payload, not refusals; see tracker.vietqr.problems
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            match node:
                case ast.Call(
                    func=ast.Name(id="Fault"), args=[_, ast.Constant(value=str(code)), *_]
                ):
                    told.add(code)
                case ast.Call(func=ast.Name(id=name), keywords=keywords) if name[:1].isupper():
                    kinds = told if name == "Fault" else raised
                    kinds |= {
                        word.value.value
                        for word in keywords
                        if word.arg == "code"
                        and isinstance(word.value, ast.Constant)
                        and isinstance(word.value.value, str)
                    }
                case ast.Assign(
                    targets=[ast.Name(id="default_code")], value=ast.Constant(value=str(code))
                ):
                    raised.add(code)
    return raised, told
