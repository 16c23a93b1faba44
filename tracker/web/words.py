"""Words of the domain as people say them, for pages that tell of vendors."""

from __future__ import annotations

from tracker.domain.reasons import REMOVED
from tracker.vietqr import banks
from tracker.web import texts
from tracker.web.texts import Language, say


def why_left(language: Language, reason: str) -> str:
    """Why somebody is not attached (`domain.reasons`)."""
    cause, _, removal = reason.partition(":")
    if cause == REMOVED:
        return say(language, "cause.removed", reason=ended_for(language, removal))
    return say(language, f"cause.{cause}")


def ended_for(language: Language, reason: str) -> str:
    """The reason for which a sticker hangs no more; one that people wrote, as they wrote it."""
    key = f"reason.{reason}"
    return say(language, key) if texts.known(key) else reason


def bank_name(bin_: str) -> str:
    """A bank's short name; its BIN where nobody knows it."""
    bank = banks.find(bin_)
    return bin_ if bank is None else bank.short_name
