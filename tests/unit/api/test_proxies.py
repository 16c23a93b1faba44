"""Whom a chain of proxies speaks for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.api.conventions.proxies import Origin, Proxies
from tracker.domain.errors import Invalid

INSIDE = Proxies("10.0.0.0/8, fd00::/8, 192.0.2.1")


def client(peer: str, *forwarded: str) -> str:
    headers = [(b"x-forwarded-for", value.encode()) for value in forwarded]
    return INSIDE.origin(peer, "http", headers).address


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        ([], "10.0.0.1"),
        (["203.0.113.9"], "203.0.113.9"),
        (["203.0.113.9, 10.0.0.7, 192.0.2.1"], "203.0.113.9"),
        (["1.1.1.1, 203.0.113.9, 10.0.0.7"], "203.0.113.9"),
        (["1.1.1.1", "203.0.113.9"], "203.0.113.9"),
        (["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        (["203.0.113.9:51000"], "203.0.113.9"),
        (["[2001:db8::1]:51000, fd00::2"], "2001:db8::1"),
        (["2001:db8::1"], "2001:db8::1"),
        (["203.0.113.9, unknown, 10.0.0.7"], "10.0.0.7"),
        (["unknown"], "10.0.0.1"),
        ([""], "10.0.0.1"),
    ],
)
def test_the_client_is_the_right_most_address_that_is_no_proxy(
    forwarded: list[str], address: str
) -> None:
    assert client("10.0.0.1", *forwarded) == address


@given(st.text(max_size=80))
def test_who_is_no_proxy_speaks_for_itself_alone(said: str) -> None:
    headers = [
        (b"x-forwarded-for", said.encode()),
        (b"x-forwarded-proto", b"https"),
        (b"x-forwarded-host", b"tracker.example"),
    ]
    for proxies in (INSIDE, Proxies("")):
        assert proxies.origin("203.0.113.9", "http", headers) == Origin("203.0.113.9", "http")
    assert INSIDE.origin("", "http", headers) == Origin("", "http")


@given(st.lists(st.binary(max_size=40), max_size=4))
def test_whatever_is_forwarded_there_is_an_answer(said: list[bytes]) -> None:
    headers = [(b"x-forwarded-for", value) for value in said]
    assert INSIDE.origin("10.0.0.1", "http", headers).address


def test_scheme_and_host_of_the_nearest_proxy() -> None:
    headers = [(b"x-forwarded-proto", b"http, HTTPS"), (b"x-forwarded-host", b"evil, ours:8443")]
    assert INSIDE.origin("::ffff:10.0.0.1", "http", headers) == Origin(
        "::ffff:10.0.0.1", "https", b"ours:8443"
    )
    odd = [(b"x-forwarded-proto", b"gopher"), (b"x-forwarded-host", b"")]
    assert INSIDE.origin("10.0.0.1", "http", odd) == Origin("10.0.0.1", "http", None)


@pytest.mark.parametrize("networks", ["10.0.0.1/8", "proxy", "10.0.0.0/40"])
def test_networks_that_are_none_are_refused_at_the_start(networks: str) -> None:
    with pytest.raises(Invalid, match="TRACKER_TRUSTED_PROXIES"):
        Proxies(networks)
