"""The reference client over the service's own API: snapshots and values in one order."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest

from tests.integration.api.city import City
from tests.integration.api.test_indicators import OVER, SIGNATURES, service
from tracker.domain.snapshot import canonical
from tracker.pull.client import Page, pull
from tracker.pull.folder import Folder
from tracker.pull.values import is_value, value_name

__all__ = ["service"]  # the fixture

URL = "https://tracker.example"


def asked(city: City, path: str) -> Page:
    """What the client gets for a path."""
    answer = city.get("ioc", path)
    assert answer.status_code == 200, answer.text
    return Page(answer.json(), answer.headers.get("tracker-cursor"))


def kept(folder: Path) -> list[tuple[str, str, str]]:
    text = (folder / "snapshots.csv").read_bytes().decode("utf-8-sig")
    rows = csv.DictReader(io.StringIO(text, newline=""))
    return [(row["indicator"] or row["market"], row["date"], row["revision"]) for row in rows]


@pytest.mark.parametrize("limit", [1, 2, 500])
def test_a_reader_has_what_the_feed_has(service: City, tmp_path: Path, limit: int) -> None:
    service.open_market()
    path = "/v1/indicators/{}/values"
    for turn in range(3):
        service.publish(f"2022-06-0{turn + 1}")
        body = {**SIGNATURES, "numerator": turn}
        service.post("admin", path.format("digital-signatures"), body)
        if turn == 1:
            service.post("admin", path.format("telecom-cashless"), OVER)
            for _ in pull(lambda p: asked(service, p), Folder(tmp_path, URL), limit=limit):
                break  # stopped after a page
    folder = Folder(tmp_path, URL)
    for _ in pull(lambda p: asked(service, p), folder, limit=limit):
        pass
    items: list[dict[str, Any]] = service.get("ioc", "/v1/snapshots").json()["items"]
    assert kept(tmp_path) == [
        (item.get("indicator") or item["market"], item["date"], str(item["revision"]))
        for item in items
    ]
    values = [item for item in items if is_value(item)]
    assert len(values) == 4
    for value in values:
        file = tmp_path / "indicators" / f"{value_name(value)}.json"
        assert file.read_bytes() == canonical(value)
