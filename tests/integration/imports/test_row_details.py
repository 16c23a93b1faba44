"""Every code that a row can have is told in two languages."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

from tracker.services.row_details import DETAILS, detail

MODULES = {
    "tracker.services": ("import_roster.py", "import_accounts.py", "activity_files.py"),
    "tracker.tables": ("rows.py", "cells.py", "phones.py", "reading.py", "activity.py"),
    "tracker.domain": ("decide.py", "activity.py"),
}
NOT_OF_ROWS = {
    *("NOT_ATTACHED", "BEFORE_ATTACHMENT"),  # removals; no file holds one
    "NOT_FOUND",
    "TOO_FAR_BACK",  # of single facts; a file may tell of years
    *("OLD_XLS", "NOT_A_TABLE", "EMPTY_FILE", "BAD_JSON", "FILE_TOO_LARGE"),  # of whole files
    "COLUMNS_MATCHED_WRONG",
}


def codes() -> list[str]:
    """Every code-like text of the modules that decide about rows."""
    found: set[str] = set()
    for package, names in MODULES.items():
        for name in names:
            source = files(package).joinpath(name).read_text("utf-8")
            found.update(re.findall(r'"([A-Z]+(?:_[A-Z]+)+)"', source))
    limited = {f"{field}_TOO_LONG" for field in ("NAME", "HOLDER", "ZONE", "PARTNER_REF")}
    return sorted((found | limited | {"IN_FUTURE", "ERASED"}) - NOT_OF_ROWS)


@pytest.mark.parametrize("code", codes())
def test_a_code_has_a_sentence(code: str) -> None:
    said = detail(code)
    assert said is not None
    english, vietnamese = said.split(" · ")
    assert english.endswith(".")
    assert vietnamese.endswith(".")
    assert english.isascii() or "“" in english
    assert not vietnamese.isascii()


def test_no_code_no_sentence() -> None:
    assert detail(None) is None
    assert detail("NEVER_HEARD") == "NEVER_HEARD"
    assert all(len(said) == 2 for said in DETAILS.values())
