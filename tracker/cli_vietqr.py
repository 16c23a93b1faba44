"""`tracker vietqr`: read and write payment payloads; needs neither store nor service."""

from __future__ import annotations

import sys
from typing import IO, Any

import click


@click.group()
def vietqr() -> None:
    """VietQR payloads: read them strictly, write them."""


@vietqr.command()
@click.argument("file", type=click.File("rb"), default="-")
def parse(file: IO[bytes]) -> None:
    """Read JSON lines {"id", "payload"} from FILE (- is standard input).

    Writes one JSON line for each: id, verdict (ok, lenient, other_scheme, reject), the fields, and
    all problems with position, tag path, code and a sentence in English and Vietnamese.
    """
    from tracker.vietqr.lines import parse_lines

    out = sys.stdout.buffer
    for line in parse_lines(file):
        out.write(line.encode() + b"\n")
    out.flush()


@vietqr.command()
@click.argument("bin_", metavar="BIN")
@click.argument("account")
@click.option("--card", is_flag=True, help="ACCOUNT is the number of a card")
@click.option("--amount", "amount_vnd", type=int, help="whole dong; makes a payload for one use")
@click.option(
    "--single-use/--reusable", default=None, help="dynamic (12) or static (11); by the amount"
)
@click.option("--terminal", help="terminal label: the vendor code")
@click.option("--bill", help="bill number")
@click.option("--purpose", help="what is paid for; folded to ASCII")
@click.option("--store", help="store label")
@click.option("--reference", help="reference label")
@click.option("--merchant-name", help="folded to ASCII capitals, clamped to 25 characters")
@click.option("--city", help="folded to ASCII capitals, clamped to 15 characters")
@click.option("--mcc", help="merchant category, four digits (ISO 18245)")
@click.option("--language", help="of --local-name: two letters (ISO 639-1)")
@click.option("--local-name", help="the name in that language, with its own letters")
@click.option("--local-city", help="the city in that language")
def compose(
    bin_: str,
    account: str,
    language: str | None,
    local_name: str | None,
    local_city: str | None,
    **given: Any,
) -> None:
    """Write the payload of a transfer to ACCOUNT at the bank BIN.

    A doubt about the bank (unknown, or not known to take transfers) is said on standard error.
    """
    from tracker.vietqr.banks import warning
    from tracker.vietqr.compose import LocalName
    from tracker.vietqr.compose import compose as write

    if (language is None) != (local_name is None) or (local_city and not local_name):
        raise click.UsageError("--language and --local-name go together.")
    local = None
    if language is not None and local_name is not None:
        local = LocalName(language, local_name, local_city)
    payload = write(bin_, account, local=local, **given)
    doubt = warning(bin_)
    if doubt is not None:
        click.echo(f"tracker: the bank {bin_} is doubtful [{doubt}]", err=True)
    click.echo(payload.encode())
