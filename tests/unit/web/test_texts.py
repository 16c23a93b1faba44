"""The catalogue: every key that is used is there, every key that is there is used."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tracker.api.catalogue import faults, problems
from tracker.web import texts

WEB = Path(texts.__file__).parent
_ASKED = re.compile(r"""\b(?:t|say|known|texts\.known)\(\s*(?:[a-z_.]+,\s*)?f?(["'])(.+?)\1""")
"""`t("a.b")` in a template, `say(language, "a.b")` and `t(f"a.{b}")` in Python."""

_KEY = re.compile(r"""["']((?:[a-z0-9_]+\.)+[A-Za-z0-9_]+)["']""")
"""A key that stands by itself: chosen by an `if`, or named in a table."""

_FAMILY = re.compile(r"""["']((?:[a-z0-9_]+\.)+[a-z0-9_]*)["']\s*(?:~|\+)""")
"""`"stage." ~ stage`: a family of keys, by how they begin."""

_FAMILY_F = re.compile(r"""f["']((?:[a-z0-9_]+\.)+[a-z0-9_]*)\{""")
_SAID_FAMILY = re.compile(r"""f["']([a-z_]+_)\{""")
_SLOT = re.compile(r"\{\w+\}")


def _sources() -> Iterator[str]:
    for file in sorted([*WEB.rglob("*.html"), *WEB.rglob("*.py"), *WEB.rglob("*.js")]):
        yield file.read_text("utf-8")


@pytest.fixture(scope="module")
def source() -> str:
    """All templates and modules of the pages."""
    return "\n".join(_sources())


def test_every_phrase_that_is_asked_for_is_there(source: str) -> None:
    asked = {key for _, key in _ASKED.findall(source)}
    plain = {key for key in asked if re.fullmatch(r"[a-z0-9_.]+[A-Za-z0-9_]", key)}
    assert len(plain) > 100
    missing = sorted(
        key
        for key in plain
        if not texts.known(key)
        and not any(other.startswith(key) for other in texts.catalogue())  # a family's beginning
    )
    assert not missing, missing


def test_every_family_has_members(source: str) -> None:
    families = {*_FAMILY.findall(source), *_FAMILY_F.findall(source)}
    empty = [f for f in families if not any(key.startswith(f) for key in texts.catalogue())]
    roots = {key.partition(".")[0] for key in texts.catalogue()}
    assert not [f for f in empty if f.partition(".")[0] in roots]


def test_every_phrase_that_is_there_is_used(source: str) -> None:
    named = set(_KEY.findall(source))
    families = tuple({*_FAMILY.findall(source), *_FAMILY_F.findall(source)})
    codes = {f"problem.{code}" for code in problems()} | {f"fault.{code}" for code in faults()}
    said = {f"said.{key}" for key in re.findall(r"""["']([a-z_]+)["']""", source)}
    said_families = tuple(f"said.{key}" for key in _SAID_FAMILY.findall(source))
    unused = [
        key
        for key in texts.catalogue()
        if key not in named
        and not (key.startswith(families) and not key.startswith(("problem.", "fault.", "said.")))
        and key not in codes
        and key not in said
        and not key.startswith(said_families)
        and key != "fault.other"
    ]
    assert not unused, unused


@pytest.mark.parametrize("key", list(texts.catalogue()))
def test_both_languages_take_the_same_values(key: str) -> None:
    phrase = texts.catalogue()[key]
    slots = [set(re.findall(r"\{(\w+)\}", text)) for text in (phrase.vi, phrase.en)]
    assert slots[0] == slots[1]
    assert phrase.vi == phrase.vi.strip()
    assert phrase.en == phrase.en.strip()


def test_vietnamese_is_vietnamese() -> None:
    """Words that were left in English stand out: they are the same in both columns."""
    same = {key for key, phrase in texts.catalogue().items() if phrase.vi == phrase.en}
    words = {
        key for key in same if re.search(r"[a-z]{4}", _SLOT.sub("", texts.catalogue()[key].vi))
    }
    assert not words - {"app.short"}
