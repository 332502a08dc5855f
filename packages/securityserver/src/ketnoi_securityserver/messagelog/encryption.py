"""Bodies at rest: AES-256-GCM with keys from files, and no key used for more than one node's day or one archive.

A body is bound to its row: whoever moves a ciphertext to another message gets a refusal instead of a body.
"""

from __future__ import annotations

import os
import re
import secrets
from datetime import date
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ketnoi_protocol.errors import Refusal
from ketnoi_protocol.identifiers import SubsystemId

KEY_BYTES = 32
NONCE_BYTES = 12
_ARCHIVE_HEAD = b"ketnoi sealed archive 1"
_KEY_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_SUFFIX = ".key"
_MOST_DAYS = 512


class MessageLogKeyError(Exception):
    """The folder of the message log's keys cannot be used; the text says what to mend and quotes no key."""


class Place(msgspec.Struct, frozen=True):
    """What a body is bound to: whose message it is and where its row stands."""

    node_id: str
    day: date
    own: SubsystemId
    message_id: str
    is_response: bool

    def associated_data(self) -> bytes:
        """The octets that the seal covers besides the body; only the last part can hold a line feed."""
        side = "response" if self.is_response else "request"
        return f"{self.node_id}\n{self.day.isoformat()}\n{self.own}\n{side}\n{self.message_id}".encode()


class Sealed(msgspec.Struct, frozen=True):
    """An encrypted body. `id` names it and is its nonce."""

    id: bytes
    key_id: str
    ciphertext: bytes


def make_key(folder: Path, key_id: str) -> Path:
    """Write a fresh key file `<key_id>.key`, readable by its owner alone. Raises FileExistsError."""
    if not _KEY_ID.fullmatch(key_id):
        raise MessageLogKeyError(f"{key_id!r} is no key id: use letters, digits, dots and hyphens")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / f"{key_id}{_SUFFIX}"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_hex(KEY_BYTES) + "\n")
    return path


class BodyCipher:
    """Seals bodies with the newest key (the last by name) and opens those sealed with any key of the folder."""

    def __init__(self, keys: dict[str, bytes]) -> None:
        if not keys or any(len(key) != KEY_BYTES for key in keys.values()):
            raise MessageLogKeyError("the message log needs at least one key of 32 octets")
        self._keys = keys
        self._newest = max(keys)
        self._derived: dict[tuple[str, str, date], AESGCM] = {}

    @classmethod
    def open(cls, folder: Path) -> BodyCipher:
        """Read every `*.key` file: 64 hexadecimal digits, readable by its owner alone. Raises MessageLogKeyError."""
        keys = {}
        for path in sorted(folder.glob(f"*{_SUFFIX}")):
            if path.stat().st_mode & 0o077:
                raise MessageLogKeyError(f"{path}: others may read it; set its mode to 0600")
            try:
                keys[path.name.removesuffix(_SUFFIX)] = bytes.fromhex(path.read_text(encoding="ascii").strip())
            except ValueError:
                raise MessageLogKeyError(f"{path}: is not 64 hexadecimal digits") from None
        if not keys:
            raise MessageLogKeyError(f"{folder}: no message log key; make one with the command init")
        return cls(keys)

    def seal(self, body: bytes, place: Place) -> Sealed:
        """Encrypt `body` for its place, under a fresh nonce."""
        nonce = os.urandom(NONCE_BYTES)
        ciphertext = self._for(self._newest, place).encrypt(nonce, body, place.associated_data())
        return Sealed(nonce, self._newest, ciphertext)

    def open_body(self, sealed: Sealed, place: Place) -> bytes:
        """Decrypt. Raises Refusal `database_error` when the key is not there or the row is not what was sealed."""
        if sealed.key_id not in self._keys:
            raise Refusal("database_error", "the key of a message body is not there")
        try:
            return self._for(sealed.key_id, place).decrypt(sealed.id, sealed.ciphertext, place.associated_data())
        except InvalidTag:
            raise Refusal("database_error", "a message body in the log is not the one that was written") from None

    def seal_archive(self, name: str, content: bytes) -> bytes:
        """An archive file as it lies on the disk: one line that names the key and the nonce, then the ciphertext.

        The line and the file's name are sealed too.
        """
        nonce = os.urandom(NONCE_BYTES)
        head = b"%s %s %s\n" % (_ARCHIVE_HEAD, self._newest.encode(), nonce.hex().encode())
        return head + self._for_archive(self._newest, name).encrypt(nonce, content, head)

    def open_archive(self, name: str, data: bytes) -> bytes:
        """The archive (ZIP) in a sealed file of this name. Raises MessageLogKeyError; the text says what to mend."""
        head, _, ciphertext = data.partition(b"\n")
        kind, _, rest = head.rpartition(b" ")[0].rpartition(b" ")
        if kind != _ARCHIVE_HEAD or rest.decode("ascii", "replace") not in self._keys:
            raise MessageLogKeyError(f"{name}: is no sealed archive, or the key that sealed it is not there")
        try:
            nonce = bytes.fromhex(head[-2 * NONCE_BYTES :].decode("ascii", "replace"))
            return self._for_archive(rest.decode(), name).decrypt(nonce, ciphertext, head + b"\n")
        except (InvalidTag, ValueError):
            raise MessageLogKeyError(f"{name}: was changed or renamed since it was written") from None

    def _for_archive(self, key_id: str, name: str) -> AESGCM:
        info = f"ketnoi message archive\n{name}".encode()
        return AESGCM(HKDF(hashes.SHA256(), KEY_BYTES, None, info).derive(self._keys[key_id]))

    def _for(self, key_id: str, place: Place) -> AESGCM:
        # GCM with random nonces bears 2^32 messages a key; a node writes fewer than that in a day.
        wanted = (key_id, place.node_id, place.day)
        found = self._derived.get(wanted)
        if found is None:
            info = f"ketnoi message body\n{place.node_id}\n{place.day.isoformat()}".encode()
            derived = HKDF(hashes.SHA256(), KEY_BYTES, None, info).derive(self._keys[key_id])
            if len(self._derived) >= _MOST_DAYS:
                self._derived.clear()
            found = self._derived[wanted] = AESGCM(derived)
        return found
