"""The contract and its reference page, and what each problem means; all without a network."""

from __future__ import annotations

from litestar import Controller, get
from litestar.params import FromPath

from tracker.access.roles import hidden
from tracker.api import contract, reference
from tracker.api.catalogue import problems
from tracker.api.conventions import conditional, replies
from tracker.api.conventions.call import ApiRequest
from tracker.api.conventions.guard import PUBLIC
from tracker.api.conventions.replies import Reply
from tracker.api.operation import Answer, operation

HTML = "text/html; charset=utf-8"
POLICY = (
    b"content-security-policy",
    b"default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
)
_KEPT = "pages"


class Pages(Controller):
    """Pages for people and programs that build against the service; no key is needed."""

    tags = ("pages",)

    @get(
        "/openapi.json",
        summary="Get the contract",
        opt=operation(PUBLIC, {200: Answer("OpenAPI 3.1.", None, headers=("ETag",))}),
    )
    async def get_contract(self, request: ApiRequest) -> Reply:
        """This document, as JSON."""
        return conditional.reply(request, _pages(request)[0])

    @get(
        "/docs",
        summary="Read the contract",
        opt=operation(PUBLIC, {200: Answer("A page without scripts.", None, "text/html")}),
    )
    async def read_docs(self, request: ApiRequest) -> Reply:
        """The contract as one page that needs no network."""
        return conditional.reply(request, _pages(request)[1], POLICY, media_type=HTML)

    @get(
        "/problems",
        summary="List what can be refused",
        opt=operation(PUBLIC, {200: Answer("A page.", None, "text/html")}),
    )
    async def list_problems(self) -> Reply:
        """All codes of problems and of the faults within them."""
        return replies.content(reference.problem_list(), HTML, 200, POLICY)

    @get(
        "/problems/{name:str}",
        summary="Read what a problem means",
        opt=operation(PUBLIC, {200: Answer("A page.", None, "text/html")}),
    )
    async def read_problem(self, name: FromPath[str]) -> Reply:
        """What the problem means and how to mend it: the page that its `type` names."""
        entry = problems().get(name.upper().replace("-", "_"))
        if entry is None:
            raise hidden()
        return replies.content(reference.problem_page(entry), HTML, 200, POLICY)


def _pages(request: ApiRequest) -> tuple[bytes, bytes]:
    """Contract and reference, made on first asking: a start does not wait for them."""
    kept: tuple[bytes, bytes] | None = request.app.state.get(_KEPT)
    if kept is None:
        document = contract.document(request.app)
        kept = replies.data(document).body, reference.page(document)
        request.app.state[_KEPT] = kept
    return kept
