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
_GZIP = 16 + zlib.MAX_WBITS
_TRUTHS = {"true": True, "1": True, "false": False, "0": False}


async def receive(
    request: ApiRequest, beside: dict[str, Any]
) -> tuple[dict[str, Any], AsyncIterator[bytes]]:
    """The fields and the file of an upload; of a raw body the fields are those `beside` it.

    Raises `Invalid` (`MULTIPART_MALFORMED`, `FILE_MISSING`), `UnsupportedMedia`; the chunks raise
    `TooLarge` (`FILE_TOO_LARGE`), `Invalid` (`BAD_ENCODING`).
    """
    limit = request.tracker.settings.upload_bytes_max
    content_type, options = request.content_type
    if content_type != "multipart/form-data":
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


async def _limited(chunks: AsyncIterator[bytes], limit: int) -> AsyncIterator[bytes]:
    seen = 0
    async for chunk in chunks:
        seen += len(chunk)
        if seen > limit:
            raise too_large(limit)
        yield chunk


async def _parts(
    stream: AsyncIterator[bytes], boundary: str, limit: int
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
                        files += event.name == "file"
                    elif segment is None:
                        continue
                    elif event is None:
                        name = segment.name or ""
                        if name in fields:
                            raise _twice([name])
                        if name != "file":
                            fields[name] = _field(name, text)
                    elif segment.name == "file":
                        file.append(bytes(event))
                    else:
                        text += event
                        if len(text) > FIELD_BYTES_MAX:
                            raise _malformed("A field is longer than any field could be.")
    except ParserLimitReached:
        raise too_large(limit) from None
    except (MultipartError, UnicodeDecodeError):
        raise _malformed("The multipart body cannot be read.") from None
    if files != 1:
        raise Invalid("Send the file as the part `file`, once.", code="FILE_MISSING")
    return fields, file


def _field(name: str, raw: bytearray) -> object:
    text = raw.decode().strip()
    if name == "dry_run":
        return _TRUTHS.get(text.lower(), text)
    return text or None


async def _held(file: deque[bytes]) -> AsyncIterator[bytes]:
    while file:
        yield file.popleft()


def too_large(limit: int) -> TooLarge:
    """The refusal of a file beyond its limit (bytes)."""
    return TooLarge(
        f"Files up to {limit // (1024 * 1024)} MiB are taken. Split the file.",
        code="FILE_TOO_LARGE",
    )


def _not_gzip() -> Invalid:
    return Invalid("The body is not what Content-Encoding says.", code="BAD_ENCODING")


def _twice(names: list[str]) -> Invalid:
    return bodies.refusal(Fault(f"/{name}", "TWICE", "Send this once.") for name in names)


def _malformed(detail: str) -> Invalid:
    return Invalid(detail, code="MULTIPART_MALFORMED")
