"""One row of a CSV of registrations, cell by cell as it was written: the API's own rules follow.

A registration that comes as a row of a table is the same as one that comes as JSON, so nothing is
normalised here that the JSON body normalises.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from tracker.tables.cells import Cell, text
from tracker.tables.rows import Faults, Maker

_TRUTHS = {
    **dict.fromkeys(("true", "1", "yes", "y", "x", "có"), True),
    **dict.fromkeys(("false", "0", "no", "n", "không"), False),
}
_PLAIN = ("stall", "name", "zone", "category", "phone", "partner_ref")
_ACCOUNT = {"bin": "bin", "account": "number", "holder": "holder"}


class RegistrationRow(Struct, frozen=True, gc=False):
    """One line: the fields as in the JSON body, those of empty cells left out."""

    row: int  # line of the file, from 1
    fields: dict[str, Any]
    faults: Faults  # (field, code); field is "row" where the whole line is meant

    def rejection(self) -> tuple[str, str] | None:
        """The first (field, code) for which the row must be rejected, None if it may be used."""
        return self.faults[0] if self.faults else None


def registration_maker(at: Mapping[str, int]) -> Maker[RegistrationRow]:
    """As `rows.roster_maker`, for RegistrationRow."""
    code_at = at.get("issue_code", -1)

    def make(row: int, cells: list[Cell], faults: list[tuple[str, str]]) -> RegistrationRow:
        def given(names: Mapping[str, str]) -> dict[str, Any]:
            found = {to: text(cells[at[name]]) for name, to in names.items() if name in at}
            return {name: value for name, value in found.items() if value}

        fields = given({name: name for name in _PLAIN})
        account = given(_ACCOUNT)
        if account:
            fields["account"] = account
        wanted = text(cells[code_at])
        if wanted:
            fields["issue_code"] = _TRUTHS.get(wanted.lower(), wanted)
        return RegistrationRow(row, fields, tuple(faults))

    return make
