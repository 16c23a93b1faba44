"""Log lines: JSON in a pipe, words on a terminal, and of an error never its message."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from tracker.domain.errors import Invalid
from tracker.observe import logs

PERSONAL = "Nguyễn Văn Tèo 0912345678"


class Out(io.TextIOWrapper):
    """What a process writes, to a terminal or not."""

    def __init__(self, *, terminal: bool) -> None:
        super().__init__(io.BytesIO(), "utf-8", write_through=True)
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal

    @property
    def lines(self) -> list[str]:
        self.flush()
        whole: Any = self.buffer
        text: str = whole.getvalue().decode()
        return text.splitlines()


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """Leaves both kinds of loggers as they were."""
    before, root = structlog.get_config(), logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    structlog.configure(**before)
    root.handlers[:] = handlers
    root.setLevel(level)


def test_both_kinds_of_loggers_write_json_with_who_speaks() -> None:
    out = Out(terminal=False)
    logs.configure("info", "worker:imports", out=out)
    logging.getLogger("tracker.x").warning("waits for the %s", "store")
    structlog.get_logger("tracker.y").info("job", id="i1", ms=3)
    sentence, fields = (json.loads(line) for line in out.lines)
    assert (sentence["event"], sentence["level"]) == ("waits for the store", "warning")
    assert (fields["event"], fields["id"], fields["ms"]) == ("job", "i1", 3)
    assert {sentence["process"], fields["process"]} == {"worker:imports"}
    assert sentence["timestamp"].endswith("Z")


def test_of_an_exception_only_class_and_places_are_told() -> None:
    out = Out(terminal=False)
    logs.configure("info", out=out)
    try:
        int(PERSONAL)
    except ValueError:
        logging.getLogger("tracker.somewhere").exception("a job failed")
    (line,) = out.lines
    told = json.loads(line)
    assert told["error"] == "ValueError"
    assert any("test_logs.py" in place for place in told["places"])
    assert "Tèo" not in line


def test_a_terminal_gets_words() -> None:
    out = Out(terminal=True)
    logs.configure("info", "up", out=out)
    logging.getLogger("tracker.x").warning("store ended")
    structlog.get_logger("tracker.y").info("job", id="i1")
    assert "store ended" in out.lines[0]
    assert "i1" in out.lines[1]
    assert not any(line.startswith("{") for line in out.lines)


def test_what_is_below_the_level_is_not_told_and_twice_configured_is_once_told() -> None:
    out = Out(terminal=False)
    logs.configure("info", out=out)
    logs.configure("warning", out=out)
    logging.getLogger("tracker.x").info("no")
    structlog.get_logger("tracker.y").info("no")
    logging.getLogger("tracker.x").error("yes")
    assert len(out.lines) == 1


def test_a_level_that_is_none_is_refused() -> None:
    with pytest.raises(Invalid, match="debug, info, warning, error"):
        logs.configure("loud")
