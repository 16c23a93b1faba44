"""Files on their way in take a bounded part of a process's memory."""

from __future__ import annotations

import pytest

from tracker.domain.errors import Unavailable
from tracker.services.upload_room import LARGEST_HELD, UploadRoom


def test_so_many_bytes_are_held_and_no_more() -> None:
    room, largest = UploadRoom(), 100
    files = [room.new() for _ in range(LARGEST_HELD)]
    for file in files:
        room.write(file, bytes(60), largest)
        room.write(file, bytes(40), largest)
    late = room.new()
    with pytest.raises(Unavailable) as refused:
        room.write(late, b"x", largest)
    assert refused.value.code == "UPLOADS_BUSY"
    del file
    files.pop()  # nobody holds it any more
    room.write(late, bytes(largest), largest)
    assert room.held == LARGEST_HELD * largest
