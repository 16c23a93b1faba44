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
    assert made["secret"].startswith(f"cmt_{made['id']}_")
    assert made["bins"] == ["970436", "970418"]
    assert made["expires_at"] == "2099-01-01T00:00:00+07:00"
    (listed,) = json.decode(tracker("keys", "list", *data).stdout)
    assert listed == {name: value for name, value in made.items() if name != "secret"}
    turned = json.decode(tracker("keys", "rotate", *data, made["id"]).stdout)
    assert turned["secret"].startswith(f"cmt_{made['id']}_")
    assert turned["secret"] != made["secret"]
    assert turned["overlap_until"]
    revoked = json.decode(tracker("keys", "revoke", *data, made["id"]).stdout)
    assert revoked["revoked_at"]
    assert tracker("verify", *data).stdout == "clean\n"


def test_people_are_added_invited_listed_and_disabled_as_json(tmp_path: Path) -> None:
    data = ("--data", str(tmp_path / "data"))
    mai = ("--name", "Lê Thị Mai", "--login", "Mai@Example.vn", "--role", "manager")
    made = json.decode(tracker("people", "add", *data, *mai, "--markets", "cho-x").stdout)
    person = made["person"]
    assert (person["login"], person["active"]) == ("mai@example.vn", True)
    assert made["invitation"]["token"].startswith(f"cmi_{person['id']}_")
    again = json.decode(tracker("people", "invite", *data, person["id"]).stdout)
    assert again["token"] != made["invitation"]["token"]
    (listed,) = json.decode(tracker("people", "list", *data).stdout)
    assert listed["name"] == "Lê Thị Mai"
    assert json.decode(tracker("people", "disable", *data, person["id"]).stdout)["active"] is False
    assert tracker("verify", *data).stdout == "clean\n"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("keys", "create", "--role", "bank", "--name", "x"), "SCOPE"),
        (("keys", "revoke", "aaaaaaaa"), "NOT_FOUND"),
        (("keys", "rotate", "aaaaaaaa"), "NOT_FOUND"),
        (("people", "invite", "paaaaaaaa"), "NOT_FOUND"),
        (("people", "add", "--role", "ioc", "--name", "x", "--login", "a b"), "INVALID_BODY"),
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
    "backup",
    "restore",
    "drill",
    "upgrade",
    "openapi",
]


PRIVACY = [
    ["master-key", "rotate"],
    ["master-key", "status"],
    ["erased", "list"],
    ["erased", "apply"],
]


@pytest.mark.parametrize(
    "words", [*([c] for c in COMMANDS), ["keys", "create"], ["keys", "list"], *PRIVACY]
)
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


def test_the_master_key_is_replaced_and_everything_opens_afterwards(tmp_path: Path) -> None:
    data = ("--data", str(tmp_path / "data"))
    tracker("keys", "create", *data, "--role", "admin", "--name", "me")
    before = (tmp_path / "data" / "master.key").read_text()
    done = tracker("master-key", "rotate", *data)
    assert done.returncode == 0, done.stderr
    told = json.decode(done.stdout)
    assert told["finished"]
    assert (tmp_path / "data" / "master.key").read_text() != before
    status = json.decode(tracker("master-key", "status", *data).stdout)
    assert status["master_key"] == told["master_key"]
    assert set(status["sealed"]) == {told["master_key"]}
    assert tracker("verify", *data).stdout == "clean\n"


def test_a_list_of_the_erased_is_applied_and_anything_else_refused(tmp_path: Path) -> None:
    data = ("--data", str(tmp_path / "data"))
    tracker("keys", "create", *data, "--role", "admin", "--name", "me")
    assert json.decode(tracker("erased", "list", *data).stdout) == []
    given = tmp_path / "erased.json"
    given.write_text('[{"vendor": "CVT-0001-A", "erased_at": "2026-01-01T00:00:00+07:00"}]')
    wrong = tracker("erased", "apply", *data, str(given))
    assert (wrong.returncode, "VENDOR_CODE_INVALID" in wrong.stderr) == (1, True)
    given.write_text("not a list")
    assert "BAD_FILE" in tracker("erased", "apply", *data, str(given)).stderr
