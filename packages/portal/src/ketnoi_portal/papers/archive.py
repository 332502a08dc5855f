"""The files of an exported dossier, each told in its manifest."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final

from ketnoi_portal.files.models import Blob
from ketnoi_portal.files.uploads import ENDINGS

_ENDINGS: Final = {
    **ENDINGS,
    "application/vnd.etsi.asic-e+zip": ".asice",
    "application/zip": ".zip",
    "application/json": ".json",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
    "message/rfc822": ".eml",
}


@dataclass
class Archive:
    """Files by their paths; each is told in the manifest."""

    files: dict[str, bytes] = field(default_factory=dict)
    told: list[dict[str, Any]] = field(default_factory=list)

    def add(self, path: str, data: bytes, media_type: str, what: str) -> str:
        """Put a file in, once; its path."""
        if path not in self.files:
            self.files[path] = data
            self.told.append(
                {
                    "path": path,
                    "sha256": sha256(data).hexdigest(),
                    "size": len(data),
                    "media_type": media_type,
                    "what": what,
                }
            )
        return path

    def blob(self, folder: str, blob: Blob, what: str) -> str:
        """Put a kept file in, under its own digest, so that no name that somebody chose becomes a path."""
        ending = _ENDINGS.get(blob.media_type, ".bin")
        return self.add(f"{folder}/{blob.sha256}{ending}", blob.content, blob.media_type, what)

    def certificate(self, der: bytes, what: str) -> str:
        """Put a certificate (DER) in, under its own digest."""
        path = f"certificates/{sha256(der).hexdigest()}.cer"
        return self.add(path, der, "application/pkix-cert", what)

    def json(self, path: str, value: Any, what: str) -> str:
        """Put a JSON file in."""
        return self.add(path, as_json(value), "application/json", what)


def as_json(value: Any) -> bytes:
    """A value as a file, moments and days as texts."""
    return (json.dumps(value, ensure_ascii=False, indent=1, default=_plain) + "\n").encode()


def _plain(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
