"""Files that come with a form: what they are is read from their bytes, never from their name."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import get_language

from ketnoi_portal.files.examination import check_inside
from ketnoi_portal.files.models import Blob
from ketnoi_portal.files.uploads import LARGEST, UploadRefused, admit
from ketnoi_portal.site import clock
from ketnoi_portal.text import Text

_KINDS: Final = ((b"%PDF-", "application/pdf"), (b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"))


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
    """A PDF, PNG or JPEG of at most 10 MB, without programs or other files inside."""

    def clean(self, data: UploadedFile | None, initial: object = None) -> UploadedFile | None:
        """Raises ValidationError for other kinds and larger files."""
        file = super().clean(data, initial)
        if file is not None and file is not False:
            try:
                # One byte more than is allowed is enough to know that it is too large.
                check_inside(admit(file.name or "", file.read(LARGEST + 1)), clock.now())
            except UploadRefused as refused:
                reason = refused.reason
                raise forms.ValidationError(f"{say(reason.title)}. {say(reason.mend)}.", reason.code) from refused
            file.seek(0)
        return file


def keep(file: UploadedFile) -> tuple[Blob, str]:
    """Keep an upload that DocumentField has let through; the blob, and the name that it goes by."""
    data = file.read()
    return Blob.keep(data, media_type(data) or "application/octet-stream"), plain_name(file.name or "")
