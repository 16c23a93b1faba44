"""What holds for all tests: the program is compiled once, and what takes long begins first."""

from __future__ import annotations

import os
import sys

import pytest

FIRST = (
    "e2e/test_schemathesis.py",
    "e2e/test_kill_snapshots.py",
    "e2e/test_typed_client.py",
    "e2e/test_kill.py",
    "e2e/test_backup_cli.py",
    "browser/test_journey.py",
    "e2e/test_sheets.py",
    "integration/test_three_months.py",
    "browser/test_admin.py",
    "e2e/test_readme.py",
    "e2e/test_watching.py",
)
"""Files whose one or two tests take longest. A worker is given a whole file (`--dist loadfile`):
one of these as the last would keep the others waiting."""

# The suite starts the program some hundred times. Without its bytecode each would compile it anew,
# and pytest every test, in each worker.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False


def _turn(item: pytest.Item) -> int:
    place = item.nodeid.split("::")[0].removeprefix("tests/")
    return FIRST.index(place) if place in FIRST else len(FIRST)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the files first that take longest; the rest stays in its order."""
    items.sort(key=_turn)
