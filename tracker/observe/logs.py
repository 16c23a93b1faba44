"""Log lines on standard error: JSON, one object a line; on a terminal, lines for people.

Both kinds of logger come out alike: `structlog` where a line has fields, the standard library's
where it is a sentence. Of an exception only its class and its places are told: a message may quote
what a request or a file held.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import MutableMapping
from datetime import UTC, datetime
from typing import Any, Final, TextIO

import msgspec
import structlog

from tracker.domain.errors import Invalid

LEVELS: Final = ("debug", "info", "warning", "error")

Event = MutableMapping[str, Any]


class _Handler(logging.StreamHandler[Any]):
    """The one handler of ours, so that it is replaced and no other is touched."""


class _Lines(logging.Formatter):
    """Lines of the standard library, as structlog's look."""

    def __init__(self, process: str, *, for_people: bool) -> None:
        super().__init__()
        self._process = process
        self._for_people = for_people

    def format(self, record: logging.LogRecord) -> str:
        """One line; fields that are a number, a text or a list of texts."""
        moment = datetime.fromtimestamp(record.created, UTC)
        event: dict[str, Any] = {
            "event": record.getMessage(),
            "logger": record.name,
            "process": self._process,
            "level": record.levelname.lower(),
            "timestamp": moment,
        }
        if record.exc_info and record.exc_info[0] is not None:
            event["error"] = record.exc_info[0].__name__
            event["places"] = places(record.exc_info[1])
        if self._for_people:
            return f"{moment:%H:%M:%S} {event['level']:<7} {self._process}: {event['event']}"
        return _encode(event).decode()


def configure(level: str, process: str = "tracker", *, out: TextIO | None = None) -> None:
    """Sets up this process's log. `level` as in the settings; `process` says who speaks.

    Raises `Invalid` for a level that is none.
    """
    if level not in LEVELS:
        raise Invalid(
            f"TRACKER_LOG_LEVEL is one of {', '.join(LEVELS)}. Correct the environment.",
            code="SETTING_INVALID",
        )
    number = logging.getLevelNamesMapping()[level.upper()]
    stream = sys.stderr if out is None else out
    for_people = stream.isatty()

    def rendered(_logger: object, told: str, event: Event) -> bytes:
        """All in one step, for there is a line with each request."""
        event["process"] = process
        event["level"] = told
        event["timestamp"] = datetime.now(UTC)
        return _encode(event)

    structlog.configure(
        processors=_for_people() if for_people else [rendered],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(stream)
        if for_people
        else structlog.BytesLoggerFactory(stream.buffer),
        cache_logger_on_first_use=True,
    )
    root = logging.getLogger()
    for old in [handler for handler in root.handlers if isinstance(handler, _Handler)]:
        root.removeHandler(old)
    handler = _Handler(stream)
    handler.setFormatter(_Lines(process, for_people=for_people))
    root.addHandler(handler)
    root.setLevel(number)


def places(error: BaseException | None) -> list[str]:
    """Where an error came from, innermost last: file, line and function, no values."""
    if error is None:
        return []
    frames = traceback.extract_tb(error.__traceback__)
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]


def _for_people() -> list[Any]:
    return [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=True),
        structlog.dev.ConsoleRenderer(pad_event_to=12, sort_keys=False),
    ]


_encode = msgspec.json.Encoder(enc_hook=str).encode
