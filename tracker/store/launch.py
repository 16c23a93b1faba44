"""Start a program that must not outlive the process that asked for it.

Run as a file by a bare interpreter (``python -I -S launch.py ...``), never imported by the
service: it needs only the standard library. The work of a ``preexec_fn``, without one: that would
run Python between fork and exec of a program with threads, where any lock may be held for ever.

Usage: ``launch.py kernel PARENT_PID GRACE_S PROGRAM ARG...`` (``pipe`` in place of ``kernel``).

``kernel`` (Linux): asks the kernel to kill this process when the parent's *thread* that started it
    ends (``PR_SET_PDEATHSIG``), and then becomes the program: same process id, no process extra.
``pipe`` (macOS and the rest): stays as the program's parent and reads standard input, whose other
    end only the supervisor holds. At its end (the supervisor stopped or died) the program gets
    SIGTERM, and SIGKILL after the grace. If this process itself is killed with -9 the program is
    left over; the lock on the data directory, which it inherits, still keeps a second one away.
"""

from __future__ import annotations

import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # <sys/prctl.h>


def become(parent: int, argv: list[str]) -> None:
    """Turn into the program, tied to the parent by the kernel. Returns never."""
    import ctypes  # noqa: PLC0415  # the pipe way does not pay for it

    # SIGKILL, not SIGTERM: a server busy in a script would not hear the other, and all that it
    # acknowledged is on disk already.
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    if os.getppid() != parent:  # it died before the line above took effect
        sys.exit(1)
    os.execv(argv[0], argv)  # noqa: S606  # our own argument list, no shell wanted


def watch(grace_s: float, argv: list[str]) -> int:
    """Run the program until it ends or standard input does; its exit code, 128+N for signal N."""
    import subprocess  # noqa: PLC0415  # not needed in the kernel way
    import threading  # noqa: PLC0415

    # close_fds=False: the descriptor of the directory's lock goes on to the program.
    program = subprocess.Popen(argv, stdin=subprocess.DEVNULL, close_fds=False)  # noqa: S603

    def stop(*_: object) -> None:
        program.terminate()
        late = threading.Timer(grace_s, program.kill)
        late.daemon = True
        late.start()

    def follow() -> None:
        while os.read(0, 64):
            pass
        stop()

    signal.signal(signal.SIGTERM, stop)
    threading.Thread(target=follow, daemon=True).start()
    code = program.wait()
    return code if code >= 0 else 128 - code


def main(args: list[str]) -> int:
    """Read the arguments and do it."""
    way, parent, grace_s, argv = args[0], int(args[1]), float(args[2]), args[3:]
    if way == "kernel":
        become(parent, argv)
    return watch(grace_s, argv)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
