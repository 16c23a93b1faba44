"""What every problem and fault code means and how to mend it: the table `problems.tsv`."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from msgspec import Struct


class Entry(Struct, frozen=True):
    """A code: its HTTP status (0 for a fault within a problem), what it means, how to mend it."""

    code: str
    status: int
    meaning: str
    mend: str


@cache
def problems() -> dict[str, Entry]:
    """Every `code` of a problem document."""
    return _read("problem")


@cache
def faults() -> dict[str, Entry]:
    """Every `code` within the `errors` of a problem document."""
    return _read("fault")


def _read(what: str) -> dict[str, Entry]:
    text = files(__package__).joinpath("problems.tsv").read_text("utf-8")
    found = {}
    for line in text.splitlines():
        kind, *rest = line.split("\t")
        if kind == what:
            code, status, meaning, mend = rest
            found[code] = Entry(code, int(status or 0), meaning, mend)
    return found
