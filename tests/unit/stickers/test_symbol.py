"""Symbols from tables, against the library that drew the tables."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qrcode import util
from qrcode.constants import ERROR_CORRECT_M
from qrcode.main import QRCode

from tracker.stickers import symbol


def by_the_library(data: bytes, mask: int) -> tuple[tuple[bool, ...], ...]:
    code: QRCode[object] = QRCode(error_correction=ERROR_CORRECT_M, mask_pattern=mask)
    code.add_data(util.QRData(data, mode=util.MODE_8BIT_BYTE), optimize=0)
    code.make(fit=True)
    return tuple(tuple(bool(module) for module in row) for row in code.modules)


def drawn(data: bytes, mask: int) -> tuple[tuple[bool, ...], ...]:
    found = symbol.codewords(data, eci=False)
    assert found is not None
    return symbol.modules(*found, mask)


@settings(max_examples=40, deadline=None)
@given(st.binary(min_size=1, max_size=150), st.integers(0, 7))
def test_a_symbol_is_the_librarys_module_for_module(data: bytes, mask: int) -> None:
    assert drawn(data, mask) == by_the_library(data, mask)


@pytest.mark.parametrize(
    ("size", "version"),
    [(14, 1), (15, 2), (180, 9), (181, 10), (213, 10), (214, 11), (666, 20), (2331, 40)],
)
def test_sizes_at_the_edges_of_versions(size: int, version: int) -> None:
    data = bytes(33 + i % 90 for i in range(size))
    found = symbol.codewords(data, eci=False)
    assert found is not None
    assert found[0] == version
    assert drawn(data, 5) == by_the_library(data, 5)


def test_no_version_holds_more() -> None:
    assert symbol.codewords(b"a" * 2332, eci=False) is None
    assert symbol.codewords(b"a" * 2331, eci=True) is None
