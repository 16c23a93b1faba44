"""Pictures that are refused, each with its code and what to do."""

from __future__ import annotations

from tracker.domain.errors import Invalid

_RESEND = "Take the photo again, or send the original from the phone"


class BadPicture(Invalid):
    """An uploaded picture cannot be read as the photograph that it should be.

    Codes: `EMPTY_FILE`, `PICTURE_FORMAT`, `PICTURE_DAMAGED`, `PICTURE_TOO_LARGE` (bytes),
    `PICTURE_TOO_MANY_PIXELS`, `PICTURE_TOO_SMALL`.
    """

    title = "Unreadable picture"
    default_code = "PICTURE_DAMAGED"


def empty() -> BadPicture:
    """Not a byte was sent."""
    return BadPicture("The file holds nothing. Send the photo that you meant.", code="EMPTY_FILE")


def other_format(what: str) -> BadPicture:
    """`what`: the thing that was sent instead, with its article."""
    return BadPicture(
        f"This is {what}. Send the photo as JPEG, PNG or WebP; its name does not matter.",
        code="PICTURE_FORMAT",
    )


def damaged(what: str) -> BadPicture:
    """`what`: what is wrong, as a sentence without its full stop."""
    return BadPicture(f"{what}. {_RESEND}.")


def too_large(bytes_max: int) -> BadPicture:
    """Over the limit of bytes."""
    return BadPicture(
        f"The picture is larger than {bytes_max // 1024**2} MiB. Send it in a smaller size, or as "
        "JPEG.",
        code="PICTURE_TOO_LARGE",
    )


def too_many_pixels(width: int, height: int, pixels_max: int) -> BadPicture:
    """Over the limit for pictures of this kind."""
    return BadPicture(
        f"The picture has {width} × {height} pixels; of this kind at most {pixels_max // 10**6} "
        "million are read. Send it as JPEG or in a smaller size.",
        code="PICTURE_TOO_MANY_PIXELS",
    )


def too_small(width: int, height: int, side_min: int) -> BadPicture:
    """No symbol fits in."""
    return BadPicture(
        f"The picture has {width} × {height} pixels; a code needs {side_min} each way at least. "
        f"{_RESEND}, not its preview.",
        code="PICTURE_TOO_SMALL",
    )
