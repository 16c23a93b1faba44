"""What a process counts: plain numbers in memory, put into a file of its own now and then.

Not the mapped files of `prometheus-client`: writing to one on a full disk ends the process
(SIGBUS), it leaves a file for every process that ever was (each import runs in one of its own),
and it takes several times as long a request. See `docs/decisions/0016-watching.md`.

A name that is not from a short list is never a label: routes are templates, codes are ours. Should
that ever fail, a family takes `SERIES_MAX` series and puts the rest under `other`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Final, Literal

Labels = tuple[str, ...]
Kind = Literal["counter", "histogram"]

SERIES_MAX: Final = 3_000
"""Of one family in one process: some 100 routes by 4 methods by 5 classes are fewer."""

OTHER: Final = "other"

METHODS: Final = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
CLASSES: Final = ("none", "1xx", "2xx", "3xx", "4xx", "5xx")


class Family:
    """One thing that is counted, apart for each set of labels.

    A series is a list of numbers: of a counter the count alone; of a histogram the sum, and then
    how many fell into each bucket, the last for what is beyond all bounds.
    """

    def __init__(
        self, name: str, help_: str, labels: Labels, bounds: Sequence[float] | None = None
    ) -> None:
        self.name = name
        self.help = help_
        self.labels = labels
        self.bounds = None if bounds is None else tuple(bounds)
        self.series: dict[Labels, list[float]] = {}
        self._width = 1 if bounds is None else len(bounds) + 2

    def inc(self, labels: Labels, amount: float = 1) -> None:
        """Counts; for a counter."""
        series = self.series.get(labels)
        if series is None:
            series = self._new(labels)
        series[0] += amount

    def observe(self, labels: Labels, value: float) -> None:
        """Counts a value in its bucket; for a histogram."""
        series = self.series.get(labels)
        if series is None:
            series = self._new(labels)
        series[0] += value
        series[1 + bisect_left(self.bounds or (), value)] += 1

    def add(self, labels: Labels, numbers: Sequence[float]) -> None:
        """Adds a whole series, such as one read from a file; one of another shape is left out."""
        if len(labels) != len(self.labels) or len(numbers) != self._width:
            return
        series = self.series.get(labels)
        if series is None:
            series = self._new(labels)
        for place, number in enumerate(numbers):
            series[place] += number

    def empty(self) -> Family:
        """The same family, with nothing counted."""
        return Family(self.name, self.help, self.labels, self.bounds)

    def _new(self, labels: Labels) -> list[float]:
        if len(self.series) >= SERIES_MAX:
            labels = (OTHER,) * len(self.labels)
        return self.series.setdefault(labels, [0.0] * self._width)


REQUESTS: Final = Family(
    "tracker_request_seconds",
    "Requests answered, by the template of their route; until the last byte was handed over.",
    ("method", "route", "status"),
    (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)
REFUSALS: Final = Family("tracker_refusals", "Requests refused, by the problem's code.", ("code",))
COMMITS: Final = Family(
    "tracker_commits",
    "Commits sent to the store: done, stale (lost a race; decided again), taken (a name is held "
    "by another), replayed (answered before), failed.",
    ("outcome",),
)
JOBS: Final = Family(
    "tracker_job_seconds",
    "Attempts at jobs: done, refused, error (tried again), gave_up.",
    ("kind", "outcome"),
    (0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 1_800.0, 3_600.0),
)
TICKS: Final = Family(
    "tracker_tick_seconds",
    "Looks of the schedule at the clock: ok, or failed in a part.",
    ("outcome",),
    (0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 60.0, 300.0),
)
RESTARTS: Final = Family(
    "tracker_process_restarts",
    "Processes of this machine that died and were started again.",
    ("process",),
)

FAMILIES: Final = {f.name: f for f in (REQUESTS, REFUSALS, COMMITS, JOBS, TICKS, RESTARTS)}


def answered(method: str, route: str, status: int, seconds: float) -> None:
    """Counts a request; a status of 0 is a request that got no answer."""
    known = method if method in METHODS else OTHER
    REQUESTS.observe((known, route, CLASSES[status // 100 if status < 600 else 5]), seconds)


def forget() -> None:
    """Nothing was counted: for a process just forked, whose parent tells of all before."""
    for family in FAMILIES.values():
        family.series.clear()
