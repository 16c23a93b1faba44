"""What the admin's forms share: lists among the fields, a form that counts once, secrets shown."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Final

from msgspec.structs import replace

from tracker.access.keys import ROLES
from tracker.api.conventions.call import ApiRequest
from tracker.api.conventions.replies import Reply
from tracker.domain.errors import Fault, TrackerError
from tracker.domain.text import search_key
from tracker.services.context import Answered, Once
from tracker.store.keys import SERVICE
from tracker.vietqr.banks import banks
from tracker.web import forms, view
from tracker.web.forms import Typed
from tracker.web.texts import say

_OF_A_LIST: Final = re.compile(r"/(bins|markets|zones)/\d+")
_TOKEN_BYTES: Final = 16


async def attempt(
    request: ApiRequest,
    form: Callable[[Typed], Awaitable[Reply]],
    deed: Callable[[dict[str, str]], Awaitable[Reply]],
) -> Reply:
    """Does what a form asks for; a refusal shows it again with everything that was typed.

    Boxes of one name that were ticked come as lines of one value.
    """
    several = await forms.fields(request)
    given = {name: "\n".join(values) for name, values in several.items()}
    try:
        return await deed(given)
    except TrackerError as refused:
        if refused.status >= 500 or isinstance(refused, Answered):
            raise
        refused.faults = tuple(_whole(refused.faults))
        return await form(Typed(given, refused))


def _whole(faults: Iterable[Fault]) -> Iterable[Fault]:
    """A fault of a list's entry as one of the list, once: a form has one field for all."""
    seen = set()
    for fault in faults:
        within = _OF_A_LIST.fullmatch(fault.pointer)
        told = fault if within is None else replace(fault, pointer=f"/{within[1]}")
        if (told.pointer, told.code) not in seen:
            seen.add((told.pointer, told.code))
            yield told


def new_token(request: ApiRequest, typed: Typed) -> str:
    """What tells one form from another that asks for the same."""
    return typed.values.get("form") or request.tracker.random_bytes(_TOKEN_BYTES).hex()


def once(request: ApiRequest, given: Mapping[str, str]) -> Once | None:
    """Lets a form that is sent twice (a page loaded anew, a double tap) count once.

    Nothing of the answer is kept: what it showed is shown once.
    """
    if not given.get("form"):
        return None
    tracker, path = request.tracker, request.scope["path"]
    key = tracker.keyring.lookup("form", request.principal.id, path, given["form"]).hex()

    def seal(_: Any) -> bytes:
        return tracker.keyring.seal_answer(f"{SERVICE}:{key}".encode(), b"")

    return Once(key, seal)


def every_bank() -> list[tuple[str, str]]:
    """BIN and name of all banks, by name."""
    named = sorted(banks().values(), key=lambda one: search_key(one.short_name))
    return [(one.bin, f"{one.short_name} ({one.bin})") for one in named]


def every_role(request: ApiRequest) -> list[tuple[str, str]]:
    """Each role and what people call it."""
    language = view.reader_of(request).language
    return [(role, say(language, f"role.{role}")) for role in ROLES]
