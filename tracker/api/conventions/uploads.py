"""A file on its way in: raw or multipart, perhaps compressed, never beyond its limit.

The parts of a multipart body may come in any order, and what is to be done with the file stands
in the others; so a multipart file is held until the body has ended, up to the limit for files. It
never touches a disk: it is full of names.
"""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import AsyncIterator, Iterable
from typing import Any

from multipart import (  # type: ignore[import-untyped]  # annotated, and not marked as such
    MultipartError,
    MultipartSegment,
    ParserLimitReached,
    PushMultipartParser,
)

from tracker.api.conventions import bodies
from tracker.api.conventions.call import ApiRequest, UnsupportedMedia
from tracker.domain.errors import Fault, Invalid, TooLarge

FRAME_BYTES_MAX = 64 * 1024
"""What boundaries, headers and fields of a multipart body may take beside the file."""

FIELD_BYTES_MAX = 4 * 1024
PARTS_MAX = 16
INFLATE_BYTES = 256 * 1024
FORM = "multipart/form-data"
FILE = "file"
"""The name of the part that is the file."""

_GZIP = 16 + zlib.MAX_WBITS
_TRUTHS = {"true": True, "1": True, "false": False, "0": False}


async def form(request: ApiRequest, part: str, limit: int) -> tuple[dict[str, Any], bytes]:
    """The fields of a multipart body and the one file in it, which is the part named `part`.

    Raises as `receive` does.
    """
    stream = _limited(_plain(request), limit + FRAME_BYTES_MAX, part)
    boundary = request.content_type[1].get("boundary", "")
    fields, file = await _parts(stream, boundary, limit, part)
    return fields, b"".join(file)


async def text(request: ApiRequest, limit: int) -> bytes:
    """A whole body that is no file; raises `TooLarge` beyond the limit (bytes)."""
    whole = bytearray()
    async for chunk in request.stream():
        whole += chunk
        if len(whole) > limit:
            raise TooLarge(f"A body of this kind has up to {limit} bytes.")
    return bytes(whole)


async def receive(
    request: ApiRequest, beside: dict[str, Any]
) -> tuple[dict[str, Any], AsyncIterator[bytes]]:
    """The fields and the file of an upload; of a raw body the fields are those `beside` it.

    Raises `Invalid` (`MULTIPART_MALFORMED`, `FILE_MISSING`), `UnsupportedMedia`; the chunks raise
    `TooLarge` (`FILE_TOO_LARGE`), `Invalid` (`BAD_ENCODING`).
    """
    limit = request.tracker.settings.upload_bytes_max
    content_type, options = request.content_type
    if content_type != FORM:
        return beside, _limited(_plain(request), limit)
    stream = _limited(_plain(request), limit + FRAME_BYTES_MAX)
    fields, file = await _parts(stream, options.get("boundary", ""), limit)
    given = {name: value for name, value in beside.items() if value is not None}
    if twice := given.keys() & fields.keys():
        raise _twice(sorted(twice))  # which of the two is meant cannot be known
    return {**given, **fields}, _held(file)


async def _plain(request: ApiRequest) -> AsyncIterator[bytes]:
    """The body as it was before it was compressed."""
    match request.header(b"content-encoding"):
        case [] | ["identity"]:
            async for chunk in request.stream():
                yield chunk
        case ["gzip"]:
            inflate = zlib.decompressobj(_GZIP)
            async for chunk in request.stream():
                for piece in _inflated(inflate, chunk):
                    yield piece
            if not inflate.eof:
                raise _not_gzip()
        case _:
            raise UnsupportedMedia("Files are taken as they are or with Content-Encoding: gzip.")


def _inflated(inflate: Any, chunk: bytes) -> Iterable[bytes]:
    """What a compressed chunk holds, in pieces that fit into memory whatever it claims."""
    rest = chunk
    while rest:
        if inflate.eof:
            raise _not_gzip()
        try:
            piece = inflate.decompress(rest, INFLATE_BYTES)
        except zlib.error:
            raise _not_gzip() from None
        if piece:
            yield piece
        rest = inflate.unconsumed_tail or inflate.unused_data


async def _limited(
    chunks: AsyncIterator[bytes], limit: int, part: str = FILE
) -> AsyncIterator[bytes]:
    seen = 0
    async for chunk in chunks:
        seen += len(chunk)
        if seen > limit:
            raise too_large(limit, part)
        yield chunk


async def _parts(
    stream: AsyncIterator[bytes], boundary: str, limit: int, part: str = FILE
) -> tuple[dict[str, Any], deque[bytes]]:
    fields: dict[str, Any] = {}
    file: deque[bytes] = deque()
    files = 0
    text = bytearray()
    segment: MultipartSegment | None = None
    try:
        parser = PushMultipartParser(
            boundary, max_segment_size=limit, max_segment_count=PARTS_MAX, strict=True
        )
        with parser:
            async for chunk in stream:
                for event in parser.parse(chunk) if chunk else ():
                    if isinstance(event, MultipartSegment):
                        segment, text = event, bytearray()
                        files += event.name == part
                    elif segment is None:
                        continue
                    elif event is None:
                        name = segment.name or ""
                        if name in fields:
                            raise _twice([name])
                        if name != part:
                            fields[name] = _field(name, text)
                    elif segment.name == part:
                        file.append(bytes(event))
                    else:
                        text += event
                        if len(text) > FIELD_BYTES_MAX:
                            raise _malformed("A field is longer than any field could be.")
    except ParserLimitReached:
        raise too_large(limit, part) from None
    except (MultipartError, UnicodeDecodeError):
        raise _malformed("The multipart body cannot be read.") from None
    if files != 1:
        raise Invalid(f"Send the file as the part `{part}`, once.", code="FILE_MISSING")
    return fields, file


def _field(name: str, raw: bytearray) -> object:
    text = raw.decode().strip()
    if name == "dry_run":
        return _TRUTHS.get(text.lower(), text)
    return text or None


async def _held(file: deque[bytes]) -> AsyncIterator[bytes]:
    while file:
        yield file.popleft()


def too_large(limit: int, part: str = FILE) -> TooLarge:
    """The refusal of a file beyond its limit (bytes)."""
    mend = "Split the file." if part == FILE else "Send a smaller one."
    return TooLarge(
        f"Files up to {limit // (1024 * 1024)} MiB are taken. {mend}",
        code="FILE_TOO_LARGE",
    )


def _not_gzip() -> Invalid:
    return Invalid("The body is not what Content-Encoding says.", code="BAD_ENCODING")


def _twice(names: list[str]) -> Invalid:
    return bodies.refusal(Fault(f"/{name}", "TWICE", "Send this once.") for name in names)


def _malformed(detail: str) -> Invalid:
    return Invalid(detail, code="MULTIPART_MALFORMED")
