"""Keyed pseudonyms: the log names a person so that only a holder of the key can find them again."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
from pathlib import Path

import msgspec

KEY_BYTES = 32


class PseudonymKeyError(Exception):
    """The key file cannot be used; the text names the file and the mend."""


class _KeyFile(msgspec.Struct, forbid_unknown_fields=True):
    active: str
    keys: dict[str, bytes]
    repetition: bytes


class Pseudonyms:
    """HMAC-SHA-256 under keys from a file: `active` for new rows, older keys so that old rows can be found.

    The key `repetition` recognises a MaYeuCau used before, on whatever node, and is part of the keys of kept answers.
    When it is changed, repetitions of earlier questions are no longer recognised.
    """

    def __init__(self, active: str, keys: dict[str, bytes], repetition: bytes) -> None:
        self.active = active
        self._keys = keys
        self._repetition = repetition

    @classmethod
    def read(cls, path: Path) -> Pseudonyms:
        """Read the key file. Raises PseudonymKeyError when it is missing, open to others, or not a key file."""
        try:
            if path.stat().st_mode & 0o077:
                raise PseudonymKeyError(f"{path}: others may read it; chmod 600 it")
            found = msgspec.json.decode(path.read_bytes(), type=_KeyFile)
        except OSError as error:
            raise PseudonymKeyError(f"{path}: {error.strerror}; make it with `ketnoi-registry init`") from error
        except msgspec.MsgspecError as error:
            raise PseudonymKeyError(f"{path}: is no pseudonym key file") from error
        if found.active not in found.keys:
            raise PseudonymKeyError(f"{path}: the active key is not among the keys")
        if any(len(key) < KEY_BYTES for key in (*found.keys.values(), found.repetition)):
            raise PseudonymKeyError(f"{path}: a key is shorter than {KEY_BYTES} bytes")
        return cls(found.active, found.keys, found.repetition)

    @staticmethod
    def make(path: Path, key_id: str) -> None:
        """Write a new key file readable by its owner only. Raises FileExistsError: keys are never overwritten."""
        content = {
            "active": key_id,
            "keys": {key_id: _text(secrets.token_bytes(KEY_BYTES))},
            "repetition": _text(secrets.token_bytes(KEY_BYTES)),
        }
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(content)))

    def fingerprints(self) -> dict[str, bytes]:
        """What tells each key from others of its name, and says nothing more of it."""
        named = {f"key {name}": key for name, key in self._keys.items()} | {"repetition": self._repetition}
        return {name: hmac.digest(key, b"fingerprint", hashlib.sha256) for name, key in named.items()}

    def of_person(self, personal_number: str, key_id: str | None = None) -> bytes:
        """The 32-byte pseudonym of a personal number under one key, the active one by default."""
        return self._digest(key_id, b"personal-number\0", personal_number)

    def of_old_number(self, old_number: str, key_id: str | None = None) -> bytes:
        """The pseudonym of an old number that led to nobody."""
        return self._digest(key_id, b"old-id-number\0", old_number)

    def of_any(self, number: str) -> bytes:
        """The pseudonym of a number of either kind, told by its length."""
        return self.of_person(number) if len(number) == 12 else self.of_old_number(number)

    def of_block(self, number: str) -> bytes:
        """The pseudonym of all a number's digits but the last three: neighbours share it. Under the active key."""
        return self._digest(None, b"block\0", number[:-3])

    @property
    def key_ids(self) -> tuple[str, ...]:
        """The ids of all keys there are."""
        return tuple(self._keys)

    def of_request(self, organisation: str, ma_yeu_cau: str) -> bytes:
        """The digest under which an organisation's MaYeuCau is remembered (a caller may have put a name into it)."""
        return hmac.digest(self._repetition, f"request\0{organisation}\0{ma_yeu_cau}".encode(), hashlib.sha256)

    def of_content(self, content: bytes) -> bytes:
        """The digest by which the content of a request is compared with that of its repetition."""
        return hmac.digest(self._repetition, b"content\0" + content, hashlib.sha256)

    def of_message(self, message_id: str) -> str:
        """16 letters that tell one message id from another."""
        digest = hmac.digest(self._repetition, f"message\0{message_id}".encode(), hashlib.sha256)
        return base64.b32encode(digest)[:16].decode().lower()

    def answer_key(self, organisation: str, ma_yeu_cau: str, content: bytes) -> bytes:
        """The 32-byte key under which the answer to one question is kept, for whoever asks exactly this again."""
        asked = f"answer\0{organisation}\0{ma_yeu_cau}\0".encode() + content
        return hmac.digest(self._repetition, asked, hashlib.sha256)

    def _digest(self, key_id: str | None, kind: bytes, number: str) -> bytes:
        return hmac.digest(self._keys[key_id or self.active], kind + number.encode(), hashlib.sha256)


def _text(key: bytes) -> str:
    return base64.b64encode(key).decode()
