"""What a history remembers of itself changes nothing that it says."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain.worlds import DAYS, NOW, examples, lives, moments
from tracker.domain.facts import Voided
from tracker.domain.vendor import History

CUTS = st.lists(st.integers(0, 30), max_size=4)


def anew(history: History) -> History:
    """The same history, which remembers nothing."""
    return History(history.prefix, history.number, history.facts)


@examples(60)
@given(lives(), st.randoms(use_true_random=False), st.booleans(), CUTS, moments(-1, DAYS))
def test_a_history_asked_as_it_grows_says_what_one_made_at_once_says(
    history: History, luck: Random, late: bool, cuts: list[int], moment: int
) -> None:
    if late:  # what happened last is not told last
        told = luck.sample(history.facts, history.version)
        history = History(history.prefix, history.number, tuple(told))
    ends = [*sorted(min(cut, history.version) for cut in cuts), history.version]
    grown = History(history.prefix, history.number)
    for end in ends:
        grown = grown.then(*history.facts[grown.version : end])
        if end % 2:  # some are never asked before they grow
            assert grown.replay() == anew(grown).replay()
    assert grown == history
    assert grown.replay() == anew(history).replay()
    assert grown.replay(before=moment) == anew(history).replay(before=moment)


@examples(60)
@given(lives(), st.integers(1, 12))
def test_a_void_counts_from_the_present_state_too(history: History, event: int) -> None:
    history.replay()
    voided = Voided(NOW, NOW, "k", event=event, reason="a mistake")
    assert history.then(voided).replay() == anew(history.then(voided)).replay()


@examples(60)
@given(lives(), st.integers(2, 12))
def test_a_void_of_what_comes_later_counts_when_it_comes(history: History, event: int) -> None:
    voided = Voided(0, NOW, "k", event=event, reason="a mistake")
    early = History(history.prefix, history.number, (voided,))
    early.replay()
    assert early.then(*history.facts).replay() == anew(early.then(*history.facts)).replay()
