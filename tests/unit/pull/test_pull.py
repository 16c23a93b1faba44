"""The reference client: what it refuses, and that a stop anywhere loses and doubles nothing."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from msgspec import json

from tests.unit.formats.bodies import NAMES, chain, published
from tracker.domain.snapshot import canonical, sha256
from tracker.formats import flat_csv
from tracker.pull.checks import FIRST, Untrue, check
from tracker.pull.client import Page, Refused, over_http, pull
from tracker.pull.folder import Folder, Unusable

URL = "https://ioc.example"


def rows(folder: Path) -> list[tuple[str, str]]:
    text = (folder / "snapshots.csv").read_bytes().decode("utf-8-sig")
    read = csv.DictReader(io.StringIO(text, newline=""))
    return [(row["market_name"], row["date"]) for row in read]


def files(folder: Path) -> list[str]:
    return sorted(str(f.relative_to(folder / "snapshots")) for f in folder.rglob("*.r*.json"))


def resealed(body: dict[str, Any]) -> dict[str, Any]:
    """A body whose own digest was made to fit again."""
    rest = {key: value for key, value in body.items() if key != "digest"}
    return {**rest, "digest": sha256(canonical(rest))}


def test_a_true_body_passes() -> None:
    first, second = chain(2)
    assert check(first, FIRST) == first["digest"]
    assert check(second, first["digest"]) == second["digest"]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"figures": {"attached": {"count": 168}}}, "its digest"),
        ({"published_at": "2020-01-01T00:00:00+07:00"}, "its digest"),
        ({"market": "../etc"}, "proper market"),
        ({"date": "2026-1-1"}, "proper market"),
        ({"revision": True}, "proper market"),
        ({"revision": 0}, "proper market"),
    ],
)
def test_a_changed_body_is_found(change: dict[str, Any], why: str) -> None:
    with pytest.raises(Untrue, match=why):
        check({**published(), **change}, FIRST)


def test_a_body_that_was_sealed_again_is_found() -> None:
    body = resealed({**published(), "denominator": {"value": 1, "basis": "census"}})
    with pytest.raises(Untrue, match="figures do not match"):
        check(body, FIRST)


def test_a_missing_publication_breaks_the_chain(tmp_path: Path) -> None:
    first, _, third = chain(3)
    folder = Folder(tmp_path, URL)
    folder.take([first], NAMES, "1")
    with pytest.raises(Untrue, match="chain is broken"):
        folder.take([third], NAMES, "3")
    assert folder.state.cursor == "1"
    assert len(files(tmp_path)) == 1


def test_a_page_with_one_untrue_body_writes_nothing(tmp_path: Path) -> None:
    first, second = chain(2)
    with pytest.raises(Untrue):
        Folder(tmp_path, URL).take([first, {**second, "revision": 2}], NAMES, "2")
    assert files(tmp_path) == []
    assert Folder(tmp_path, URL).state.cursor is None


def test_files_and_table_hold_what_came(tmp_path: Path) -> None:
    bodies = chain(3)
    folder = Folder(tmp_path, URL)
    assert folder.take(bodies[:2], NAMES, "a") == 2
    assert folder.take(bodies[2:], NAMES, "b") == 1
    assert folder.take([], NAMES, "b") == 0
    assert rows(tmp_path) == [("Chợ Vũng Tàu", f"2026-10-0{n}") for n in (1, 2, 3)]
    assert (tmp_path / "snapshots.csv").read_bytes().startswith(flat_csv.BOM)
    kept = (tmp_path / "snapshots" / "cho-vung-tau" / "2026-10-03.r1.json").read_bytes()
    assert kept == canonical(bodies[2])
    assert Folder(tmp_path, URL).state == folder.state


@pytest.mark.parametrize("cut", ["files", "half a row", "rows"])
def test_a_stop_before_the_cursor_was_written(tmp_path: Path, cut: str) -> None:
    bodies = [*chain(4), *chain(2, "cho-la")]
    Folder(tmp_path, URL).take(bodies[:1], NAMES, "1")
    state, table = tmp_path / "state.json", tmp_path / "snapshots.csv"
    old_state, old_table = state.read_bytes(), table.read_bytes()
    Folder(tmp_path, URL).take(bodies[1:], NAMES, "6")
    whole = table.read_bytes()
    state.write_bytes(old_state)
    table.write_bytes({"files": old_table, "half a row": whole[:-40], "rows": whole}[cut])
    again = Folder(tmp_path, URL)
    assert again.take(bodies[1:], NAMES, "6") == 5
    assert table.read_bytes() == whole
    assert again.state.cursor == "6"


def test_a_feed_that_repeats_itself_doubles_nothing(tmp_path: Path) -> None:
    bodies = chain(4)
    folder = Folder(tmp_path, URL)
    folder.take(bodies[:3], NAMES, "3")
    assert folder.take(bodies[1:], NAMES, "4") == 1
    assert folder.take(bodies, NAMES, "4") == 0
    assert len(rows(tmp_path)) == 4


def test_a_directory_belongs_to_one_service(tmp_path: Path) -> None:
    Folder(tmp_path, URL).take(chain(1), NAMES, "1")
    with pytest.raises(Unusable, match="another directory"):
        Folder(tmp_path, "https://elsewhere.example")
    (tmp_path / "state.json").write_text("{")
    with pytest.raises(Unusable, match="new directory"):
        Folder(tmp_path, URL)


def test_columns_of_another_version_are_not_mixed(tmp_path: Path) -> None:
    first, second = chain(2)
    Folder(tmp_path, URL).take([first], NAMES, "1")
    table = tmp_path / "snapshots.csv"
    table.write_bytes(table.read_bytes().replace(b"market_name", b"name", 1))
    with pytest.raises(Unusable, match="another version"):
        Folder(tmp_path, URL).take([second], NAMES, "2")
    table.unlink()
    Folder(tmp_path, URL).take([second], NAMES, "2")
    assert rows(tmp_path) == [("Chợ Vũng Tàu", "2026-10-02")]


def test_only_one_run_at_a_time(tmp_path: Path) -> None:
    second = Folder(tmp_path, URL).alone()
    with Folder(tmp_path, URL).alone(), pytest.raises(Unusable, match="running"):
        second.__enter__()


class Service:
    """The feed of some publications, a page at a time, and an item of a kind to come."""

    def __init__(self, bodies: list[dict[str, Any]]) -> None:
        self.items = [{"indicator": "bills"}, *bodies]

    def __call__(self, path: str) -> Page:
        if path.startswith("/v1/markets"):
            return Page({"items": [{"id": k, "name": v} for k, v in NAMES.items()]}, None)
        query = dict(part.split("=") for part in path.partition("?")[2].split("&"))
        start, limit = int(query.get("after", 0)), int(query["limit"])
        end = min(start + limit, len(self.items))
        more = {"next": str(end)} if end < len(self.items) else {}
        page: dict[str, Any] = {"items": self.items[start:end], **more}
        return Page(json.decode(json.encode(page)), str(end))


def test_a_client_stopped_after_each_page_misses_nothing(tmp_path: Path) -> None:
    bodies = [*chain(5), *chain(4, "cho-la")]
    service = Service(bodies[:7])
    for _ in range(9):
        next(pull(service, Folder(tmp_path, URL), limit=2), None)
    service.items += bodies[7:]
    assert sum(pull(service, Folder(tmp_path, URL), limit=2)) == 2
    assert len(files(tmp_path)) == len(rows(tmp_path)) == 9
    assert list(pull(service, Folder(tmp_path, URL))) == [0]


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://x", "ioc.example", "https://"])
def test_only_a_service_is_asked(url: str) -> None:
    with pytest.raises(Refused, match="not the address"):
        over_http(url, "key")


def test_nobody_there_is_one_sentence() -> None:
    with pytest.raises(Refused, match="does not answer"):
        over_http("http://127.0.0.1:1", "key")("/v1/snapshots")
