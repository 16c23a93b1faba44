"""`tracker pull`: follow the feed of a service into a directory; needs neither store nor data."""

from __future__ import annotations

import sys
from pathlib import Path

import click

EXIT_UNTRUE = 3


@click.command()
@click.option("--url", required=True, envvar="TRACKER_PULL_URL", show_envvar=True, help="service")
@click.option(
    "--key",
    required=True,
    envvar="TRACKER_PULL_KEY",
    show_envvar=True,
    help="API key; given in the environment no other user of the machine sees it",
)
@click.option(
    "--out",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="directory; keeps the cursor, one JSON file a publication, one CSV",
)
def pull(url: str, key: str, out: Path) -> None:
    """Fetch all that was published since the last run; verify digests and chains.

    Made for cron: it may be stopped at any moment and run again. Exit code 0: all is taken over; 1:
    not now, run it again; 2: wrong usage; 3: a body or a chain is not what was published.
    """
    from tracker.pull.checks import Untrue
    from tracker.pull.client import Refused, over_http
    from tracker.pull.client import pull as pages
    from tracker.pull.folder import Folder, Unusable

    new = 0
    try:
        folder = Folder(out, url.rstrip("/"))
        with folder.alone():
            for count in pages(over_http(url, key), folder):
                new += count
    except Untrue as untrue:
        _fail(f"{untrue} Nothing of this page was taken over. [UNTRUE]", EXIT_UNTRUE)
    except (Refused, Unusable) as refused:
        _fail(f"{refused} [{type(refused).__name__.upper()}]", 1)
    except OSError as failed:
        _fail(f"{out}: {failed.strerror} [UNUSABLE]", 1)
    click.echo(f"{new} new")


def _fail(message: str, code: int) -> None:
    click.echo(f"tracker: {message}", err=True)
    sys.exit(code)
