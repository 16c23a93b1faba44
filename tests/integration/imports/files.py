"""Random small files, for the tests that must hold for every file."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.integration.imports.office import AGRIBANK, VCB

_STALLS = ["A1", "a1", "A2", "B 3", ""]
_NAMES = ["Lan", "LAN", "Đặng Mai", "Tổng cộng", ""]
_ZONES = ["", "Khu A", "Khu B"]
_PHONES = ["", "0912345678", "0987 654 321", "bận"]
_REFS = ["", "", "", "R1", "R2"]


@st.composite
def roster_line(draw: st.DrawFn) -> str:
    """A line of a roster in which stalls, names and references meet often; at times blank."""
    if draw(st.integers(0, 9)) == 0:
        return draw(st.sampled_from(["", ",,,,,,", " ,,,,,,"]))
    parts = [draw(st.sampled_from(words)) for words in (["", "1"], _NAMES, _STALLS, _ZONES)]
    more = [draw(st.sampled_from(words)) for words in (["", "Rau"], _PHONES, _REFS)]
    return ",".join(parts + more)


@st.composite
def bank_line(draw: st.DrawFn) -> str:
    """A line of a bank's file about the stalls A1, A2 and one that nobody has; at times blank."""
    if draw(st.integers(0, 9)) == 0:
        return ",,,,,,,"
    columns = (
        ["", "", "", "cho-khac"],
        ["A1", "A1", "A2", "Z9", ""],
        [VCB, VCB, AGRIBANK, "000000"],
        ["1001", "1001", "2002", ""],
        ["", "LAN", "BA"],
        ["", "", "2023-02-01", "2022-01-01", "hôm qua"],
        ["", "2023-05-02", "2023-06-01", "2030-01-01"],
        _REFS,
    )
    return ",".join(draw(st.sampled_from(words)) for words in columns)


roster_lines = st.lists(roster_line(), max_size=12)
bank_lines = st.lists(bank_line(), max_size=12)


def blank(line: str) -> bool:
    """Whether a line is no row."""
    return not line.replace(",", "").strip()
