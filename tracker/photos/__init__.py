"""Photographs in, what their QR codes say out.

    codes       read_codes: the texts of all QR codes in a picture
    picture     from the file to a grey picture; the limits
    header      what a file says of itself; jpeg, png, webp walk it without decoding
    reading     the looks at a picture
    errors      BadPicture

Pure: no store, no web. A file's EXIF, texts and profiles are never parsed, but for the
orientation, and nothing of them is kept.
"""

from tracker.photos.codes import read_codes
from tracker.photos.errors import BadPicture
from tracker.photos.picture import BYTES_MAX, PIXELS_MAX

__all__ = ["BYTES_MAX", "PIXELS_MAX", "BadPicture", "read_codes"]
