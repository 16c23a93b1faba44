"""Jobs that run nothing but the functions we name.

RQ imports and calls whatever a queued record names: ``subprocess.getoutput`` ran, from JSON as
from pickle. Who can write to the queue must not be able to run code in our processes, so a record
names an entry of a table, never something to import, and carries one string and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from rq.job import Job


class NotAllowed(Exception):
    """A queued record asked for something that is not on the list; it is not run."""


class AllowedJob(Job):
    """A job of RQ that calls a function of `functions` with one string.

    Besides the function itself, RQ imports callbacks by name and calls web addresses for a
    record: there are none here, whatever the record says.
    """

    functions: ClassVar[Mapping[str, Callable[[str], None]]] = {}

    def restore(self, raw_data: Any) -> Any:
        """Read a record; its web addresses are dropped."""
        super().restore(raw_data)
        self.webhooks = []

    @property
    def func(self) -> Callable[[str], None]:
        """The function. Raises `NotAllowed`; imports nothing."""
        name: object = self.func_name
        if not isinstance(name, str) or name not in self.functions or self.instance is not None:
            raise NotAllowed("The record names no function of ours.")
        return self.functions[name]

    def _execute(self) -> None:
        function, args = self.func, self.args
        if len(args) != 1 or not isinstance(args[0], str) or self.kwargs:
            raise NotAllowed("The record gives something else than the id of a job.")
        function(args[0])

    @property
    def success_callback(self) -> None:
        """None, whatever the record names."""

    @property
    def failure_callback(self) -> None:
        """None, whatever the record names."""

    @property
    def stopped_callback(self) -> None:
        """None, whatever the record names."""


def allowing(functions: Mapping[str, Callable[[str], None]]) -> type[AllowedJob]:
    """A class of jobs that run these functions, called by these names, and no other."""
    return type("Allowed", (AllowedJob,), {"functions": dict(functions)})
