"""Documents that come with a form of this room, kept."""

from __future__ import annotations

from django.utils.translation import get_language

from ketnoi_pages.text import Text
from ketnoi_portal.files.models import Blob
from ketnoi_portal.files.uploads import Upload


def say(text: Text) -> str:
    """A text in the reader's language, for forms that are made for one request."""
    return text.in_(get_language() or "vi")


def keep(upload: Upload) -> tuple[Blob, str]:
    """Keep a document; the blob, and the name that it goes by."""
    return Blob.keep(upload.data, upload.media_type), upload.name
