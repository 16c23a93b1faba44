"""Reported values in a reader's folder: verified, each once, none missing, whatever stops it."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest

from tests.unit.formats.bodies import NAMES, bare, chain, value
from tracker.domain.snapshot import canonical
from tracker.pull.checks import Untrue
from tracker.pull.folder import Folder
from tracker.pull.values import check_value, is_value

URL = "https://ioc.example"
SECOND = value(revision=2, numerator=81_692, published_at="2026-11-02T08:00:00+07:00")
PLACE = "indicators/digital-signatures/26506.2025-07-01"


def rows(folder: Path) -> list[tuple[str, str, str]]:
    text = (folder / "snapshots.csv").read_bytes().decode("utf-8-sig")
    read = csv.DictReader(io.StringIO(text, newline=""))
    return [(row["market"], row["indicator"], row["revision"]) for row in read]


def test_values_come_between_the_snapshots_in_their_order(tmp_path: Path) -> None:
    first, second = chain(2)
    items = [first, value(), second, bare(), SECOND]
    assert Folder(tmp_path, URL).take(items, NAMES, "5") == 5
    assert rows(tmp_path) == [
        ("cho-vung-tau", "", "1"),
        ("", "digital-signatures", "1"),
        ("cho-vung-tau", "", "1"),
        ("", "telecom-cashless", "1"),
        ("", "digital-signatures", "2"),
    ]
    assert (tmp_path / PLACE / "2026-10-31.r1.json").read_bytes() == canonical(value())
    assert Folder(tmp_path, URL).state.under_way == []


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"rate": 41.46}, "not that of its two numbers"),
        ({"numerator": 91_692}, "not that of its two numbers"),
        ({"numerator": None}, "not that of its two numbers"),
        ({"bare": True}, "not that of its two numbers"),
        ({"indicator": "../etc"}, "no proper indicator"),
        ({"area": "7"}, "no proper indicator"),
        ({"area_valid_from": "2025"}, "no proper indicator"),
        ({"revision": True}, "no proper indicator"),
        ({"revision": 0}, "no proper indicator"),
    ],
)
def test_an_untrue_value_is_found(tmp_path: Path, changes: dict[str, Any], why: str) -> None:
    with pytest.raises(Untrue, match=why):
        check_value(value(**changes))
    with pytest.raises(Untrue):
        Folder(tmp_path, URL).take([*chain(1), value(**changes)], NAMES, "2")
    assert not (tmp_path / "snapshots").exists()


def test_a_field_to_come_is_kept_and_half_a_value_is_another_kind() -> None:
    assert is_value(value(confidence="high"))
    assert check_value(value(confidence="high")).endswith("2026-10-31.r1")
    assert not is_value({"indicator": "digital-signatures", "revision": 1})


def test_a_missing_revision_is_found(tmp_path: Path) -> None:
    folder = Folder(tmp_path, URL)
    with pytest.raises(Untrue, match="before it never came"):
        folder.take([SECOND], NAMES, "2")
    assert folder.take([value()], NAMES, "1") == 1
    assert folder.take([SECOND], NAMES, "2") == 1


def test_a_revision_that_became_another_is_found(tmp_path: Path) -> None:
    Folder(tmp_path, URL).take([value()], NAMES, "1")
    other = value(numerator=1, rate=0)
    with pytest.raises(Untrue, match="another one before"):
        Folder(tmp_path, URL).take([other], NAMES, "2")
    with pytest.raises(Untrue, match="another one before"):
        Folder(tmp_path / "b", URL).take([value(), other], NAMES, "2")


def test_a_feed_that_repeats_itself_doubles_nothing(tmp_path: Path) -> None:
    folder = Folder(tmp_path, URL)
    assert folder.take([value(), value(), bare()], NAMES, "1") == 2
    assert folder.take([value(), bare(), SECOND], NAMES, "2") == 1
    assert len(rows(tmp_path)) == 3


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_a_stop_after_the_files_leaves_no_row_out(tmp_path: Path, limit: int) -> None:
    """What was under way is taken again, on pages that may be cut elsewhere."""
    items = [value(), *chain(1), bare(), SECOND]
    folder = Folder(tmp_path, URL)
    folder.take(items[:1], NAMES, "1")
    table = tmp_path / "snapshots.csv"
    before = table.read_bytes()
    state = folder.state
    folder.take(items[1:], NAMES, "4")
    whole = table.read_bytes()
    # Stopped when the files were written, and neither the table nor the cursor.
    stopped = Folder(tmp_path, URL)
    stopped.state = state
    stopped.state.under_way = [
        "digital-signatures/26506.2025-07-01/2026-10-31.r2",
        "telecom-cashless/26506.2025-07-01/2026-10-31.r1",
    ]
    table.write_bytes(before)
    for start in range(1, 4, limit):
        stopped.take(items[start : start + limit], NAMES, str(min(start + limit, 4)))
    assert table.read_bytes() == whole
    assert stopped.state.under_way == []
