"""The command line: JSON out, errors in one line that says what to do, never a traceback."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from msgspec import json

from tests.e2e.conftest import TRACKER, free_port


def tracker(*words: str) -> subprocess.CompletedProcess[str]:
    """Runs one command to its end."""
    return subprocess.run(
        [*TRACKER, *words], capture_output=True, text=True, timeout=60, check=False
    )


def test_keys_are_made_listed_and_revoked_as_json(tmp_path: Path) -> None:
    data = ("--data", str(tmp_path / "data"))
    bank = ("--role", "bank", "--name", "VCB", "--bins", "970436,970418")
    made = json.decode(tracker("keys", "create", *data, *bank, "--expires", "2099-01-01").stdout)
    assert made["secret"].startswith(f"ctk_{made['id']}_")
    assert made["bins"] == ["970436", "970418"]
    assert made["expires_at"] == "2099-01-01T00:00:00+07:00"
    (listed,) = json.decode(tracker("keys", "list", *data).stdout)
    assert listed == {name: value for name, value in made.items() if name != "secret"}
    revoked = json.decode(tracker("keys", "revoke", *data, made["id"]).stdout)
    assert revoked["revoked_at"]
    assert tracker("verify", *data).stdout == "clean\n"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("keys", "create", "--role", "bank", "--name", "x"), "SCOPE"),
        (("keys", "revoke", "aaaaaaaa"), "NOT_FOUND"),
        (("snapshot", "--from", "2026-01-01"), "NO_STORE"),
        (("serve",), "NO_STORE"),
    ],
)
def test_a_refusal_is_one_line(tmp_path: Path, words: tuple[str, ...], code: str) -> None:
    (tmp_path / "data").mkdir()
    port = ("--port", str(free_port())) if words == ("serve",) else ()
    done = tracker(*words, "--data", str(tmp_path / "data"), *port)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("tracker: ")
    assert line.endswith(f"[{code}]")


COMMANDS = [
    "up",
    "demo",
    "serve",
    "work",
    "schedule",
    "import",
    "snapshot",
    "verify",
    "rebuild",
    "openapi",
]


@pytest.mark.parametrize("words", [*([c] for c in COMMANDS), ["keys", "create"], ["keys", "list"]])
def test_every_command_takes_the_same_place(words: list[str]) -> None:
    shown = tracker(*words, "--help").stdout
    for flag in ("--data", "--host", "--port"):
        assert flag in shown


def test_a_directory_that_is_not_there_is_not_made_to_be_verified(tmp_path: Path) -> None:
    done = tracker("verify", "--data", str(tmp_path / "nowhere"))
    assert done.returncode == 1
    assert "no data directory" in done.stderr
    assert not (tmp_path / "nowhere").exists()


def test_a_setting_of_the_wrong_type_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACKER_PORT", "http")
    done = tracker("keys", "list", "--data", str(tmp_path))
    assert done.returncode == 1
    assert "TRACKER_PORT" in done.stderr
