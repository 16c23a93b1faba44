"""Payloads put together without the code under test, so that a mistake there cannot hide here."""

from __future__ import annotations

import binascii

Pairs = list[tuple[str, str]]

BIN, ACCOUNT = "970436", "1234567890123"


def tlv(*pairs: tuple[str, str]) -> str:
    """Data objects in the order given; lengths in characters."""
    return "".join(f"{tag}{len(value):02d}{value}" for tag, value in pairs)


def signed(body: str) -> str:
    """`body` with a right tag 63 behind it."""
    text = body + "6304"
    return text + f"{binascii.crc_hqx(text.encode(), 0xFFFF):04X}"


def transfer(
    bin_: str = BIN, account: str = ACCOUNT, service: str = "QRIBFTTA", guid: str = "A000000727"
) -> str:
    """The value of tag 38."""
    return tlv(("00", guid), ("01", tlv(("00", bin_), ("01", account))), ("02", service))


def pairs(**changed: str | None) -> Pairs:
    """The root objects of a good static code; `t54="1"` sets a tag, `t53=None` leaves it out."""
    root: dict[str, str | None] = {"00": "01", "01": "11", "38": transfer()}
    root |= {"53": "704", "58": "VN"}
    root |= {name.removeprefix("t"): value for name, value in changed.items()}
    return [(tag, value) for tag, value in sorted(root.items()) if value is not None]


def payload(**changed: str | None) -> str:
    """A good static code with some root objects changed, with a right checksum."""
    return signed(tlv(*pairs(**changed)))
