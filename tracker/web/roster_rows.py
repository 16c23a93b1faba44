"""The rows of a roster, written by hand: fifty of them are most of what the page costs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from markupsafe import Markup, escape

from tracker.domain.vendor import Stage
from tracker.services.roster_lines import Seen
from tracker.web.texts import Language, say
from tracker.web.words import bank_name, why_left

STAGES: Final[dict[Stage, str]] = {"registered": "", "issued": "calm", "attached": "good"}
"""Stage: the sign of its tag."""

COLUMNS: Final = ("stall", "vendor", "place", "stage", "banks")


def rows(language: Language, lines: Sequence[Seen]) -> Markup:
    """One row a vendor; each cell says what it is, for a phone shows them one below the other."""
    at, _, place, how, where = (escape(say(language, f"roster.{name}")) for name in COLUMNS)
    tags = {stage: _tag(STAGES[stage], say(language, f"stage.{stage}")) for stage in STAGES}
    paused = f" {_tag('warn', say(language, 'status.suspended'))}"
    reasons = {line.reason for line in lines if line.reason}
    why = {
        reason: f' <span class="help why-not">{escape(why_left(language, reason))}</span>'
        for reason in reasons
    }
    banks = {line.banks for line in lines}
    named = {some: escape(", ".join(map(bank_name, some))) for some in banks}
    made = []
    for line in lines:
        code = escape(line.vendor)
        name = f'{escape(line.name)}</a> <span class="help">{code}</span>' if line.name else None
        about = escape(" · ".join(part for part in (line.zone, line.category) if part))
        stage = "" if line.stage is None else tags[line.stage]
        stage += paused if line.status == "suspended" else ""
        stage += why[line.reason] if line.reason else ""
        made.append(
            f'<tr><td class="stall" data-label="{at}"><b>{escape(line.stall)}</b></td>'
            f'<th scope="row"><a href="/vendors/{code}">{name or f"{code}</a>"}</th>'
            f'<td data-label="{place}">{about}</td><td data-label="{how}">{stage}</td>'
            f'<td data-label="{where}">{named[line.banks]}</td></tr>'
        )
    return Markup("".join(made))  # noqa: S704  # every text in it is escaped


def _tag(kind: str, text: str) -> str:
    """As `parts.tag`."""
    sign = '<span class="sign" aria-hidden="true"></span>'
    return f'<span class="tag {kind}">{sign}{escape(text)}</span>'
