"""What pages share on which one thing is done to a vendor: its form, its day, its refusal."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import date, datetime
from typing import Any

from tracker.api.conventions.call import ApiRequest
from tracker.api.conventions.replies import Reply
from tracker.domain.days import day_date, day_number, day_of, moment_of, moment_on, moment_text
from tracker.domain.errors import Outdated, TrackerError
from tracker.services.approval_shapes import Pending
from tracker.services.vendor_life import Check
from tracker.web import forms, view
from tracker.web.forms import Typed

Form = Callable[[Typed], Awaitable[Reply]]
"""Shows the form again, with what was typed and why it was refused."""

Deed = Callable[[dict[str, str]], Awaitable[Reply]]


async def attempt(request: ApiRequest, form: Form, deed: Deed) -> Reply:
    """Does what a form asks for; a refusal shows the form again with everything that was typed."""
    given = await forms.values(request)
    try:
        return await deed(given)
    except TrackerError as refused:
        if refused.status >= 500:
            raise
        return await form(Typed(given, refused))


def status_of(typed: Typed) -> int:
    """The status of a form's page: that of the refusal, if there was one."""
    return 200 if typed.refused is None else typed.refused.status


def unchanged(given: Mapping[str, str]) -> Check:
    """Passes a change that was decided on the version in the form's hidden field."""

    def check(version: int) -> None:
        if given.get("version") != str(version):
            raise outdated()

    return check


def outdated() -> Outdated:
    """The refusal of a change that was decided on what is not the present state any more."""
    return Outdated("The resource changed since you read it. Look at it again and decide anew.")


def dated(request: ApiRequest, given: dict[str, str], since: str | None) -> dict[str, Any]:
    """The form with its day as the moment that the API takes; what is no day is left as typed.

    A day counts from its start, or from `since` (when what it belongs to happened) if that was on
    the same day; today is now.
    """
    typed = given.get("occurred_at", "").strip()
    try:
        day = day_number(date.fromisoformat(typed))
    except ValueError:
        return given
    if day == day_of(request.tracker.now()):
        return {name: value for name, value in given.items() if name != "occurred_at"}
    anchor = moment_of(datetime.fromisoformat(since)) if since else 0
    return {**given, "occurred_at": moment_text(moment_on(day, anchor))}


def moment(stated: datetime | None) -> int | None:
    """A stated time in ms; None is now."""
    return None if stated is None else moment_of(stated)


def today(request: ApiRequest) -> str:
    """The last day that a form offers."""
    return day_date(day_of(request.tracker.now())).isoformat()


def done(result: object, path: str, said: str) -> Reply:
    """On to the page that shows it; what waits for a second person goes to its approval."""
    if isinstance(result, Pending):
        return view.see(f"/approvals/{result.approval.id}", "asked")
    return view.see(path, said)
