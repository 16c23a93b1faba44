"""What no page may do, whoever reads it: tell, load, run or believe what it should not."""

from __future__ import annotations

import asyncio
import io
import re
import zipfile
from collections.abc import Awaitable
from html.parser import HTMLParser
from itertools import chain
from typing import TypeVar

import httpx
import pytest

from tests.integration.api.city import FIRST, MARKET, City
from tests.integration.registry import Clock
from tests.integration.web.routes import PAGES
from tests.integration.web.town import (
    HTML,
    NAMES,
    NUMBERS,
    PERSONAL,
    PHONES,
    STALLS,
    Town,
    filled,
    text_of,
)
from tracker.access.keys import ROLES
from tracker.store.client import connect
from tracker.web import assets

T = TypeVar("T")


class Page(HTMLParser):
    """The tags of a page, read as a browser does, and what in them a policy would have to stop."""

    ADDRESSES = frozenset({"href", "src", "action", "formaction", "poster", "data", "xlink:href"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.wrong: list[str] = []
        self.addresses: set[str] = set()
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """One tag."""
        given = dict(attrs)
        if tag in {"style", "iframe", "object", "embed", "base", "u"}:
            self.wrong.append(f"<{tag}>")
        if tag == "script" and not given.get("src"):
            self.wrong.append("<script> without src")
        for name, value in attrs:
            if name.startswith("on") or name in {"style", "srcdoc"}:
                self.wrong.append(f"<{tag} {name}={value!r}>")
            if name in self.ADDRESSES:
                self.addresses.add(value or "")


def files_of(answer: httpx.Response) -> str:
    """All text of an answer, of the files within a workbook too."""
    if answer.content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(answer.content)) as book:
            return "\n".join(book.read(name).decode("utf-8", "replace") for name in book.namelist())
    return answer.text


def own_strings(*said: str) -> list[str]:
    """As they stand in a page or a file, escaped or not."""
    escaped = [one.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") for one in said]
    return [*said, *escaped]


Seen = dict[str, list[tuple[str, httpx.Response]]]
"""What each caller was answered, with what was asked."""


@pytest.fixture(scope="module")
def seen(store_url: str) -> Seen:
    """Every page of a town whose people have traps for names, asked for by everybody.

    Who may not see it gets a page too; forms are sent last, with nothing in them.
    """
    with asyncio.Runner() as runner:

        async def whole(work: Awaitable[T]) -> T:
            return await work

        def run(work: Awaitable[T]) -> T:
            return runner.run(whole(work))

        store = connect(store_url)
        run(store.flushall())
        town = Town(run, store, Clock())
        callers: dict[str, str | None] = {
            "nobody": None,
            "stranger": town.city.new_key("bank", bins=("970407",), markets=(MARKET,)),
            **{role: role for role in ROLES},
        }
        found: Seen = {name: [] for name in callers}
        forms = [(route, "") for route in PAGES if route.startswith("POST ")]
        for route, query in (*town.pages(), *forms):
            for name, caller in callers.items():
                answer = town.ask(caller, route, town.values, query)
                found[name].append((f"{name}: {filled(route, town.values)}{query}", answer))
        run(store.aclose())
        return found


def test_nothing_goes_wrong(seen: Seen) -> None:
    for where, answer in chain(*seen.values()):
        assert answer.status_code < 500, (where, text_of(answer))


@pytest.mark.parametrize("who", ["ioc", "auditor", "nobody"])
def test_who_may_know_nobody_reads_no_name_phone_or_account(seen: Seen, who: str) -> None:
    forbidden = own_strings(*PERSONAL)
    if who != "auditor":  # who checks the facts must know which stall they are about
        forbidden += [*STALLS, FIRST]
    for where, answer in seen[who]:
        text = files_of(answer)
        found = [one for one in forbidden if one in text]
        # The form that chooses the language knows where to come back to.
        found = [one for one in found if one not in where]
        assert not found, (where, found)


def test_a_bank_reads_of_others_the_code_and_the_stall_alone(seen: Seen) -> None:
    """The bank registered the first trader; the second and third have an account with it."""
    others = own_strings(*NAMES[1:], *PHONES[1:], NUMBERS[3])
    for where, answer in seen["bank"]:
        found = [one for one in others if one in files_of(answer)]
        assert not found, (where, found)
    read = "".join(files_of(answer) for _, answer in seen["bank"])
    hers = (NAMES[0], PHONES[0], NUMBERS[0])
    assert not [one for one in (*hers, STALLS[3]) if one not in read]
    everybody = own_strings(*PERSONAL)
    for where, answer in seen["stranger"]:
        found = [one for one in everybody if one in files_of(answer)]
        assert not found, (where, found)


def test_no_page_runs_or_loads_what_is_not_ours(seen: Seen) -> None:
    for where, answer in chain(*seen.values()):
        if answer.headers.get("content-type") != HTML:
            continue
        page = Page(answer.text)
        assert not page.wrong, (where, page.wrong)
        for one in page.addresses:
            assert one.startswith(("/", "#", "?", "tel:")) or not one, (where, one)
            assert not one.startswith("//"), (where, one)


def test_every_page_says_what_a_browser_must_know(seen: Seen) -> None:
    for where, answer in chain(*seen.values()):
        if answer.headers.get("content-type") != HTML:
            continue
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy, where
        assert "unsafe" not in policy, where
        assert "*" not in policy, where
        assert answer.headers["referrer-policy"] == "same-origin", where
        assert answer.headers["x-content-type-options"] == "nosniff", where
        public = ": /public" in where.replace("GET ", "") and answer.status_code == 200
        kept = "private, max-age=30" if public else "no-store"
        assert answer.headers["cache-control"] == kept, where


def test_a_name_that_is_code_is_a_name_wherever_it_is_shown(seen: Seen) -> None:
    shown = dict.fromkeys(NAMES, 0)
    for where, answer in seen["admin"]:
        if answer.headers.get("content-type") == HTML:
            assert "<script>alert" not in answer.text, where
            assert "<b>Khu" not in answer.text, where
            words = text_of(answer)
            for name in NAMES:
                shown[name] += name in words
            if NAMES[3] in answer.text:
                assert ">49<" not in answer.text, where
    assert all(count >= 2 for count in shown.values()), shown


def test_a_name_that_is_a_formula_is_text_in_a_workbook(seen: Seen) -> None:
    books = 0
    for where, answer in seen["admin"]:
        if not answer.content.startswith(b"PK"):
            continue
        books += 1
        text = files_of(answer)
        assert "<f>" not in text, where
        assert "<f " not in text, where
        if "roster" in where:
            assert "=cmd()" in text, where
    assert books >= 2


def test_assets_are_kept_for_ever_and_load_nothing_else(market: City) -> None:
    for address in assets.addresses().values():
        answer = market.get(None, address)
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    css = market.get(None, assets.addresses()["style.css"]).text
    for loaded in re.findall(r"url\(([^)]+)\)|@import\s+(\S+)", css):
        assert loaded[0].strip("\"'").startswith(("/assets/", "data:image/")), loaded
