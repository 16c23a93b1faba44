"""Safe retries: one `Idempotency-Key`, one effect, one answer.

The key's answer is sealed and committed with the facts in one step, so a retry, or the loser of
a race, reads the answer that was given. The scope of a key is principal, method and path; the
fingerprint is an HMAC over the parsed fields, so another spelling of the same request is the same
request. What was refused is not kept: it may succeed when it is sent again.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from msgspec import Struct, json, msgpack

from tracker.access.keys import Role
from tracker.api.conventions.call import ApiRequest
from tracker.api.conventions.replies import Header, Reply
from tracker.domain.errors import Invalid, TrackerError
from tracker.services.context import Answered, Once, reused
from tracker.store.keys import SERVICE

R = TypeVar("R")

KEY_CHARS_MAX: Final = 255
REQUIRED: Final = "key_required_of"
"""The `opt` of a route that names the roles that must send a key."""

PARTNERS: Final[tuple[Role, ...]] = ("bank",)
REPLAYED: Final[Header] = (b"idempotency-replayed", b"true")
_BARE = re.compile(r"[!-~]+", re.ASCII)
_QUOTED = re.compile(r'"((?:[ !#-\[\]-~]|\\["\\])*)"', re.ASCII)


class Stored(Struct, frozen=True, array_like=True):
    """An answer as it is kept: the request's fingerprint and what was sent."""

    fingerprint: bytes
    reply: Reply


_pack = msgpack.Encoder().encode
_unpack = msgpack.Decoder(Stored).decode


def key_of(request: ApiRequest) -> str | None:
    """The request's internal idempotency key, None where it sent none.

    Raises `Invalid`: `IDEMPOTENCY_KEY_INVALID`, or `IDEMPOTENCY_KEY_MISSING` where the caller's
    role must send one.
    """
    given = request.header(b"idempotency-key")
    if not given:
        if request.principal.role in request.route_handler.opt.get(REQUIRED, ()):
            raise Invalid(
                "Send an `Idempotency-Key` with this request: the same one when you repeat it "
                "because no answer came, a new one for each new request.",
                code="IDEMPOTENCY_KEY_MISSING",
            )
        return None
    text = _plain(given[0].strip()) if len(given) == 1 else ""
    if not 1 <= len(text) <= KEY_CHARS_MAX:
        raise Invalid(
            f"An `Idempotency-Key` has 1 to {KEY_CHARS_MAX} visible ASCII characters, bare or in "
            "double quotes, and is sent once.",
            code="IDEMPOTENCY_KEY_INVALID",
        )
    scope = (request.principal.id, request.method, request.scope["path"], text)
    return request.tracker.keyring.lookup("idempotency", *scope).hex()


def _plain(text: str) -> str:
    quoted = _QUOTED.fullmatch(text)
    if quoted is not None:
        return re.sub(r"\\(.)", r"\1", quoted[1])
    return text if _BARE.fullmatch(text) and '"' not in text else ""


async def once(
    request: ApiRequest,
    fields: object,
    act: Callable[[Once | None], Awaitable[R]],
    render: Callable[[R], Reply],
    space: str | None = None,
    again: Callable[[R], R] | None = None,
    *,
    in_one_commit: bool = False,
) -> Reply:
    """Acts and answers, at most once a key; what goes out is what was sealed.

    But a secret is shown once: `again` gives the result without it, and that is what is sealed and
    what a repeat is told. `fields` is the parsed body; `space` where the answer is kept, by default
    the market that the path lies in, else the service. `in_one_commit` says that the act writes
    nothing before the commit that keeps its answer: then that commit finds a known key, and only a
    refusal asks for the answer. Raises `KeyReused` for another request under a known key.
    """
    key = key_of(request)
    if key is None:
        return render(await act(None))
    where = space or request.call.market or SERVICE
    kept = _Answers(request, where, key, fields)
    if not in_one_commit and (stored := await request.tracker.reader.answer(where, key)):
        return kept.open(stored)
    sealed: list[Reply] = []

    def seal(result: R) -> bytes:
        sealed.append(render(result))
        return kept.seal(sealed[-1] if again is None else render(again(result)))

    try:
        result = await act(Once(key, seal))
    except Answered as answered:
        return kept.open(answered.stored)
    except TrackerError:
        if in_one_commit and (stored := await request.tracker.reader.answer(where, key)):
            return kept.open(stored)
        raise
    return sealed[-1] if sealed else render(result)


class _Answers:
    """Seals and opens the answer of one request under one key."""

    def __init__(self, request: ApiRequest, space: str, key: str, fields: object) -> None:
        self._keyring = request.tracker.keyring
        self._context = f"{space}:{key}".encode()
        self._fingerprint = fingerprint(request, fields)

    def seal(self, reply: Reply) -> bytes:
        return self._keyring.seal_answer(self._context, _pack(Stored(self._fingerprint, reply)))

    def open(self, sealed: bytes) -> Reply:
        stored = _unpack(self._keyring.open_answer(self._context, sealed))
        if stored.fingerprint != self._fingerprint:
            raise reused()
        return stored.reply.plus(REPLAYED)


def fingerprint(request: ApiRequest, fields: object) -> bytes:
    """An HMAC over the parsed fields of a request: what makes it the same request."""
    canonical = json.encode(fields, order="sorted").decode()
    return request.tracker.keyring.lookup("fingerprint", canonical)
