"""One reading of one payload: its text, and the problems found so far."""

from __future__ import annotations

from tracker.vietqr.problems import Problem, problem
from tracker.vietqr.text import is_ans
from tracker.vietqr.tlv import Level, walk

NOTHING = Level({}, {}, (), True)


class Reading:
    """The text of a payload between its mended ends, and a list of problems to add to.

    Positions are offsets in the text as given. `plain`: the payload is all ANS, so that no value
    needs a look at its characters.
    """

    __slots__ = ("end", "plain", "problems", "start", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.start = 0
        self.end = len(text)
        self.problems: list[Problem] = []
        self.plain = text.isascii() and text.isprintable()
        if not self.plain or text[-1:] == " ":
            self._mend()

    def _mend(self) -> None:
        if self.text.startswith("\ufeff"):
            self.add("LEADING_BOM", 0, "")
            self.start = 1
        self.end = max(len(self.text.rstrip()), self.start)
        if self.end < len(self.text):
            self.add("TRAILING_SPACE", self.end, "")
        self.plain = is_ans(self.text[self.start : self.end])

    def add(self, code: str, position: int, path: str, limit: int = 0) -> None:
        """Note a problem (see `tracker.vietqr.problems`)."""
        self.problems.append(problem(code, position, path, limit))

    def level(self, start: int, end: int, path: str = "") -> Level:
        """The data objects in a part of the text; `path` is the template's, empty at the root."""
        level = walk(self.text, start, end)
        if level.faults:
            for code, position, tag in level.faults:
                self.add(code, position, f"{path}.{tag}".strip("."))
        return level

    def template(self, parent: Level, tag: str, path: str) -> Level:
        """The data objects inside the value of `tag`, which must be present."""
        start = parent.offsets[tag] + 4
        return self.level(start, start + len(parent.values[tag]), path)

    def missing(self, level: Level, tag: str, path: str, position: int) -> None:
        """Note that a needed tag is absent, unless an empty one or a broken level explains it."""
        if level.whole and tag not in level.offsets:
            self.add("MISSING", position, path)

    def ans(self, level: Level, tag: str, path: str, limit: int) -> str | None:
        """The value of `tag`, or None; checked to be ANS and at most `limit` characters long."""
        value = level.values.get(tag)
        if value is not None:
            if len(value) > limit:
                self.add("VALUE_TOO_LONG", level.offsets[tag], path, limit)
            if not self.plain and not is_ans(value):
                self.add("CHARACTERS", level.offsets[tag], path)
        return value
