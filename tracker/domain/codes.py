"""The ids that are printed, typed and linked.

A vendor code is `CVT-0042-A`: the market's prefix, the vendor's number in that market, and a
check character by ISO 7064 MOD 37-2 over prefix and number. A number whose check character would
be `*` is never given out. Ids of codes and events begin with the vendor code (`CVT-0042-A.c1`,
`CVT-0042-A.e3`), those of the market itself with the prefix (`CVT.e7`).
"""

from __future__ import annotations

import re
from functools import lru_cache

from stdnum.iso7064 import mod_37_2

from tracker.domain.errors import Invalid, NotFound

PREFIX = re.compile(r"[A-Z][A-Z0-9]{2}", re.ASCII)
_VENDOR = re.compile(r"([A-Z][A-Z0-9]{2})-?([0-9]{4,7})-?([A-Z0-9*])", re.ASCII)
_CODE = re.compile(r"(.+)\.c([1-9][0-9]{0,5})", re.ASCII)
_EVENT = re.compile(r"(.+)\.e([1-9][0-9]{0,8})", re.ASCII)


@lru_cache(maxsize=65_536)
def check_character(prefix: str, number: int) -> str:
    """The ISO 7064 MOD 37-2 check character; `*` means the number is not given out."""
    return str(mod_37_2.calc_check_digit(f"{prefix}{number:04d}"))


def vendor_code(prefix: str, number: int) -> str:
    """The code of the vendor with this number, e.g. `CVT-0042-A`."""
    return f"{prefix}-{number:04d}-{check_character(prefix, number)}"


def parse_vendor_code(text: str) -> tuple[str, int]:
    """Prefix and number of a typed or scanned vendor code; case and dashes are forgiven.

    Raises `Invalid` (`VENDOR_CODE_INVALID`) where the form or the check character is wrong.
    """
    found = _VENDOR.fullmatch(text.strip().upper())
    if found is None or vendor_code(found[1], int(found[2])) != "-".join(found.groups()):
        raise Invalid(
            "This is not a vendor code. It looks like CVT-0042-A and is printed on the sticker.",
            code="VENDOR_CODE_INVALID",
        )
    return found[1], int(found[2])


def code_id(vendor: str, ordinal: int) -> str:
    """The id of a vendor's payment code."""
    return f"{vendor}.c{ordinal}"


def parse_code_id(text: str) -> tuple[str, int, int]:
    """Prefix, vendor number and ordinal of a code's id; raises `NotFound`."""
    found = _CODE.fullmatch(text)
    if found is None:
        raise NotFound("There is no such code.")
    try:
        prefix, number = parse_vendor_code(found[1])
    except Invalid as wrong:
        raise NotFound("There is no such code.") from wrong
    return prefix, number, int(found[2])


def event_id(subject: str, ordinal: int) -> str:
    """The id of a fact: what it is about (vendor code or market prefix) and its ordinal there."""
    return f"{subject}.e{ordinal}"


def parse_subject_event(text: str) -> tuple[str, int | None, int]:
    """As `parse_event_id`, for any event: the number is None where it is the market's own."""
    found = _EVENT.fullmatch(text)
    if found is not None and PREFIX.fullmatch(found[1]):
        return found[1], None, int(found[2])
    return parse_event_id(text)


def parse_event_id(text: str) -> tuple[str, int, int]:
    """Prefix, vendor number and ordinal of the id of a vendor's fact; raises `NotFound`."""
    found = _EVENT.fullmatch(text)
    if found is None:
        raise NotFound("There is no such event.")
    try:
        prefix, number = parse_vendor_code(found[1])
    except Invalid as wrong:
        raise NotFound("There is no such event.") from wrong
    return prefix, number, int(found[2])
