"""Password hashes: their parameters, their spelling, the same work for whoever is unknown."""

from __future__ import annotations

import asyncio
import unicodedata

import pytest
from argon2.exceptions import VerificationError

from tracker.access import passwords
from tracker.access.passwords import Passwords
from tracker.domain.errors import Unavailable


def test_a_hash_is_argon2id_of_19_mib_and_two_passes() -> None:
    hashed = asyncio.run(Passwords().hash("xuống chợ sớm"))
    assert hashed.startswith(b"$argon2id$v=19$m=19456,t=2,p=1$")


def test_the_right_password_in_any_composition_and_no_other() -> None:
    async def work() -> list[bool]:
        own = Passwords()
        hashed = await own.hash(unicodedata.normalize("NFC", "xuống chợ sớm"))
        typed = (
            unicodedata.normalize("NFD", "xuống chợ sớm"),
            "xuống chợ sớm ",
            "xuong cho som",
            "",
        )
        return [await own.verify(hashed, text) for text in typed]

    assert asyncio.run(work()) == [True, False, False, False]


@pytest.mark.parametrize(
    "password",
    [
        "password1234",
        "1q2w3e4r5t",
        "123456789012",
        "Matkhau2026!",
        "lethimai2026",
        "Lê Thị Mai 90",
        "vung-tau-2026",
        "ab" * 100,
    ],
)
def test_what_is_tried_early_is_known_as_that(password: str) -> None:
    about = ("lethimai@example.vn", "Lê Thị Mai", "cho-vung-tau", "vung-tau")
    assert asyncio.run(Passwords().guessed(password, about))


@pytest.mark.parametrize(
    "password", ["xuống chợ từ sớm tinh mơ", "cá thu tươi sáng nay", "𝄞" * 200]
)
def test_a_phrase_is_not(password: str) -> None:
    common = asyncio.run(Passwords().guessed(password, ("lethimai@example.vn", "Lê Thị Mai")))
    assert common is (len(set(password)) == 1)


def test_equal_passwords_have_different_hashes() -> None:
    async def work() -> set[bytes]:
        own = Passwords()
        return {await own.hash("same") for _ in range(2)}

    assert len(asyncio.run(work())) == 2


def test_nobody_is_never_right_and_costs_one_check() -> None:
    async def work() -> tuple[bool, int]:
        own = Passwords()
        return await own.verify(None, "anything"), own.work

    assert asyncio.run(work()) == (False, 1)


def test_beyond_a_bound_nobody_queues() -> None:
    async def work() -> list[object]:
        own = Passwords()
        hashed = await own.hash("right")
        tries = [own.verify(hashed, "right") for _ in range(passwords.WAITING_MAX + 3)]
        return await asyncio.gather(*tries, return_exceptions=True)

    done = asyncio.run(work())
    assert [result for result in done if result is True] == [True] * passwords.WAITING_MAX
    refused = [result for result in done if result is not True]
    assert len(refused) == 3
    assert all(isinstance(one, Unavailable) and one.code == "BUSY" for one in refused)


def test_a_damaged_hash_is_an_error_and_not_a_wrong_password() -> None:
    with pytest.raises(VerificationError):
        asyncio.run(Passwords().verify(b"$argon2id$nonsense", "x"))
