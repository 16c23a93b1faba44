"""`tracker doctor`: what is wrong with an installation, and what to do about it.

Each look is a function that returns its findings; here they are put together. A look that cannot be
taken (the store is away, a record is damaged) is a finding itself and ends no other. Nothing here
writes, and nothing names a person.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Literal, get_args

from msgspec import Struct

from tracker.domain.errors import TrackerError
from tracker.store import failures

Severity = Literal["error", "warning", "note"]
SEVERITIES: Final[tuple[Severity, ...]] = get_args(Severity)

LOOK_S: Final = 30.0
"""The longest that one look may take: all markets of a country take some seconds."""

Look = Callable[[], Awaitable[list["Finding"]]]


class Finding(Struct, frozen=True):
    """A fault (`error`: now; `warning`: soon, or for some), or what is to be known (`note`).

    `says` is what was seen, `do` what helps, each in plain words.
    """

    severity: Severity
    code: str
    says: str
    do: str

    @property
    def line(self) -> str:
        """The finding as one line."""
        return f"{self.severity:<7}  {self.code:<20}  {self.says} → {self.do}"


def error(code: str, says: str, do: str) -> Finding:
    """Something is wrong now."""
    return Finding("error", code, says, do)


def warning(code: str, says: str, do: str) -> Finding:
    """Something will be wrong soon, or is for some."""
    return Finding("warning", code, says, do)


def note(code: str, says: str, do: str) -> Finding:
    """Something that whoever runs the service should know."""
    return Finding("note", code, says, do)


def exit_code(findings: list[Finding]) -> int:
    """0 where all is well, 1 with warnings, 2 with errors."""
    worst = {finding.severity for finding in findings}
    return 2 if "error" in worst else 1 if "warning" in worst else 0


def sort(findings: list[Finding]) -> list[Finding]:
    """The worst first, else in the order in which they were found."""
    return sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity))


async def take(name: str, look: Look, *, limit_s: float = LOOK_S) -> list[Finding]:
    """One look; where it cannot be taken, a finding that says so."""
    try:
        async with asyncio.timeout(limit_s):
            return await look()
    except TimeoutError:
        says = f"The look at {name} took longer than {limit_s:g} seconds and was given up."
        return [error("NO_ANSWER", says, "See whether the store or its machine is overloaded.")]
    except TrackerError as refused:
        return [error(refused.code, f"{name}: {refused.detail}", "Do what the sentence says.")]
    except Exception as failed:
        away = failures.refusal(failed)
        if away is not None:
            says = f"The store or the queue did not answer the look at {name}."
            return [error(away.code, says, "Start it, or mend the connection to it.")]
        says = f"The look at {name} failed ({type(failed).__name__})."
        return [error("LOOK_FAILED", says, "Run `tracker verify`: a record may be damaged.")]
