"""One call: sent, sent again where that does no harm, and answered or refused."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import httpx
from msgspec import DecodeError, json

from tracker.client.errors import ClientError, Refused, Unanswered, refusal
from tracker.client.retries import AGAIN, AGAIN_CODES, SAFE, Retries, retry_after_s

ANSWER_BYTES_MAX: Final = 64 * 1024 * 1024
JSON: Final = "application/json"
AGENT: Final = "tracker-client/1"


class Answer:
    """An answer of less than 400: status, headers and the whole body."""

    def __init__(self, status: int, headers: httpx.Headers, body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def replayed(self) -> bool:
        """Whether this is the stored answer to an earlier try."""
        return bool(self.headers.get("Idempotency-Replayed") == "true")


class Transport:
    """Sends calls to one service with one key. May be used by several threads at once.

    Redirects are not followed: the key is for the address that was given. What a test replaces is
    an argument: `transport` speaks HTTP, `sleep` waits, `clock` counts seconds.
    """

    def __init__(
        self,
        url: str,
        key: str,
        *,
        retries: Retries | None = None,
        timeout_s: float = 30.0,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        parts = httpx.URL(url)
        if parts.scheme not in {"http", "https"} or not parts.host:
            raise ClientError(f"{url} is not the address of a service; it begins with https://.")
        self._url = url.rstrip("/")
        self._retries = Retries() if retries is None else retries
        self._sleep = sleep
        self._clock = clock
        self._http = httpx.Client(
            headers={"Authorization": f"Bearer {key}", "User-Agent": AGENT},
            timeout=httpx.Timeout(timeout_s, connect=min(timeout_s, 10.0)),
            transport=transport,
            follow_redirects=False,
        )

    def close(self) -> None:
        """Ends the connections."""
        self._http.close()

    def send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: bytes | None = None,
        media_type: str = JSON,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """The answer; `query` without its Nones. Raises `Refused` and `Unanswered`.

        It is tried again where the method says the same twice or an Idempotency-Key does, else
        never.
        """
        given = dict(headers or {})
        if key is not None:
            given["Idempotency-Key"] = key
        if body is not None:
            given["Content-Type"] = media_type
        params = {name: _text(value) for name, value in (query or {}).items() if value is not None}
        request = self._http.build_request(
            method, self._url + path, params=params or None, content=body, headers=given
        )
        may_repeat = method in SAFE or key is not None
        begun = self._clock()
        tried = 0
        while True:
            tried += 1
            failed: ClientError
            asked: float | None = None
            try:
                status, answered, content = self._once(request)
            except httpx.TransportError as lost:
                said = str(lost) or type(lost).__name__
                failed = Unanswered(f"{method} {path}: no answer after {tried} tries: {said}", key)
            else:
                if status < 300:
                    return Answer(status, answered, content)
                if status < 400:
                    said = f"{method} {path}: a redirect ({status}) is not followed."
                    raise Unanswered(said, key)
                failed = refusal(status, content, key)
                if not _passes(failed):
                    raise failed
                asked = retry_after_s(answered.get("Retry-After"))
            wait_s = self._retries.wait_s(tried, asked, random.random)
            if not may_repeat or tried >= self._retries.tries_max:
                raise failed
            if self._clock() - begun + wait_s > self._retries.total_s:
                raise failed
            self._sleep(wait_s)

    def _once(self, request: httpx.Request) -> tuple[int, httpx.Headers, bytes]:
        """Status, headers and whole body; raises `TransportError` also where it was cut off."""
        answer = self._http.send(request, stream=True)
        try:
            content = bytearray()
            for piece in answer.iter_bytes():
                content += piece
                if len(content) > ANSWER_BYTES_MAX:
                    raise ClientError(f"{request.url.path}: the answer is too large.")
        except httpx.DecodingError as broken:
            raise httpx.ReadError(f"the answer is not whole: {broken}") from broken
        finally:
            answer.close()
        return answer.status_code, answer.headers, bytes(content)


def decoded(answer: Answer, type_: Any) -> Any:
    """The body as this type; fields that it does not know are passed over.

    Raises `Unanswered` where the answer is none of the service's.
    """
    try:
        return json.decode(answer.body, type=type_)
    except DecodeError as wrong:
        raise Unanswered(f"The answer is not what the contract says: {wrong}", None) from wrong


def _passes(failed: ClientError) -> bool:
    """Whether a refusal is only for now."""
    return isinstance(failed, Refused) and (failed.status in AGAIN or failed.code in AGAIN_CODES)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
