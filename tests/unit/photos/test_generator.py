"""The photographs of the benchmark: a few of every class, drawn anew."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from benchmarks.photos import RATE_MIN, judged, measure
from benchmarks.scenes import CLASSES, SIZE, shot, take


def test_the_same_shot_is_the_same_picture() -> None:
    """The seed decides everything."""
    first = take(shot("clutter", 2))
    assert take(shot("clutter", 2)) == first
    with Image.open(io.BytesIO(first.jpeg)) as file:
        assert file.size == SIZE


@pytest.mark.parametrize("name", CLASSES)
def test_a_few_of_every_class_are_read(name: str) -> None:
    """Every sticker in them, and nothing that is not there."""
    outcomes = measure(2, seed=11, only=name, save=None)[name]
    assert sum(each.read for each in outcomes) / len(outcomes) >= RATE_MIN


def test_a_text_that_is_not_there_is_a_miss() -> None:
    """The yardstick is not kind: what was not drawn must not be read."""
    photo = take(shot("symbol alone", 0))
    assert judged(photo).read
    assert not judged(type(photo)(photo.jpeg, (), ())).read
    assert not judged(type(photo)(photo.jpeg, (*photo.payloads, "another"), photo.others)).read
