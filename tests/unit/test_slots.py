"""Which slot a command belongs to."""

from __future__ import annotations

import pytest

from tracker.store import keys
from tracker.store.client import connect
from tracker.store.cluster import Cluster
from tracker.store.keys import SERVICE, Space
from tracker.store.slots import slot_of, slot_of_key


def test_the_slots_are_those_of_the_specification() -> None:
    assert slot_of_key("123456789") == 0x31C3  # the check value of its CRC
    assert slot_of_key("{user1000}.following") == slot_of_key(b"{user1000}.followers")
    assert slot_of_key("foo{}{bar}") == slot_of_key(b"foo{}{bar}") != slot_of_key("bar")
    assert slot_of_key("foo{{bar}}zap") == slot_of_key("{bar")


@pytest.mark.parametrize("name", ["cho-vung-tau", "chợ", SERVICE])
def test_everything_of_a_space_lies_in_one_slot(name: str) -> None:
    space = Space(name)
    found = [value for field, value in vars(space).items() if field != "name"]
    assert len({slot_of_key(key) for key in found}) == 1


def test_what_spans_markets_lies_in_slots_of_its_own() -> None:
    service = {slot_of_key(getattr(keys, name)) for name in dir(keys) if name.isupper()}
    assert service == {slot_of_key(key) for key in ("{sys}", "{feed}", "{jobs}")}
    parts = {slot_of_key(keys.accounts(f"{n:02x}")) for n in range(256)}
    assert len(parts) > 200


def test_commands_go_by_their_first_key() -> None:
    slot = slot_of_key("{m:a}:x")
    for command in (
        ("HGET", "{m:a}:x", "f"),
        ("EVALSHA", "0" * 40, 2, "{m:a}:x", "{m:a}:y", "arg"),
        ("XINFO STREAM", "{m:a}:x"),
        ("MGET", "{m:a}:x", "{m:a}:y"),
    ):
        assert slot_of(command) == slot


@pytest.mark.parametrize("command", [("INFO",), ("KEYS", "*"), ("EVALSHA", "0" * 40, 0), ("SCAN",)])
def test_a_command_without_a_key_is_refused(command: tuple[object, ...]) -> None:
    with pytest.raises(TypeError, match="belongs to no slot"):
        slot_of(command)


def test_a_url_names_some_nodes_and_the_user_of_all() -> None:
    client = connect("clusters://tracker:p%40ss@a.example,[::1]:7001/0?ssl_ca_certs=/ca.pem")
    assert isinstance(client, Cluster)
    found = [node.connection_pool.connection_kwargs for node in client.map.clients]
    assert [(one["host"], one["port"]) for one in found] == [("a.example", 6379), ("::1", 7001)]
    assert {(one["username"], one["password"]) for one in found} == {("tracker", "p@ss")}
    assert {one["ssl_ca_certs"] for one in found} == {"/ca.pem"}


@pytest.mark.parametrize("url", ["cluster://", "cluster://a,,b", "cluster://a:1/2"])
def test_a_url_that_names_none_or_a_database_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="cluster://HOST:PORT"):
        connect(url)
