"""Encryption of personal data, stored answers and uploads, and keyed look-ups.

    master key (32 bytes; TRACKER_MASTER_KEY or master.key, never in the store, never in a backup)
      └── HKDF-SHA256, one sub-key a purpose: wrap · lookup · answers · uploads
            └── wraps the data key of a vendor, the key of an upload (AES key wrap, RFC 3394)
                  └── AES-256-GCM over each fact's blob, each chunk of an upload

All GCM output is `nonce (12) · ciphertext · tag (16)`, the nonce random. What says where a blob
belongs (vendor and event, job and chunk) is its AAD: a blob that was changed, or moved to another
place, does not open. A wrapped key and a stored answer begin with the 4-byte id of their master
key, so that several master keys can be in use while one is replaced.

Errors of this module never name contents, and nothing here prints a key.
"""

from __future__ import annotations

import os
import struct
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final, Literal, TypeVar

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from tracker.access.master_key import (
    KEY_BYTES,
    KEY_ID_BYTES,
    MASTER_KEY_ENV,
    MASTER_KEY_FILE,
    BadMasterKey,
    MasterKey,
    load_master_keys,
)
from tracker.domain.errors import TrackerError

__all__ = [
    "BadMasterKey",
    "Keyring",
    "MasterKey",
    "Tampered",
    "UploadCipher",
    "VendorVault",
    "load_master_keys",
]

NONCE_BYTES = 12
LOOKUP_BYTES = 16
REFRESH_S: Final = 1.0
"""For so long a process may go on sealing under a master key that was replaced."""

Source = Callable[[], Sequence[MasterKey] | None]
"""The master keys, newest first, where they changed since it was asked last; else None."""


Use = Literal["wrap", "uploads"]
T = TypeVar("T", bound=msgspec.Struct)
K = TypeVar("K")


class Tampered(TrackerError):
    """A stored blob does not open: it was changed, moved, cut, or its key is another one."""

    status = 500
    title = "Stored data does not open"
    default_code = "TAMPERED"


def _derive(secret: bytes, purpose: str) -> bytes:
    info = f"tracker/v1/{purpose}".encode()
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(secret)


def _seal(cipher: AESGCM, aad: bytes, data: bytes) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return nonce + cipher.encrypt(nonce, data, aad)


def _open(cipher: AESGCM, aad: bytes, blob: bytes, what: str) -> bytes:
    try:
        return cipher.decrypt(blob[:NONCE_BYTES], blob[NONCE_BYTES:], aad)
    except (InvalidTag, ValueError):  # ValueError: too short to hold a nonce and a tag
        raise Tampered(f"{what} does not open: it was changed or belongs elsewhere.") from None


class _Derived(msgspec.Struct, frozen=True):
    """What comes of the master keys, by their ids; `current` is the id of the one that seals."""

    current: bytes
    wrapping: dict[Use, dict[bytes, bytes]]
    answers: dict[bytes, AESGCM]


def _derived(masters: Sequence[MasterKey], before: _Derived | None = None) -> _Derived:
    """Keys that were known before are kept: what they sealed may still be on its way."""
    uses: tuple[Use, ...] = ("wrap", "uploads")
    made = _Derived(
        masters[0].id,
        {use: {key.id: _derive(key.secret, use) for key in masters} for use in uses},
        {key.id: AESGCM(_derive(key.secret, "answers")) for key in masters},
    )
    if before is not None:
        for use in uses:
            made.wrapping[use].update(before.wrapping[use])
        made.answers.update(before.answers)
    return made


class Keyring:
    """What is derived from the master keys; the first one seals, all of them open.

    Look-ups must stay comparable while a master key is replaced, so their key is `lookup_secret`
    (32 bytes, to be kept wrapped among the records) or else comes from the **oldest** master key.

    With a `source` a keyring follows a rotation while it is in use: it asks before it seals, at
    most once in `REFRESH_S` by `monotonic` (seconds), and at once for a key that it does not know.
    """

    def __init__(
        self,
        masters: Sequence[MasterKey],
        *,
        lookup_secret: bytes | None = None,
        source: Source | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        if not masters:
            raise BadMasterKey("A keyring needs at least one master key.")
        self._derived = _derived(masters)
        self._source = source
        self._monotonic = monotonic
        self._asked = monotonic()
        secret = masters[-1].secret if lookup_secret is None else lookup_secret
        # Its key is set up once: that takes longer than all the rest of a look-up.
        self._lookup = HMAC(_derive(secret, "lookup"), SHA256())

    @property
    def current_id(self) -> bytes:
        """The id of the master key that seals (4 bytes)."""
        return self._derived.current

    def _current(self) -> _Derived:
        """The keys to seal with."""
        if self._source is not None and self._monotonic() - self._asked >= REFRESH_S:
            self.refresh()
        return self._derived

    def refresh(self) -> None:
        """Takes over the master keys as they are now; raises BadMasterKey where it cannot."""
        self._asked = self._monotonic()
        masters = None if self._source is None else self._source()
        if masters:
            self._derived = _derived(masters, self._derived)

    @staticmethod
    def new_data_key() -> bytes:
        """32 random bytes: the data key of one vendor, or of one upload."""
        return os.urandom(KEY_BYTES)

    def wrap(self, data_key: bytes, use: Use = "wrap") -> bytes:
        """Wrap a 32-byte key: 44 bytes, master key id and RFC 3394 output, the same each time."""
        keys = self._current()
        return keys.current + aes_key_wrap(keys.wrapping[use][keys.current], data_key)

    def unwrap(self, wrapped: bytes, use: Use = "wrap") -> bytes:
        """Undo `wrap`. BadMasterKey: sealed under a key not loaded; Tampered: does not unwrap."""
        key_id = wrapped[:KEY_ID_BYTES]
        try:
            key = self._of(lambda known: known.wrapping[use], key_id)
            return aes_key_unwrap(key, wrapped[KEY_ID_BYTES:])
        except InvalidUnwrap:
            raise Tampered("A wrapped data key does not open: it was changed.") from None

    def rewrapped(self, wrapped: bytes, use: Use = "wrap") -> bytes | None:
        """The same key under the present master key; None where it is under that already."""
        if wrapped[:KEY_ID_BYTES] == self._current().current:
            return None
        return self.wrap(self.unwrap(wrapped, use), use)

    def lookup(self, label: str, *parts: str) -> bytes:
        """16 bytes of HMAC-SHA256 over `label` and `parts`, for blind indexes and fingerprints.

        Every part is preceded by its length: ("ab", "c") and ("a", "bc") differ. Normalising
        (NFC, digits only …) is the caller's.
        """
        keyed = self._lookup.copy()
        for part in (label, *parts):
            raw = part.encode()
            keyed.update(len(raw).to_bytes(4, "big") + raw)
        return keyed.finalize()[:LOOKUP_BYTES]

    def seal_answer(self, context: bytes, data: bytes) -> bytes:
        """Encrypt a stored answer; it opens under the same `context` (its scope) only."""
        keys = self._current()
        return keys.current + _seal(keys.answers[keys.current], context, data)

    def open_answer(self, context: bytes, blob: bytes) -> bytes:
        """Undo `seal_answer`; raises Tampered or BadMasterKey."""
        cipher = self._of(lambda known: known.answers, blob[:KEY_ID_BYTES])
        return _open(cipher, context, blob[KEY_ID_BYTES:], "A stored answer")

    def resealed_answer(self, context: bytes, blob: bytes) -> bytes | None:
        """The same answer under the present master key; None where it is under that already."""
        if blob[:KEY_ID_BYTES] == self._current().current:
            return None
        return self.seal_answer(context, self.open_answer(context, blob))

    def _of(self, kind: Callable[[_Derived], dict[bytes, K]], key_id: bytes) -> K:
        if key_id not in kind(self._derived):
            self.refresh()  # a key that came since
        try:
            return kind(self._derived)[key_id]
        except KeyError:
            raise BadMasterKey(
                f"Data sealed under master key {key_id.hex()}, which is not loaded: "
                f"add that key to {MASTER_KEY_ENV} or put {MASTER_KEY_FILE} back."
            ) from None


_ENCODER = msgspec.msgpack.Encoder()
_DECODERS: dict[type[msgspec.Struct], msgspec.msgpack.Decoder[Any]] = {}
_NOTHING: Final[tuple[bytes | None, msgspec.Struct | None]] = (None, None)


class VendorVault:
    """Seals the personal part of one vendor's facts under the vendor's data key (32 bytes).

    AAD is `<vendor code>.e<event number>`. Make one a vendor and use: the cipher is set up once,
    and what was sealed here opens without being decrypted again.
    """

    __slots__ = ("_cipher", "_prefix", "_sealed")

    def __init__(self, vendor_code: str, data_key: bytes) -> None:
        self._cipher = AESGCM(data_key)
        self._prefix = f"{vendor_code}.e"
        self._sealed: dict[int, tuple[bytes, msgspec.Struct]] = {}

    def seal(self, event: int, value: msgspec.Struct) -> bytes:
        """Encrypt `value` (msgpack; an array_like Struct is the smallest): 28 bytes more.

        `value` must not change afterwards.
        """
        blob = _seal(self._cipher, f"{self._prefix}{event}".encode(), _ENCODER.encode(value))
        self._sealed[event] = blob, value
        return blob

    def open(self, event: int, blob: bytes, type_: type[T]) -> T:
        """Undo `seal`. Tampered: changed, of another vendor or event, or not a `type_`."""
        known, sealed = self._sealed.get(event, _NOTHING)
        if known == blob and type(sealed) is type_:
            return sealed
        name = f"{self._prefix}{event}"
        data = _open(self._cipher, name.encode(), blob, f"The personal data of event {name}")
        decoder = _DECODERS.get(type_) or _DECODERS.setdefault(
            type_, msgspec.msgpack.Decoder(type_)
        )
        try:
            value: T = decoder.decode(data)
        except msgspec.DecodeError:
            raise Tampered(
                f"The personal data of event {name} is not a {type_.__name__}."
            ) from None
        return value


class UploadCipher:
    """Encrypts the chunks of one upload; AAD is job id, chunk number from 0, and "last" flag.

    Chunks that were swapped, repeated, dropped or cut at the end therefore do not open.
    """

    __slots__ = ("_cipher", "_job_id")

    def __init__(self, job_id: str, key: bytes) -> None:
        self._cipher = AESGCM(key)
        self._job_id = job_id

    @classmethod
    def create(cls, keyring: Keyring, job_id: str) -> tuple[UploadCipher, bytes]:
        """A cipher with a new key, and that key wrapped (44 bytes) to be kept with the job."""
        key = keyring.new_data_key()
        return cls(job_id, key), keyring.wrap(key, "uploads")

    @classmethod
    def resume(cls, keyring: Keyring, job_id: str, wrapped: bytes) -> UploadCipher:
        """The cipher of a job from its wrapped key; raises Tampered or BadMasterKey."""
        return cls(job_id, keyring.unwrap(wrapped, "uploads"))

    def _aad(self, number: int, last: bool) -> bytes:
        return self._job_id.encode() + struct.pack(">QB", number, last)

    def seal(self, number: int, chunk: bytes, *, last: bool) -> bytes:
        """Encrypt one chunk: 28 bytes more."""
        return _seal(self._cipher, self._aad(number, last), chunk)

    def open(self, number: int, blob: bytes, *, last: bool) -> bytes:
        """Undo `seal`; raises Tampered."""
        what = f"Chunk {number} of the upload of job {self._job_id}"
        return _open(self._cipher, self._aad(number, last), blob, what)

    def seal_all(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Encrypt a stream, at least one chunk (an empty file is one empty chunk)."""
        for number, chunk, last in _marked(chunks):
            yield self.seal(number, chunk, last=last)

    def open_all(self, blobs: Iterable[bytes]) -> Iterator[bytes]:
        """Decrypt a stream; a missing end is known at the end only, so act after the last."""
        for number, blob, last in _marked(blobs):
            yield self.open(number, blob, last=last)


def _marked(items: Iterable[bytes]) -> Iterator[tuple[int, bytes, bool]]:
    """Number the items from 0 and mark the last; of no items one empty, last one."""
    number, pending = 0, None
    for item in items:
        if pending is not None:
            yield number, pending, False
            number += 1
        pending = item
    yield number, pending or b"", True
