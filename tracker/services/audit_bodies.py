"""Is each published body what its ledger entry says, and is what it withholds beside it?"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from msgspec import DecodeError, json

from tracker.domain.days import day_date, moment_text
from tracker.domain.facts import Published
from tracker.domain.snapshot import GENESIS, canonical, content_of, digest_holds, sha256
from tracker.services.audit_difference import NONE, Difference, publication
from tracker.services.audit_ledger import Ledger
from tracker.store.publications import body_name, details_name
from tracker.store.views import Stored, ViewStore


async def bodies(views: ViewStore, ledger: Ledger, stored: Stored) -> AsyncIterator[Difference]:
    """Each publication's body and details against its ledger entry, and those that none names."""
    if "bodies" in stored.wrong:
        return
    space = ledger.space
    facts = {body_name(fact): fact for fact in ledger.publications}
    previous = GENESIS
    async for name, body in views.bodies(space, list(facts)):
        fact = facts[name]
        for expected, found in _body_faults(space, fact, body, previous):
            subject = publication(fact.day, fact.revision)
            yield Difference(space, "body", subject, expected, found)
        previous = fact.digest.hex()
    withheld = {
        details_name(fact.day, fact.revision): fact
        for fact in ledger.publications
        if fact.details_digest
    }
    async for name, details in views.bodies(space, list(withheld)):
        fact = withheld[name]
        for expected, found in _details_faults(fact, details):
            subject = f"{publication(fact.day, fact.revision)} details"
            yield Difference(space, "body", subject, expected, found)
    for name in sorted(stored.bodies - facts.keys() - withheld.keys()):
        yield Difference(space, "body", name, NONE, "a body that no ledger entry names")


def _body_faults(
    space: str, fact: Published, raw: bytes | None, previous: str
) -> Iterator[tuple[str, str]]:
    if raw is None:
        yield "a body", NONE
        return
    try:
        body: dict[str, Any] = json.decode(raw, type=dict[str, Any])
    except (DecodeError, UnicodeDecodeError):
        yield "a body", "bytes that are none"
        return
    if not digest_holds(body):
        yield "its digest to hold", "another content"
    elif sha256(canonical(content_of(body))) != body.get("content_digest"):
        yield "its content_digest to hold", "another content"
    expected = {
        "market": space,
        "date": _text(lambda day: day_date(day).isoformat(), fact.day),
        "revision": fact.revision,
        "ledger_position": str(fact.position),
        "published_at": _text(moment_text, fact.at),
        "digest": f"sha256:{fact.digest.hex()}",
        "content_digest": f"sha256:{fact.content_digest.hex()}",
        "previous_digest": f"sha256:{previous}",
    }
    for field, should in expected.items():
        if body.get(field) != should:
            yield f"{field} {should}", str(body.get(field))[:80]


def _text(make: Callable[[int], str], value: int) -> str:
    """A number as a day or moment, or as it is where the entry's is none that exists."""
    try:
        return make(value)
    except (ValueError, OverflowError):
        return str(value)


def _details_faults(fact: Published, raw: bytes | None) -> Iterator[tuple[str, str]]:
    if raw is None:
        yield "what the body withholds", NONE
        return
    try:
        digest = sha256(canonical(json.decode(raw)))
    except (DecodeError, UnicodeDecodeError):
        yield "what the body withholds", "bytes that are none"
        return
    if digest != f"sha256:{fact.details_digest.hex()}":
        yield f"digest sha256:{fact.details_digest.hex()}", digest
