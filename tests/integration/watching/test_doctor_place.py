"""What the doctor says of settings and of a data directory: the faults are made, then found."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from tracker.access.master_key import MASTER_KEY_FILE, MasterKey, put_in_file
from tracker.services import doctor_place, doctor_settings
from tracker.services.doctor import Finding, error, exit_code, note, sort, warning
from tracker.settings import Settings


def codes(findings: list[Finding]) -> set[str]:
    return {f"{finding.severity} {finding.code}" for finding in findings}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, set()),
        (
            {"host": "192.0.2.1"},
            {"warning PUBLIC_URL_MISSING", "warning ANY_HOST"},
        ),
        (
            {"public_url": "http://tracker.example", "trusted_proxies": "10.0.0.1"},
            {"warning PUBLIC_URL_PLAIN"},
        ),
        ({"public_url": "https://tracker.example"}, {"warning PROXY_NOT_TRUSTED"}),
        ({"public_url": "https://t.example", "trusted_proxies": "127.0.0.1"}, set()),
        ({"public_url": "http://localhost:8480"}, set()),
        ({"allowed_hosts": "*"}, {"warning ANY_HOST"}),
        (
            {"public_url": "https://t.example", "trusted_proxies": "10.0.0.1, 0.0.0.0/0"},
            {"error PROXY_ANYBODY"},
        ),
        ({"metrics_port": 9480}, set()),
        ({"metrics_port": 9480, "metrics_host": "192.0.2.1"}, {"note METRICS_OPEN"}),
        (
            {"store_url": "redis://10.0.0.9:6379/0"},
            {"warning STORE_PLAIN", "warning STORE_NO_PASSWORD"},
        ),
        ({"store_url": "rediss://u:p@10.0.0.9:6379/0"}, set()),
        (
            {"store_url": "cluster://u:p@127.0.0.1:1,10.0.0.9:2", "queue_url": "redis://[::1]:1"},
            {"warning STORE_PLAIN", "warning QUEUE_NO_PASSWORD"},
        ),
        ({"accept_volatile_store": True}, {"warning VOLATILE_ACCEPTED"}),
    ],
)
def test_settings(given: dict[str, Any], said: set[str]) -> None:
    assert codes(doctor_settings.look(Settings(**given))) == said


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A directory with a log and a master key, as a service leaves it."""
    data = tmp_path / "data"
    (data / "appendonlydir").mkdir(parents=True)
    (data / "appendonlydir" / "appendonly.aof.1.incr.aof").write_bytes(b"x" * 1000)
    data.chmod(0o700)
    put_in_file(data, [MasterKey(b"k" * 32)])
    return data


def look(data: Path, key: str | None = None, **given: Any) -> set[str]:
    return codes(doctor_place.look(Settings(data=data, **given), key))


def test_a_directory_in_order_reminds_of_the_copy_of_the_key(data: Path) -> None:
    assert look(data) == {"note KEY_COPY"}
    assert exit_code(doctor_place.look(Settings(data=data), None)) == 0


def test_a_directory_that_is_not_there(tmp_path: Path) -> None:
    assert look(tmp_path / "none") == {"error DATA_MISSING"}


def test_a_directory_that_others_may_read(data: Path) -> None:
    data.chmod(0o755)
    assert look(data) == {"warning DATA_OPEN", "note KEY_COPY"}


def test_a_full_disk(data: Path) -> None:
    assert "error DISK_LOW" in look(data, store_free_bytes_min=1 << 60)


def test_a_disk_without_room_for_a_second_log(data: Path) -> None:
    with (data / "appendonlydir" / "appendonly.aof.1.base.rdb").open("wb") as log:
        log.truncate(1 << 42)  # no block of it is on the disk
    assert "warning DISK_TIGHT" in look(data)
    assert "warning DISK_TIGHT" not in look(data, store_url="redis://u:p@127.0.0.1")


def test_a_key_that_is_gone(data: Path) -> None:
    (data / MASTER_KEY_FILE).unlink()
    assert look(data) == {"error KEY_MISSING"}
    key = base64.b64encode(b"k" * 32).decode()
    assert look(data, key) == {"note KEY_COPY"}


def test_a_new_directory_needs_no_key_yet(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    assert look(tmp_path) == set()


@pytest.mark.parametrize(("mode", "text"), [(0o644, None), (0o600, "nonsense")])
def test_a_key_that_others_read_or_that_is_none(data: Path, mode: int, text: str | None) -> None:
    path = data / MASTER_KEY_FILE
    if text is not None:
        path.write_text(text)
    path.chmod(mode)
    assert look(data) == {"error KEY_UNUSABLE"}


def test_a_replacement_of_the_key_that_was_not_finished(data: Path) -> None:
    put_in_file(data, [MasterKey(b"n" * 32), MasterKey(b"k" * 32)])
    assert look(data) == {"warning ROTATION_UNFINISHED", "note KEY_COPY"}


def test_the_key_itself_is_never_said(data: Path) -> None:
    secret = (data / MASTER_KEY_FILE).read_text().strip()
    assert not any(secret in one.line for one in doctor_place.look(Settings(data=data), None))


def test_the_worst_comes_first_and_decides_the_exit_code() -> None:
    found = [note("A", "a", "a"), warning("B", "b", "b"), error("C", "c", "c")]
    assert [one.code for one in sort(found)] == ["C", "B", "A"]
    assert [exit_code(found[:n]) for n in range(4)] == [0, 0, 1, 2]
    assert "\n" not in found[0].line
