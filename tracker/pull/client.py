"""Asks the service for page after page; the standard library is all that it needs."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from http.client import HTTPException
from typing import Any, Final, NamedTuple
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from msgspec import DecodeError, json

from tracker.pull.folder import Folder
from tracker.pull.values import is_value

LIMIT: Final = 500
ANSWER_BYTES_MAX: Final = 64 * 1024 * 1024
TIMEOUT_S: Final = 60


class Page(NamedTuple):
    """A decoded answer, and the cursor after it where it is the feed's."""

    body: dict[str, Any]
    cursor: str | None


Get = Callable[[str], Page]
"""What is behind a path of the service; raises `Refused`."""


class Refused(Exception):
    """The service did not answer as it should; the message says what to do."""


class _Stays(HTTPRedirectHandler):
    """Follows no redirect: the key is for the address that was given."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """None: the redirect is an error."""


def over_http(url: str, key: str) -> Get:
    """Asks the service at `url` with a key; raises `Refused`."""
    if urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname:
        raise Refused(f"{url} is not the address of a service; it begins with https://.")
    opener = build_opener(_Stays())
    headers = {"Authorization": f"Bearer {key}", "Accept-Encoding": "gzip"}

    def get(path: str) -> Page:
        request = Request(url.rstrip("/") + path, headers=headers)  # noqa: S310  # checked above
        try:
            with opener.open(request, timeout=TIMEOUT_S) as answer:
                raw = answer.read(ANSWER_BYTES_MAX + 1)
                packed = answer.headers.get("Content-Encoding") == "gzip"
                cursor = answer.headers.get("Tracker-Cursor")
            body = json.decode(_unpacked(raw) if packed else raw, type=dict[str, Any])
            return Page(body, cursor)
        except HTTPError as refused:
            with refused:
                raise Refused(f"{path.partition('?')[0]}: {_told(refused)}") from None
        except (URLError, HTTPException, OSError) as away:
            reason = getattr(away, "reason", None) or type(away).__name__
            raise Refused(f"{url} does not answer: {reason}") from None
        except (DecodeError, zlib.error):
            raise Refused(f"{path.partition('?')[0]}: the answer is not whole.") from None

    return get


def _unpacked(raw: bytes) -> bytes:
    packer = zlib.decompressobj(31)
    whole = packer.decompress(raw, ANSWER_BYTES_MAX)
    if not packer.eof:
        raise zlib.error
    return whole


def _told(refused: HTTPError) -> str:
    try:
        said = json.decode(refused.read(65_536))
        return f"{refused.code} {said['code']}: {said['detail']}"
    except (DecodeError, KeyError, TypeError, OSError, HTTPException):
        return f"{refused.code} {refused.reason}"


def pull(get: Get, folder: Folder, *, limit: int = LIMIT) -> Iterator[int]:
    """Takes over everything that is new, page by page; yields how many publications each brought.

    These are snapshots and reported values; items of kinds that this client does not know are
    passed over. Raises `Refused`, `Untrue` and `Unusable`; what came before stays.
    """
    names: dict[str, str] = {}
    while True:
        query = {"limit": str(limit), "format": "json", "after": folder.state.cursor}
        given = {key: value for key, value in query.items() if value is not None}
        page = get(f"/v1/snapshots?{urlencode(given)}")
        bodies = [item for item in page.body["items"] if known(item)]
        if any("market" in body and body["market"] not in names for body in bodies):
            names = market_names(get)
        if page.cursor is None:
            raise Refused("The answer has no Tracker-Cursor; does a gateway take headers away?")
        yield folder.take(bodies, names, page.cursor)
        if "next" not in page.body:
            return


def known(item: dict[str, Any]) -> bool:
    """Whether an item of the feed is of a kind that this client takes over."""
    return is_value(item) or ("market" in item and "digest" in item)


def market_names(get: Get) -> dict[str, str]:
    """Market id → name, of all markets that the key may see."""
    names: dict[str, str] = {}
    after = ""
    while True:
        page = get(f"/v1/markets?limit=1000{after}")
        names |= {item["id"]: item["name"] for item in page.body["items"]}
        if "next" not in page.body:
            return names
        after = "&" + urlencode({"after": page.body["next"]})
