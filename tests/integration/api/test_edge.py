"""Request ids, the access log, and the application as a server starts it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from litestar.testing import TestClient

from tests.integration.api.city import HOA, MARKET, City
from tracker.app import create_app
from tracker.bootstrap import open_tracker
from tracker.observe import logs
from tracker.settings import Settings


@pytest.fixture
def lines() -> Iterator[list[dict[str, object]]]:
    """What is logged, as it comes."""
    with structlog.testing.capture_logs() as captured:
        yield captured  # type: ignore[misc]


def test_request_ids(city: City) -> None:
    given = city.get("ioc", "/v1/me", headers={"X-Request-Id": "req-42.A_b"})
    assert given.headers["x-request-id"] == "req-42.A_b"
    made = {city.get("ioc", "/v1/me").headers["x-request-id"] for _ in range(3)}
    assert len(made) == 3
    for mad in ("a b", "x" * 65, "<script>", ""):
        answer = city.get("ioc", "/v1/me", headers={"X-Request-Id": mad})
        assert answer.headers["x-request-id"] not in {mad, ""}


def test_every_answer_says_whether_it_may_be_kept(city: City) -> None:
    assert city.get("ioc", "/v1/me").headers["cache-control"] == "no-store"
    assert city.get("ioc", "/v1/adoption").headers["cache-control"] == "private, no-cache"
    assert city.get(None, "/nowhere").headers["cache-control"] == "no-store"
    assert city.get(None, "/nowhere").headers["x-content-type-options"] == "nosniff"


def test_the_access_log_names_templates_and_nobody(
    market: City, lines: list[dict[str, object]]
) -> None:
    market.register()
    market.get("manager", f"/v1/markets/{MARKET}/vendors?q=Hoa")
    market.get("manager", "/v1/vendors/Đặng-Thị-Hoa")
    market.get(None, "/Hoa")
    told = [line for line in lines if line["event"] == "request"]
    assert [line["path"] for line in told] == [
        "/v1/markets/{market}/vendors",
        "/v1/markets/{market}/vendors",
        "/v1/vendors/{vendor}",
        "(none)",
    ]
    assert [line["status"] for line in told] == [201, 200, 404, 404]
    assert all(line["request_id"] and isinstance(line["ms"], float) for line in told)
    text = json.dumps(lines, ensure_ascii=False, default=str)
    for personal in ("Hoa", "B12", "0912345678", "0123456789", market.keys["manager"]):
        assert personal not in text


def test_log_lines_are_json(capfd: pytest.CaptureFixture[str]) -> None:
    before = structlog.get_config()
    try:
        logs.configure("info")
        structlog.stdlib.get_logger("test").info("request", status=200, path=Path("x"))
        structlog.stdlib.get_logger("test").debug("not told")
    finally:
        structlog.configure(**before)
    (line,) = capfd.readouterr().err.splitlines()
    assert json.loads(line) | {"timestamp": ""} == {
        "event": "request",
        "status": 200,
        "path": "x",
        "process": "tracker",
        "level": "info",
        "timestamp": "",
    }


@pytest.mark.usefixtures("store")  # emptied: what other tests left has no version
def test_the_application_opens_its_tracker_while_it_runs(store_url: str, tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, store_url=store_url, queue_url=store_url)
    app = create_app(lambda: open_tracker(settings), settings)
    with TestClient(app) as client:
        assert client.get("/health/ready").json()["parts"]["store"] == "ok"
        assert client.get("/v1/me").status_code == 401
        assert client.post(f"/v1/markets/{MARKET}/vendors", json=HOA).status_code == 401
