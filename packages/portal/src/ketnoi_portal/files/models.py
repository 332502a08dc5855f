"""Kept files."""

from __future__ import annotations

from hashlib import sha256

from django.db import models

from ketnoi_pages import clock


class Blob(models.Model):
    """The bytes of one file under their SHA-256 (lower-case hexadecimal). Names belong to whoever points here."""

    sha256 = models.CharField(primary_key=True, max_length=64)
    media_type = models.CharField(max_length=100)
    size = models.PositiveIntegerField()
    data = models.BinaryField()
    kept_at = models.DateTimeField()

    @classmethod
    def keep(cls, data: bytes, media_type: str) -> Blob:
        """Keep these bytes; the same bytes are kept once."""
        digest = sha256(data).hexdigest()
        blob, _ = cls.objects.get_or_create(
            sha256=digest,
            defaults={"media_type": media_type, "size": len(data), "data": data, "kept_at": clock.now()},
        )
        return blob

    @property
    def content(self) -> bytes:
        """The bytes."""
        return bytes(self.data)
