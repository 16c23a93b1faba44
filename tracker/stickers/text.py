"""Text that fits its place: cleaned to what the typeface has, broken into lines, sized."""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from functools import cache

from msgspec import Struct

from tracker.domain.text import nfc, squeeze
from tracker.stickers.fonts import EM, Weight, face

LEADING = 1.36
"""Baseline to baseline, in em: Vietnamese capitals carry two marks, letters below hang one."""

CAPITAL = 0.74
"""Height of a capital, in em: what is centred when text is centred."""

GAIN = 1.25
"""A further line must make the letters so much larger, or it is not worth the break."""

LENGTH_MAX = 200
"""Characters that a place on a sticker looks at; what is longer ends in an ellipsis."""

_AIR = 0.12  # em free above and below, though there be no mark
_UNKNOWN = "?"
# Eth and African D look like a Vietnamese Đ, and are typed for it.
_LOOK_ALIKES = str.maketrans({"Ð": "Đ", "Ɖ": "Đ", "ð": "đ", "ɖ": "đ"})


class Fitted(Struct, frozen=True):
    """Lines, and the size of an em in the unit of the box."""

    lines: tuple[str, ...]
    size: float


def printable(text: str) -> str:
    """`text` in NFC and in characters that the typeface has.

    White space collapses; control and format characters vanish (they can turn the direction of
    what stands beside them); compatibility forms become plain; what is still unknown is a "?",
    so that nobody's sheet fails for an emoji in one name.
    """
    composed = nfc(text).translate(_LOOK_ALIKES)
    known = _known()
    if known.issuperset(composed):
        return squeeze(composed)
    return squeeze("".join(c if c in known else _plain(c) for c in composed))


@cache
def _known() -> frozenset[str]:
    """What can be set. A mark that NFC left alone belongs to no letter that is drawn here."""
    return frozenset(c for c in face("Bold").glyphs if not unicodedata.combining(c))


def _plain(c: str) -> str:
    if c.isspace():
        return " "
    if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Mn", "Me"}:
        return ""
    other = unicodedata.normalize("NFKC", c)
    return other if _known().issuperset(other) else _UNKNOWN


def fit(
    text: str,
    weight: Weight,
    *,
    width: float,
    height: float,
    size_max: float,
    size_min: float,
    lines_max: int = 1,
) -> Fitted:
    """The largest setting of `text` (already `printable`) in a box, on at most `lines_max` lines.

    Sizes, width and height in one unit, whatever it is. Fewer lines are preferred (`GAIN`). What
    does not fit at `size_min` is broken inside words, and if that does not help shortened with an
    ellipsis; so what comes back always fits, with all its ink. Where `size_min` itself does not
    fit the height, it is lowered.
    """
    shown = text if len(text) <= LENGTH_MAX else text[: LENGTH_MAX - 1] + "…"
    highest = height / _room(1, _reach(shown, weight))
    if size_max <= highest and face(weight).width(shown) * size_max <= width * EM:
        return Fitted(lines=(shown,), size=size_max)
    size_min = min(size_min, highest)
    words = _words(shown, weight, width / size_min)
    found = _largest(words, weight, width, height, size_min, size_max, lines_max)
    if found.size >= size_min:
        return found
    low, high = 0, len(shown)  # the longest beginning that fits
    while high - low > 1:
        middle = (low + high) // 2
        words = _words(shown[:middle].rstrip() + "…", weight, width / size_min)
        if _largest(words, weight, width, height, size_min, size_max, lines_max).size >= size_min:
            low = middle
        else:
            high = middle
    words = _words(shown[:low].rstrip() + "…", weight, width / size_min)
    return _largest(words, weight, width, height, size_min, size_max, lines_max)


def _reach(text: str, weight: Weight) -> float:
    """How far ink goes beyond the capitals, above or below, in em (Ẳ: 0.48, Ị: 0.25)."""
    return max(map(_reaches(weight).__getitem__, text), default=_AIR)


@cache
def _reaches(weight: Weight) -> dict[str, float]:
    the = face(weight)
    bounds = ((c, the.bounds[glyph]) for c, glyph in the.glyphs.items())
    return {c: max(box[3] / EM - CAPITAL, -box[1] / EM, _AIR) for c, box in bounds}


def _room(lines: int, reach: float) -> float:
    """Height of the box in em: the capitals are centred in it, ink on both sides stays inside."""
    return (lines - 1) * LEADING + CAPITAL + 2 * reach


def _largest(
    words: list[str],
    weight: Weight,
    width: float,
    height: float,
    size_min: float,
    size_max: float,
    lines_max: int,
) -> Fitted:
    best = Fitted(lines=(), size=0.0)
    reach = _reach(" ".join(words), weight)
    for count in range(1, min(lines_max, len(words)) + 1):
        lines, widest = _broken(words, weight, count)
        size = min(size_max, height / _room(count, reach), width * EM / max(widest, 1))
        if size > best.size * (GAIN if best.size >= size_min else 1):
            best = Fitted(lines=lines, size=size)
    return best


def _words(text: str, weight: Weight, width_em: float) -> list[str]:
    """The words, those wider than a line cut into pieces that are not."""
    measure, limit = face(weight).width, width_em * EM
    words = []
    for word in text.split(" "):
        rest = word
        while len(rest) > 1 and measure(rest) > limit:
            cut = max(1, bisect_right(range(len(rest)), limit, key=lambda n: measure(rest[:n])) - 1)
            words.append(rest[:cut])
            rest = rest[cut:]
        words.append(rest)
    return words


def _broken(words: list[str], weight: Weight, count: int) -> tuple[tuple[str, ...], int]:
    """The words on `count` lines, or fewer, the widest line as narrow as can be; its width."""
    measure = face(weight).width
    if count == 1:
        line = " ".join(words)
        return (line,), measure(line)
    widths = [measure(word) for word in words]
    space = measure(" ")
    low, high = max(widths), sum(widths) + space * (len(words) - 1)
    while low < high:
        middle = (low + high) // 2
        if len(_filled(widths, space, middle)) <= count:
            high = middle
        else:
            low = middle + 1
    ends = _filled(widths, space, high)
    starts = [0, *ends[:-1]]
    return tuple(" ".join(words[a:b]) for a, b in zip(starts, ends, strict=True)), high


def _filled(widths: list[int], space: int, limit: int) -> list[int]:
    """Where each line ends (index after its last word) if lines are filled up to `limit`."""
    ends, used = [], -space
    for i, width in enumerate(widths):
        if used + space + width > limit and i > 0:
            ends.append(i)
            used = -space
        used += space + width
    ends.append(len(widths))
    return ends
