"""Asks the service for page after page, over the connection that partners' clients have too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

from msgspec import DecodeError, json

from tracker.client import errors
from tracker.client.retries import Retries
from tracker.client.transport import Transport
from tracker.pull.folder import Folder
from tracker.pull.values import is_value

LIMIT: Final = 500
TIMEOUT_S: Final = 60
RETRIES: Final = Retries(tries_max=3, first_s=0.5, total_s=90)
"""Cron comes again: a service that is away for longer is none of this run's."""


class Page(NamedTuple):
    """A decoded answer, and the cursor after it where it is the feed's."""

    body: dict[str, Any]
    cursor: str | None


Get = Callable[[str], Page]
"""What is behind a path of the service; raises `Refused`."""


class Refused(Exception):
    """The service did not answer as it should; the message says what to do."""


def over_http(url: str, key: str) -> Get:
    """Asks the service at `url` with a key; raises `Refused`."""
    try:
        wire = Transport(url, key, retries=RETRIES, timeout_s=TIMEOUT_S)
    except errors.ClientError as unusable:
        raise Refused(str(unusable)) from None

    def get(path: str) -> Page:
        place = path.partition("?")[0]
        try:
            answer = wire.send("GET", path)
            body = json.decode(answer.body, type=dict[str, Any])
        except errors.Refused as refused:
            raise Refused(f"{place}: {refused}") from None
        except errors.Unanswered as away:
            raise Refused(f"{url} does not answer: {away}") from None
        except errors.ClientError as wrong:
            raise Refused(str(wrong)) from None
        except DecodeError:
            raise Refused(f"{place}: the answer is not whole.") from None
        return Page(body, answer.headers.get("Tracker-Cursor"))

    return get


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
