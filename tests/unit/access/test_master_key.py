"""Where the master key comes from, and what is said when it cannot be used."""

from __future__ import annotations

import base64
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tracker.access.master_key import KeySource, in_file, put_in_file
from tracker.access.vault import BadMasterKey, MasterKey, load_master_keys


def encoded(byte: int) -> str:
    return base64.b64encode(bytes([byte]) * 32).decode()


def test_first_start_makes_a_private_file_that_the_next_start_reads(tmp_path: Path) -> None:
    first = load_master_keys(tmp_path, None, random_bytes=lambda n: b"k" * n)
    file = tmp_path / "master.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert base64.b64decode(file.read_text()) == b"k" * 32 == first[0].secret
    assert [key.id for key in load_master_keys(tmp_path, "")] == [first[0].id]
    assert os.listdir(tmp_path) == ["master.key"]


def test_the_mode_does_not_depend_on_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o777)
    try:
        load_master_keys(tmp_path, None)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "master.key").stat().st_mode) == 0o600


def test_processes_that_start_at_once_agree_on_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        keys = list(pool.map(lambda _: load_master_keys(tmp_path, None), range(64)))
    assert len({found[0].secret for found in keys}) == 1
    assert os.listdir(tmp_path) == ["master.key"]


def test_environment_newest_first_then_the_file_as_the_oldest(tmp_path: Path) -> None:
    (old,) = load_master_keys(tmp_path, None)
    keys = load_master_keys(tmp_path, f" {encoded(2)} , {encoded(1)},{encoded(2)}")
    assert [key.secret for key in keys] == [b"\2" * 32, b"\1" * 32, old.secret]


def test_environment_alone_makes_no_file(tmp_path: Path) -> None:
    assert load_master_keys(tmp_path / "absent", encoded(1))[0].secret == b"\1" * 32
    assert not (tmp_path / "absent").exists()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o777])
def test_a_file_that_others_may_read_is_refused_with_the_command_to_run(
    tmp_path: Path, mode: int
) -> None:
    load_master_keys(tmp_path, None)
    (tmp_path / "master.key").chmod(mode)
    with pytest.raises(BadMasterKey, match=f"mode 0{mode:o}.*chmod 600"):
        load_master_keys(tmp_path, None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "short",
        base64.b64encode(b"x" * 31).decode(),
        base64.b64encode(b"x" * 33).decode(),
        f"{encoded(1)},",
        "ü" * 44,
    ],
)
def test_a_key_of_the_wrong_length_or_alphabet_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "master.key"
    file.write_text(text, encoding="utf-8")
    file.chmod(0o600)
    with pytest.raises(BadMasterKey, match="base64 of 32 bytes"):
        load_master_keys(tmp_path, None)
    if text:
        with pytest.raises(BadMasterKey, match="TRACKER_MASTER_KEY: key") as caught:
            load_master_keys(tmp_path / "absent", text)
        assert text not in caught.value.detail


def test_a_place_that_cannot_hold_a_key_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadMasterKey, match="set TRACKER_MASTER_KEY"):
        load_master_keys(tmp_path / "absent", None)
    (tmp_path / "master.key").mkdir()
    with pytest.raises(BadMasterKey, match="is not a file"):
        load_master_keys(tmp_path, None)


def test_no_new_key_for_a_store_that_holds_data(tmp_path: Path) -> None:
    with pytest.raises(BadMasterKey, match="safe copy"):
        load_master_keys(tmp_path, None, create=False)
    assert os.listdir(tmp_path) == []


def test_a_key_shows_its_id_and_never_itself() -> None:
    key = MasterKey(b"\1" * 32)
    assert len(key.id) == 4
    assert repr(key) == f"MasterKey(id={key.id.hex()})"
    with pytest.raises(BadMasterKey):
        MasterKey(b"\1" * 16)


def test_a_changed_file_is_told_once_and_an_unchanged_one_never(tmp_path: Path) -> None:
    source = KeySource(tmp_path, None)
    (first,) = source.load(create=True)
    assert source.changed() is None
    new = MasterKey(b"n" * 32)
    put_in_file(tmp_path, [new, first])
    changed = source.changed()
    assert changed is not None
    assert [key.id for key in changed] == [new.id, first.id]
    assert source.changed() is None
    (tmp_path / "master.key").unlink()  # kept elsewhere while the service runs
    assert source.changed() is None


def test_a_changed_file_that_cannot_be_used_is_an_error_and_stays_one(tmp_path: Path) -> None:
    source = KeySource(tmp_path, None)
    source.load(create=True)
    (tmp_path / "master.key").write_text("not a key, and longer than one is: " + "x" * 40)
    for _ in range(2):
        with pytest.raises(BadMasterKey):
            source.changed()


def test_keys_are_put_into_the_file_in_one_step_and_for_the_owner_alone(tmp_path: Path) -> None:
    (old,) = load_master_keys(tmp_path, None)
    new = MasterKey(b"n" * 32)
    put_in_file(tmp_path, [new, old])
    assert [key.id for key in in_file(tmp_path)] == [new.id, old.id]
    assert stat.S_IMODE((tmp_path / "master.key").stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["master.key"]
    assert in_file(tmp_path / "absent") == ()
