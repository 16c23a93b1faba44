import binascii

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.vietqr.tlv import crc, field, walk

from .payloads import tlv


def bit_by_bit(data: bytes) -> int:
    """CRC-16, polynomial 0x1021, start 0xFFFF, from its definition."""
    register = 0xFFFF
    for byte in data:
        register ^= byte << 8
        for _ in range(8):
            register = (register << 1) ^ (0x1021 if register & 0x8000 else 0)
        register &= 0xFFFF
    return register


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_crc_agrees_with_the_definition_and_with_binascii(text: str) -> None:
    assert crc(text) == f"{bit_by_bit(text.encode()):04X}"
    assert crc(text) == f"{binascii.crc_hqx(text.encode(), 0xFFFF):04X}"


def test_crc_check_value_and_padding() -> None:
    assert crc("123456789") == "29B1"
    assert all(len(crc(str(n))) == 4 for n in range(5_000))


Values = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=99)


@given(st.dictionaries(st.integers(0, 99).map("{:02d}".format), Values, max_size=12))
def test_what_is_written_is_read_in_characters_not_bytes(objects: dict[str, str]) -> None:
    text = "".join(field(tag, value) for tag, value in objects.items())
    level = walk(text, 0, len(text))
    assert level.values == objects
    assert list(level.values) == list(objects)
    assert (level.faults, level.whole) == ((), True)


def test_offsets_are_where_objects_start() -> None:
    text = tlv(("00", "01"), ("59", "Cô😀"), ("58", "VN"))
    assert walk(text, 0, len(text)).offsets == {"00": 0, "59": 6, "58": 13}


@pytest.mark.parametrize(
    ("text", "fault", "whole"),
    [
        ("0x02aa", ("TAG_NOT_DIGITS", 0, ""), False),
        ("0102aa٠٢02aa", ("TAG_NOT_DIGITS", 6, ""), False),
        ("010xaa", ("LENGTH_NOT_DIGITS", 0, "01"), False),
        ("01+2aa", ("LENGTH_NOT_DIGITS", 0, "01"), False),
        ("01 2aa", ("LENGTH_NOT_DIGITS", 0, "01"), False),
        ("0102a", ("TRUNCATED", 0, "01"), False),
        ("0102aa5", ("TRUNCATED", 6, ""), False),
        ("0102aa59", ("TRUNCATED", 6, "59"), False),
        ("0102aa590", ("TRUNCATED", 6, "59"), False),
        ("0100", ("EMPTY_VALUE", 0, "01"), True),
        ("0101a0101b", ("DUPLICATE_TAG", 5, "01"), True),
        ("0101a0100", ("DUPLICATE_TAG", 5, "01"), True),
        ("01000101a", ("EMPTY_VALUE", 0, "01"), True),
    ],
)
def test_faults(text: str, fault: tuple[str, int, str], whole: bool) -> None:
    level = walk(text, 0, len(text))
    assert level.faults[0] == fault
    assert level.whole is whole


def test_nothing_is_read_beyond_the_end() -> None:
    text = "0102aa5802VN"
    assert walk(text, 0, 7).faults == (("TRUNCATED", 6, ""),)
    assert walk(text, 0, 8).faults == (("TRUNCATED", 6, "58"),)
    assert walk(text, 0, 11).faults == (("TRUNCATED", 6, "58"),)
    assert walk(text, 6, 12).values == {"58": "VN"}


@pytest.mark.parametrize("value", ["", "x" * 100])
def test_field_refuses_what_has_no_length_of_two_digits(value: str) -> None:
    with pytest.raises(ValueError, match="not 1 to 99"):
        field("59", value)
