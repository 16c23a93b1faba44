"""Log lines: JSON on standard error, one object a line, written in one go."""

from __future__ import annotations

import logging
import sys

import msgspec
import structlog


def configure(level: str) -> None:
    """Sets up the process's log. `level` as in the settings: debug, info, warning or error."""
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(serializer=_serialise),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.BytesLoggerFactory(sys.stderr.buffer),
        cache_logger_on_first_use=True,
    )


def _serialise(event: object, **_: object) -> bytes:
    return msgspec.json.encode(event, enc_hook=str)
