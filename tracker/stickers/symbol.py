"""A QR symbol under one given mask, from tables.

Placement, format bits and masks are python-qrcode's: asked once per version, remembered as the
place of every bit. After that a symbol is a Reed-Solomon remainder and one permutation, a tenth
of the library's time, which is what lets a sheet of hundreds be drawn and proved in seconds.
(ISO/IEC 18004; error correction M, byte mode.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from operator import itemgetter

from msgspec import Struct
from qrcode import base, util
from qrcode.constants import ERROR_CORRECT_M
from qrcode.main import QRCode

_ECI_UTF8 = 26
_PADDING = (util.PAD0, util.PAD1)
VERSION_MAX = 40


class _Plan(Struct, frozen=True):
    """How the bits of one version and mask become modules.

    `flip`: bits to turn over, those of the mask. `pick`: from the bits, followed by "0" and "1",
    to all modules row by row.
    """

    side: int
    bits: int
    flip: int
    pick: Callable[[str], tuple[str, ...]]


def codewords(data: bytes, *, eci: bool) -> tuple[int, list[int]] | None:
    """Smallest version that holds `data` in byte mode, and its data codewords, padded.

    `eci`: announce UTF-8 (mode 0111, designator 26) before the bytes. None if no version holds
    them.
    """
    header = f"0111{_ECI_UTF8:08b}0100" if eci else "0100"
    for version in range(1, VERSION_MAX + 1):
        count_bits = 8 if version < 10 else 16
        capacity = 8 * sum(block.data_count for block in _blocks(version))
        if len(header) + count_bits + 8 * len(data) <= capacity:
            break
    else:
        return None
    bits = f"{header}{len(data):0{count_bits}b}" + "".join(f"{byte:08b}" for byte in data)
    bits += "0" * min(4, capacity - len(bits))
    bits += "0" * (-len(bits) % 8)
    words = list(int(bits, 2).to_bytes(len(bits) // 8, "big"))
    words += [_PADDING[i % 2] for i in range(capacity // 8 - len(words))]
    return version, words


def modules(version: int, words: Sequence[int], mask: int) -> tuple[tuple[bool, ...], ...]:
    """The symbol of these data codewords; rows from the top, True is dark, no quiet zone."""
    plan = _plan(version, mask)
    message = int.from_bytes(_interleaved(version, words), "big") ^ plan.flip
    cells = [cell == "1" for cell in plan.pick(f"{message:0{plan.bits}b}01")]
    return tuple(tuple(cells[i : i + plan.side]) for i in range(0, len(cells), plan.side))


@lru_cache(maxsize=VERSION_MAX)
def _blocks(version: int) -> tuple[base.RSBlock, ...]:
    return tuple(base.rs_blocks(version, ERROR_CORRECT_M))


@lru_cache(maxsize=64)
def _plan(version: int, mask: int) -> _Plan:
    total = sum(block.total_count for block in _blocks(version))
    bits = 8 * total
    owner = _owner(version)
    blank = _drawn(version, mask, bytes(total))
    flip = sum(1 << (bits - i) for i, dark in zip(owner, blank, strict=True) if i and dark)
    pick = itemgetter(*(i - 1 if i else bits + blank[cell] for cell, i in enumerate(owner)))
    return _Plan(side=17 + 4 * version, bits=bits, flip=flip, pick=pick)


@lru_cache(maxsize=VERSION_MAX)
def _owner(version: int) -> tuple[int, ...]:
    """For every module row by row the number of its bit, from 1; 0 where it carries none.

    The number is drawn by the library as data, one binary digit a drawing, and read off.
    """
    total = sum(block.total_count for block in _blocks(version))
    bits = 8 * total
    blank = _drawn(version, 0, bytes(total))
    owner = [0] * len(blank)
    for digit in range(bits.bit_length()):
        number = sum(1 << (bits - i) for i in range(1, bits + 1) if i >> digit & 1)
        drawn = _drawn(version, 0, number.to_bytes(total, "big"))
        for cell, (one, other) in enumerate(zip(blank, drawn, strict=True)):
            owner[cell] |= (one != other) << digit
    return tuple(owner)


def _drawn(version: int, mask: int, message: bytes) -> list[bool]:
    code: QRCode[object] = QRCode(
        version=version, error_correction=ERROR_CORRECT_M, mask_pattern=mask
    )
    code.data_cache = list(message)
    code.makeImpl(False, mask)
    return [bool(module) for row in code.modules for module in row]


def _interleaved(version: int, words: Sequence[int]) -> bytes:
    """Data and error correction codewords in the order in which they are placed."""
    data, checks, start = [], [], 0
    for block in _blocks(version):
        part = words[start : start + block.data_count]
        start += block.data_count
        data.append(part)
        checks.append(_remainder(part, block.total_count - block.data_count))
    out = bytearray()
    for i in range(max(map(len, data))):
        out += bytes(part[i] for part in data if i < len(part))
    for column in zip(*checks, strict=True):
        out += bytes(column)
    return bytes(out)


def _remainder(words: Sequence[int], count: int) -> bytes:
    table, top = _multiples(count), 8 * (count - 1)
    below = (1 << top) - 1
    rest = 0
    for word in words:
        rest = (rest & below) << 8 ^ table[rest >> top ^ word]
    return rest.to_bytes(count, "big")


@lru_cache(maxsize=32)
def _multiples(count: int) -> tuple[int, ...]:
    """The generator polynomial of `count` check words, without its leading 1, times 0 to 255."""
    generator = [1]
    for i in range(count):
        shifted = [*generator, 0]
        for at, factor in enumerate(generator, 1):
            shifted[at] ^= base.gexp(base.glog(factor) + i)
        generator = shifted
    logs = [base.glog(factor) for factor in generator[1:]]
    times = (bytes(base.gexp(base.glog(k) + log) for log in logs) for k in range(1, 256))
    return (0, *(int.from_bytes(product, "big") for product in times))
