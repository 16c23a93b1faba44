"""Stored answers after an erasure: given again, they say what they would say now.

They are not dropped: a retry of a registration would then register the trader again. A stored
answer is the request's fingerprint and status, headers and JSON body (see `tracker.api`); here only
the body is touched, and the header that tells its length. Results of single rows have another form:
row, status, vendor code and problem, so nothing personal.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from msgspec import DecodeError, Struct, json, msgpack

from tracker.access.vault import BadMasterKey, Tampered
from tracker.services.context import Tracker

PERSONAL: Final = frozenset(
    ("name", "phone", "number", "holder", "account", "payload", "parts", "purpose", "bill")
)
"""Members of an answer about a vendor that are, or hold, personal data."""

_LENGTH: Final = b"content-length"


class _Reply(Struct, frozen=True, array_like=True):
    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


class _Stored(Struct, frozen=True, array_like=True):
    fingerprint: bytes
    reply: _Reply


_unpack = msgpack.Decoder(_Stored).decode
_pack = msgpack.Encoder().encode


async def clear(tracker: Tracker, vendors: Collection[str]) -> int:
    """Takes what is personal out of every stored answer about these vendors; how many had any."""
    named = [vendor.encode() for vendor in vendors]
    cleared = 0
    async for answer in tracker.sealed.answers():
        try:
            opened = tracker.keyring.open_answer(answer.context, answer.sealed)
        except (Tampered, BadMasterKey):
            continue  # sealed for something else, or never to be opened again
        if not any(code in opened for code in named):
            continue
        changed = without_personal(opened)
        if changed != opened:
            sealed = tracker.keyring.seal_answer(answer.context, changed)
            cleared += await tracker.sealed.put_answer(answer, sealed)
    return cleared


def without_personal(opened: bytes) -> bytes:
    """The answer without personal data."""
    try:
        stored = _unpack(opened)
        said = json.decode(stored.reply.body)
    except DecodeError:
        return opened
    blanked = _blank(said)
    if blanked == said:
        return opened
    body = json.encode(blanked)
    headers = tuple(
        (name, b"%d" % len(body) if name == _LENGTH else value)
        for name, value in stored.reply.headers
    )
    return _pack(_Stored(stored.fingerprint, _Reply(stored.reply.status, headers, body)))


def _blank(value: Any) -> Any:
    match value:
        case dict():
            return {
                name: _emptied(name, value) if _personal(name, held) else _blank(held)
                for name, held in value.items()
            }
        case list():
            return [_blank(item) for item in value]
    return value


def _personal(name: str, held: Any) -> bool:
    texts = isinstance(held, list) and bool(held) and all(isinstance(one, str) for one in held)
    return (
        (name in PERSONAL and isinstance(held, str))
        or name == "parts"
        or (name == "accounts" and texts)
    )


def _emptied(name: str, within: dict[str, Any]) -> Any:
    """What stands for it: an invoice always has a payload, a scan a list of accounts."""
    if name == "accounts":
        return []
    return "" if name == "payload" and "amount_vnd" in within else None
