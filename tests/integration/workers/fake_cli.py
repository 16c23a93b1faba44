"""Plays ``tracker.cli`` for the tests of the supervision: a service with a child, and idlers.

What it was told it notes in the data directory, one file a process: ``<name>.<pid>``.
"""

from __future__ import annotations

import http.server
import signal
import subprocess
import sys
from pathlib import Path
from threading import Event
from typing import NoReturn

from tracker.child import await_gate
from tracker.settings import Settings
from tracker.store.embedded import socket_of

PROGRAM = (sys.executable, "-m", "tests.integration.workers.fake_cli")


class Ready(http.server.BaseHTTPRequestHandler):
    """Answers every question with 200."""

    def do_GET(self) -> None:
        """Answer."""
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def main(args: list[str]) -> None:
    """Be the process that the arguments name, until SIGTERM."""
    settings = Settings.read()
    if "--gate" in args:
        await_gate(int(args.pop()))
        args.remove("--gate")
    name = "-".join(args)
    note = settings.data / f"{name}.{Path('/proc/self').resolve().name}"
    note.write_text("no store yet" if socket_of(settings.data) is None else "began")

    def end(*_: object) -> NoReturn:
        with (settings.data / "ended").open("a") as ended:
            ended.write(f"{name} ")
        sys.exit(0)

    signal.signal(signal.SIGTERM, end)
    if args[0] != "serve":
        Event().wait()
    if (settings.data / "broken").exists():
        sys.exit(3)
    # As granian does: the listening socket belongs to a child, too.
    server = http.server.HTTPServer((settings.host, settings.port), Ready)
    with subprocess.Popen(["sleep", "600"], pass_fds=(server.fileno(),)) as child:
        (settings.data / f"child.{child.pid}").write_text("")
        try:
            server.serve_forever()
        finally:
            child.kill()


if __name__ == "__main__":
    main(sys.argv[1:])
