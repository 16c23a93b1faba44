"""The catalogue: what pages say, by key, in Vietnamese and English.

The files in `texts/` are one catalogue, a file a family of pages: key, Vietnamese, English, parted
by tabs. `{name}` stands for a value, which is written as people write it before it gets here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Final, Literal, get_args

from msgspec import Struct

from tracker.domain.text import nfc

Language = Literal["vi", "en"]
LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)
FIRST: Final[Language] = "vi"
"""What is spoken to somebody who did not choose."""


class Phrase(Struct, frozen=True):
    """One key in both languages."""

    vi: str
    en: str


@cache
def catalogue() -> Mapping[str, Phrase]:
    """All phrases by key. Raises `ValueError` for a line that is none, or a key that is twice."""
    found: dict[str, Phrase] = {}
    for name, number, line in _lines():
        key, *said = line.split("\t")
        if len(said) != 2 or not all(said) or key in found:
            raise ValueError(f"{name}:{number} is no phrase of its own: {line!r}")
        found[key] = Phrase(nfc(said[0]), nfc(said[1]))
    return found


def _lines() -> Iterator[tuple[str, int, str]]:
    folder = files("tracker.web").joinpath("texts")
    for file in sorted(folder.iterdir(), key=lambda one: one.name):
        if file.name.endswith(".tsv"):
            for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
                if line and not line.startswith("#"):
                    yield file.name, number, line


def say(language: Language, key: str, **values: object) -> str:
    """The phrase with its values; raises `KeyError` for a key that is not there."""
    phrase = catalogue()[key]
    text = phrase.vi if language == "vi" else phrase.en
    return text.format(**values) if values else text


def known(key: str) -> bool:
    """Whether the catalogue has this key."""
    return key in catalogue()


def language_of(text: str | None) -> Language:
    """The language that a cookie names, or the first one."""
    return next((one for one in LANGUAGES if one == text), FIRST)
