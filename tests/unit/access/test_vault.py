"""What is sealed opens where it belongs, and nowhere else."""

from __future__ import annotations

import hashlib
import hmac

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from tracker.access.vault import (
    BadMasterKey,
    Keyring,
    MasterKey,
    Tampered,
    UploadCipher,
    VendorVault,
)


class Person(Struct, array_like=True, frozen=True):
    name: str
    phone: str | None = None


class Figures(Struct, array_like=True, frozen=True):
    counts: list[int]


HOA = Person("Đặng Thị Hoa", "0912345678")
OLD, NEW = MasterKey(b"\1" * 32), MasterKey(b"\2" * 32)
VAULT = VendorVault("CVT-0042-A", b"d" * 32)
RING = Keyring([OLD])


@given(st.integers(0, 2**40), st.text(), st.none() | st.text())
def test_vault_round_trip(event: int, name: str, phone: str | None) -> None:
    person = Person(name, phone)
    assert VAULT.open(event, VAULT.seal(event, person), Person) == person


def test_equal_values_give_different_blobs_without_the_text() -> None:
    one, two = VAULT.seal(1, HOA), VAULT.seal(1, HOA)
    assert one != two
    assert HOA.name.encode() not in one
    assert len(one) == 28 + len(msgspec.msgpack.encode(HOA))  # 28: nonce and tag


@given(st.data())
def test_every_changed_bit_and_every_cut_is_found(data: st.DataObject) -> None:
    blob = VAULT.seal(7, HOA)
    at = data.draw(st.integers(0, len(blob) * 8 - 1))
    changed = bytearray(blob)
    changed[at // 8] ^= 1 << at % 8
    cut = data.draw(st.integers(0, len(blob) - 1))
    for bad in (bytes(changed), blob[:cut], blob + b"\0"):
        with pytest.raises(Tampered):
            VAULT.open(7, bad, Person)


def test_a_moved_blob_names_the_event_and_not_the_contents() -> None:
    blob = VAULT.seal(12, HOA)
    with pytest.raises(Tampered, match=r"CVT-0042-A\.e13") as caught:
        VAULT.open(13, blob, Person)
    assert caught.value.status == 500
    assert "Hoa" not in str(caught.value)
    for other in (VendorVault("CVT-0043-8", b"d" * 32), VendorVault("CVT-0042-A", b"e" * 32)):
        with pytest.raises(Tampered):
            other.open(12, blob, Person)
    # "…A" + event 112 and "…A.e1" + event 12 must not share their AAD
    with pytest.raises(Tampered):
        VendorVault("CVT-0042-A.e1", b"d" * 32).open(2, blob, Person)


def test_a_blob_of_another_kind_is_refused_without_its_contents() -> None:
    with pytest.raises(Tampered, match="not a Figures") as caught:
        VAULT.open(1, VAULT.seal(1, HOA), Figures)
    assert "Hoa" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_wrapped_keys_are_44_bytes_led_by_the_key_id() -> None:
    key = RING.new_data_key()
    wrapped = RING.wrap(key)
    assert len(key) == 32
    assert len(wrapped) == 44
    assert wrapped[:4] == OLD.id == RING.current_id
    assert RING.unwrap(wrapped) == key
    assert RING.wrap(key) == wrapped
    assert key not in wrapped


@pytest.mark.parametrize("bad", [slice(0, 4), slice(0, 43), slice(0, 36)])
def test_a_cut_wrapped_key_is_found(bad: slice) -> None:
    with pytest.raises(Tampered):
        RING.unwrap(RING.wrap(b"d" * 32)[bad])


def test_a_changed_or_foreign_wrapped_key_is_found() -> None:
    wrapped = RING.wrap(b"d" * 32)
    with pytest.raises(Tampered):
        RING.unwrap(wrapped[:-1] + bytes([wrapped[-1] ^ 1]))
    with pytest.raises(Tampered):  # a vendor's key is not an upload's
        RING.unwrap(wrapped, "uploads")
    with pytest.raises(BadMasterKey, match=OLD.id.hex()):
        Keyring([NEW]).unwrap(wrapped)


def test_rotation_opens_the_old_and_seals_with_the_new() -> None:
    both = Keyring([NEW, OLD])
    assert both.unwrap(RING.wrap(b"d" * 32)) == b"d" * 32
    assert both.wrap(b"d" * 32)[:4] == NEW.id
    assert both.open_answer(b"c", RING.seal_answer(b"c", b"body")) == b"body"
    assert Keyring([NEW]).open_answer(b"c", both.seal_answer(b"c", b"body")) == b"body"
    assert both.lookup("phone", "0912345678") == RING.lookup("phone", "0912345678")


def test_a_lookup_secret_of_its_own_outlives_every_master_key() -> None:
    rings = [Keyring([master], lookup_secret=b"s" * 32) for master in (OLD, NEW)]
    assert len({ring.lookup("account", "970436", "1") for ring in rings}) == 1
    assert RING.lookup("account", "970436", "1") != rings[0].lookup("account", "970436", "1")


def test_a_keyring_without_keys_is_refused() -> None:
    with pytest.raises(BadMasterKey):
        Keyring([])


parts = st.lists(st.text(max_size=6), max_size=4)


@given(parts, parts)
def test_lookups_differ_exactly_where_their_parts_do(one: list[str], two: list[str]) -> None:
    assert (RING.lookup("x", *one) == RING.lookup("x", *two)) == (one == two)


def test_lookup_is_keyed_labelled_and_16_bytes() -> None:
    digest = RING.lookup("phone", "0912345678")
    assert len(digest) == 16
    assert digest != RING.lookup("account", "0912345678")
    assert RING.lookup("a", "bc") != RING.lookup("ab", "c")
    assert digest != Keyring([NEW]).lookup("phone", "0912345678")
    assert digest != hashlib.sha256(b"0912345678").digest()[:16]
    assert digest != hmac.digest(OLD.secret, b"0912345678", "sha256")[:16]


@given(st.binary(), st.binary(max_size=40), st.binary(max_size=40))
def test_an_answer_opens_in_its_own_context_only(data: bytes, one: bytes, two: bytes) -> None:
    sealed = RING.seal_answer(one, data)
    assert RING.open_answer(one, sealed) == data
    if one != two:
        with pytest.raises(Tampered):
            RING.open_answer(two, sealed)


def test_a_cut_answer_is_found() -> None:
    with pytest.raises(Tampered):
        RING.open_answer(b"c", RING.seal_answer(b"c", b"body")[:10])
    with pytest.raises(BadMasterKey):
        RING.open_answer(b"c", b"")


@given(st.lists(st.binary(max_size=20), max_size=6))
def test_upload_round_trip_across_processes(chunks: list[bytes]) -> None:
    writer, wrapped = UploadCipher.create(RING, "job-1")
    blobs = list(writer.seal_all(chunks))
    reader = UploadCipher.resume(RING, "job-1", wrapped)
    assert list(reader.open_all(blobs)) == (chunks or [b""])


def test_an_upload_swapped_repeated_dropped_or_cut_does_not_open() -> None:
    cipher, wrapped = UploadCipher.create(RING, "job-1")
    a, b, c = cipher.seal_all([b"one", b"two", b"three"])
    for bad in ([b, a, c], [a, a, c], [a, c], [a, b], [a], [], [a, b, c, c], [b, c]):
        with pytest.raises(Tampered, match="job-1"):
            list(cipher.open_all(bad))
    with pytest.raises(Tampered):
        list(UploadCipher.resume(RING, "job-2", wrapped).open_all([a, b, c]))
    other, _ = UploadCipher.create(RING, "job-1")
    with pytest.raises(Tampered):
        other.open(0, a, last=False)
    with pytest.raises(Tampered):  # an upload's key is not a vendor's
        RING.unwrap(wrapped)


class Turning:
    """A source whose keys change, and a clock that is moved by hand."""

    def __init__(self, *keys: MasterKey) -> None:
        self.keys: tuple[MasterKey, ...] | None = keys
        self.asked = 0
        self.now = 0.0

    def __call__(self) -> tuple[MasterKey, ...] | None:
        self.asked += 1
        return self.keys


def test_a_keyring_follows_a_rotation_while_it_is_in_use() -> None:
    turning = Turning(NEW, OLD)
    ring = Keyring([OLD], lookup_secret=b"s" * 32, source=turning, monotonic=lambda: turning.now)
    looked_up = ring.lookup("account", "1")
    assert ring.wrap(b"d" * 32)[:4] == OLD.id  # it was asked a moment ago
    turning.now = 1.0
    assert ring.wrap(b"d" * 32)[:4] == NEW.id
    assert ring.seal_answer(b"c", b"x")[:4] == NEW.id
    assert turning.asked == 1
    assert ring.unwrap(RING.wrap(b"d" * 32)) == b"d" * 32
    assert ring.lookup("account", "1") == looked_up


def test_an_unknown_key_is_asked_for_at_once_and_an_old_one_is_not_forgotten() -> None:
    turning = Turning(NEW, OLD)
    ring = Keyring([OLD], source=turning, monotonic=lambda: turning.now)
    assert ring.unwrap(Keyring([NEW]).wrap(b"d" * 32)) == b"d" * 32
    turning.keys, turning.now = (NEW,), 2.0
    assert ring.wrap(b"d" * 32)[:4] == NEW.id
    assert ring.unwrap(RING.wrap(b"d" * 32)) == b"d" * 32
    turning.keys = None
    with pytest.raises(BadMasterKey):
        ring.unwrap(Keyring([MasterKey(b"\3" * 32)]).wrap(b"d" * 32))


def test_what_is_wrapped_anew_holds_the_same_key() -> None:
    both = Keyring([NEW, OLD])
    for use in ("wrap", "uploads"):
        again = both.rewrapped(RING.wrap(b"d" * 32, use), use)
        assert again is not None
        assert Keyring([NEW]).unwrap(again, use) == b"d" * 32
        assert both.rewrapped(again, use) is None
    answer = both.resealed_answer(b"c", RING.seal_answer(b"c", b"body"))
    assert answer is not None
    assert Keyring([NEW]).open_answer(b"c", answer) == b"body"
    assert both.resealed_answer(b"c", answer) is None
