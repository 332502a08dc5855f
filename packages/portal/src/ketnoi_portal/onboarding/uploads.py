"""Files that come with a form: what they are is read from their bytes, never from their name."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import get_language

from ketnoi_portal.files.models import Blob
from ketnoi_portal.text import Text

LARGEST: Final = 10 * 1024 * 1024
_KINDS: Final = ((b"%PDF-", "application/pdf"), (b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"))
_TOO_LARGE: Final = Text("Tệp lớn hơn 10 MB. Hãy nén hoặc tách tệp.", "The file is over 10 MB. Compress or split it.")
_WRONG_KIND: Final = Text(
    "Chỉ nhận tệp PDF, PNG hoặc JPEG. Hãy lưu lại ở một trong các dạng này.",
    "Only PDF, PNG or JPEG files are taken. Save it as one of these.",
)


def say(text: Text) -> str:
    """A text in the reader's language, for forms that are made for one request."""
    return text.in_(get_language() or "vi")


def media_type(data: bytes) -> str | None:
    """What a file is by its first bytes; None for anything but PDF, PNG and JPEG."""
    return next((kind for magic, kind in _KINDS if data.startswith(magic)), None)


def plain_name(name: str) -> str:
    """A file's name without folders, control or direction characters; at most 200 characters."""
    last = re.split(r"[\\/]", name)[-1]
    shown = "".join(each for each in last if unicodedata.category(each)[0] != "C").strip(" .")
    return shown[-200:] or "tep"


class DocumentField(forms.FileField):
    """A PDF, PNG or JPEG of at most 10 MB."""

    def clean(self, data: UploadedFile | None, initial: object = None) -> UploadedFile | None:
        """Raises ValidationError for other kinds and larger files."""
        file = super().clean(data, initial)
        if file is not None and file is not False:
            if (file.size or 0) > LARGEST:
                raise forms.ValidationError(say(_TOO_LARGE))
            start = file.read(16)
            file.seek(0)
            if media_type(start) is None:
                raise forms.ValidationError(say(_WRONG_KIND))
        return file


def keep(file: UploadedFile) -> tuple[Blob, str]:
    """Keep an upload that DocumentField has let through; the blob, and the name that it goes by."""
    data = file.read()
    return Blob.keep(data, media_type(data) or "application/octet-stream"), plain_name(file.name or "")
