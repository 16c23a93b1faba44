"""Which form of an answer a reader takes: `format` in the query, else `Accept` (RFC 9110 §12.5).

An unknown form is refused with 406 and never answered in another one: a program that asked for
CSV must not be handed JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Annotated, Final, Literal, get_args

from litestar.params import QueryParameter

from tracker.api.conventions.call import ApiRequest
from tracker.api.conventions.replies import JSON, Header
from tracker.domain.errors import TrackerError
from tracker.formats import flat_csv, ngsi_ld, sdmx_csv

WireFormat = Literal["json", "csv", "sdmx-csv", "ngsi-ld"]

Format = Annotated[
    str | None,
    QueryParameter(
        name="format",
        description=f"One of {', '.join(get_args(WireFormat))}; wins over `Accept`.",
        schema_extra={"enum": get_args(WireFormat)},
    ),
]

MEDIA_TYPES: Final[dict[WireFormat, str]] = {
    "json": JSON,
    "csv": flat_csv.MEDIA_TYPE,
    "sdmx-csv": sdmx_csv.MEDIA_TYPE,
    "ngsi-ld": ngsi_ld.MEDIA_TYPE,
}
CONTENT_TYPES: Final[dict[WireFormat, str]] = {
    "json": JSON,
    "csv": f"{flat_csv.MEDIA_TYPE}; charset=utf-8; header=present",
    "sdmx-csv": f"{sdmx_csv.MEDIA_TYPE}; version={sdmx_csv.VERSION}; charset=utf-8",
    "ngsi-ld": ngsi_ld.MEDIA_TYPE,
}
ALL: Final = " ".join(MEDIA_TYPES.values())
"""All media types, as an operation names them."""

VARY: Final[Header] = (b"vary", b"accept, accept-encoding")


class NotAcceptable(TrackerError):
    """The answer does not exist in the form that was asked for."""

    status = 406
    title = "Not acceptable"
    default_code = "NOT_ACCEPTABLE"


def chosen(request: ApiRequest, given: str | None) -> WireFormat:
    """The form that the reader takes; raises `NotAcceptable`.

    Among several the one with the highest weight, of equal weights the first of `MEDIA_TYPES`;
    without an `Accept` JSON.
    """
    if given is not None:
        if given in MEDIA_TYPES:
            return given
        raise _refused()
    ranges = list(_ranges(request))
    if not ranges:
        return "json"
    weights = {format_: _weight(ranges, format_) for format_ in MEDIA_TYPES}
    best = max(weights, key=lambda format_: weights[format_])
    if weights[best] <= 0:
        raise _refused()
    return best


def weigh(request: ApiRequest, kinds: Iterable[str]) -> dict[str, float] | None:
    """The weight that `Accept` gives to each of some media types; None where it says nothing."""
    ranges = list(_ranges(request))
    if not ranges:
        return None
    return {kind: _weight_of(ranges, kind, lambda _: True) for kind in kinds}


def takes_gzip(request: ApiRequest) -> bool:
    """Whether the reader takes a compressed answer."""
    found = dict[str, float]()
    for value in request.header(b"accept-encoding"):
        for part in value.split(","):
            name, weight, _ = _parsed(part)
            found[name] = weight
    named = [found[name] for name in ("gzip", "x-gzip") if name in found]
    return max(named, default=found.get("*", 0.0)) > 0


_Range = tuple[str, float, dict[str, str]]


def _ranges(request: ApiRequest) -> Iterator[_Range]:
    for value in request.header(b"accept"):
        for part in value.split(","):
            if part.strip():
                yield _parsed(part)


def _parsed(part: str) -> _Range:
    """A media range or coding, its weight, and its parameters."""
    name, *rest = (piece.strip().lower() for piece in part.split(";"))
    parameters = {}
    weight = 1.0
    for piece in rest:
        key, _, value = piece.partition("=")
        if key.strip() == "q":
            weight = _number(value)
            break  # what follows the weight is no parameter of the media type
        parameters[key.strip()] = value.strip().strip('"')
    return name, weight, parameters


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return 0.0
    return value if 0 <= value <= 1 else 0.0


def _weight(ranges: list[_Range], format_: WireFormat) -> float:
    return _weight_of(
        ranges, MEDIA_TYPES[format_], lambda parameters: _version_fits(format_, parameters)
    )


def _weight_of(
    ranges: list[_Range], media_type: str, fits: Callable[[dict[str, str]], bool]
) -> float:
    """The weight of the most specific range that a form lies in; 0 where it lies in none."""
    main = media_type.partition("/")[0]
    best = (-1, 0.0)
    for name, weight, parameters in ranges:
        if name not in {media_type, f"{main}/*", "*/*"}:
            continue
        if name == media_type and not fits(parameters):
            continue
        rank = (2 if name == media_type else 1 if name != "*/*" else 0) * 10 + len(parameters)
        best = max(best, (rank, weight))
    return best[1]


def _version_fits(format_: WireFormat, parameters: dict[str, str]) -> bool:
    return format_ != "sdmx-csv" or parameters.get("version", sdmx_csv.VERSION) == sdmx_csv.VERSION


def _refused() -> NotAcceptable:
    forms = ", ".join(f"{name} ({kind})" for name, kind in MEDIA_TYPES.items())
    return NotAcceptable(f"This is given as {forms}; SDMX-CSV in version {sdmx_csv.VERSION}.")
