"""Which server's file is used, and what is said where there is none."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.integration.store.fake import fake
from tracker.store.binary import check_version, config, find_binary
from tracker.store.rundir import StoreNotStarted


def test_the_packaged_file_runs_as_it_is(tmp_path: Path) -> None:
    binary = find_binary(tmp_path)
    assert os.access(binary, os.X_OK)
    assert check_version(binary) >= (9, 1, 2)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("system", "machine"), [("Windows", "AMD64"), ("Linux", "riscv64")])
def test_a_platform_without_a_file_is_told_what_to_do(
    tmp_path: Path, system: str, machine: str
) -> None:
    with pytest.raises(StoreNotStarted, match="TRACKER_STORE_URL") as refused:
        find_binary(tmp_path, system=system, machine=machine)
    assert system.lower() in refused.value.detail
    assert "\n" not in refused.value.detail


@pytest.mark.parametrize("version", ["Valkey server v=7.2.9", "Redis server v=7.4.0", "hello"])
def test_another_server_is_refused(tmp_path: Path, version: str) -> None:
    with pytest.raises(StoreNotStarted, match="is not Valkey 8 or newer"):
        check_version(fake(tmp_path, ["pong"], version=version))


def test_a_file_that_does_not_run_is_refused(tmp_path: Path) -> None:
    broken = tmp_path / "valkey-server"
    broken.write_bytes(b"\x7fELF not for this machine")
    broken.chmod(0o700)
    with pytest.raises(StoreNotStarted, match="does not run on this machine"):
        check_version(broken)


def test_the_settings_keep_what_is_acknowledged(tmp_path: Path) -> None:
    settings = config(tmp_path, tmp_path / "s")
    assert settings["appendonly"] == "yes"
    assert settings["appendfsync"] == "always"
    assert settings["maxmemory-policy"] == "noeviction"
    assert settings["port"] == "0"
