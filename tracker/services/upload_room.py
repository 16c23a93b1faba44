"""Files on their way in are held in memory; so many bytes of them a process, and no more."""

from __future__ import annotations

import io
import weakref
from typing import Final

from tracker.domain.errors import Unavailable

LARGEST_HELD: Final = 4
"""Of the largest files that are taken: 512 MiB by default. Some thousand of the usual ones."""


class Upload(io.BytesIO):
    """A file; its bytes count until nobody holds it any more."""

    counted = 0


class UploadRoom:
    """The bytes of all files that this process holds."""

    def __init__(self) -> None:
        self._files: weakref.WeakSet[Upload] = weakref.WeakSet()

    @property
    def held(self) -> int:
        """How many bytes that are now."""
        return sum(file.counted for file in self._files)

    def new(self) -> Upload:
        """An empty file."""
        file = Upload()
        self._files.add(file)
        return file

    def write(self, file: Upload, chunk: bytes, bytes_max: int) -> None:
        """Adds to a file of at most `bytes_max`; raises `Unavailable` `UPLOADS_BUSY`."""
        if self.held + len(chunk) > LARGEST_HELD * bytes_max:
            raise Unavailable(
                "Too many large files are being sent at the same time. Nothing was taken; send it "
                "again in some seconds.",
                code="UPLOADS_BUSY",
            )
        file.counted += file.write(chunk)
