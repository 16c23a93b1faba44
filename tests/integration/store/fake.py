"""A program that plays the server, for what a real one cannot be made to do on demand."""

from __future__ import annotations

import sys
from pathlib import Path

PROGRAM = """#!{python} -IS
import os, signal, socket, sys
if "--version" in sys.argv:
    sys.exit(print("{version}"))
args = sys.argv
with open("starts", "a+") as starts:
    starts.seek(0)
    turn = len(starts.read())
    starts.write(".")
with open("environ", "w") as environ:
    environ.write("\\n".join(os.environ))
plan = open("plan").read().splitlines()
words = plan[min(turn, len(plan) - 1)].split()
if words[0] == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    words.pop(0)
listener = socket.socket(socket.AF_UNIX)
listener.bind(args[args.index("--unixsocket") + 1])
listener.listen()
while True:
    if words[0] == "exit":
        sys.exit(int(words[1]))
    peer, _ = listener.accept()
    with peer:
        if peer.recv(100):
            with open("answers", "a") as answers:
                answers.write(words[0] + " ")
            said = {{"pong": b"+PONG", "loading": b"-LOADING the dataset in memory"}}[words[0]]
            peer.sendall(said + b"\\r\\n")
            if len(words) > 1:
                words.pop(0)
"""


def fake(data_dir: Path, plan: list[str], *, version: str = "Valkey server v=9.0.0") -> Path:
    """Make the program for a data directory; one line of the plan a start, the last for the rest.

    A line is words: ``loading`` and ``pong`` are answers to one PING each, ``exit N`` ends it,
    ``deaf`` in front ignores SIGTERM; the last answer is given for ever.
    """
    data_dir.mkdir(exist_ok=True)
    (data_dir / "plan").write_text("\n".join(plan))
    program = data_dir / "fake-server"
    program.write_text(PROGRAM.format(python=sys.executable, version=version))
    program.chmod(0o700)
    return program
