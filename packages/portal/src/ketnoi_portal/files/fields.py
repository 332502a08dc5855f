"""The field by which a form takes a document: its value is an Upload that has been examined."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.core.files.uploadedfile import UploadedFile

from ketnoi_pages import clock
from ketnoi_portal.files.examination import check_inside
from ketnoi_portal.files.uploads import JPEG, LARGEST, PDF, PNG, Upload, UploadRefused, admit, kind_of
from ketnoi_portal.site.words import say

_ONLY_PDF: Final = say("Đây không phải tệp PDF.", "This is no PDF file.")


class DocumentField(forms.FileField):
    """A PDF, PNG or JPEG (or `only_pdf`) of at most 10 MB, without programs or other files inside.

    The cleaned value is an Upload, or None for a field that may be empty.
    """

    def __init__(self, *, only_pdf: bool = False, **kwargs: Any) -> None:
        self._only_pdf = only_pdf
        accept = PDF if only_pdf else f"{PDF},{PNG},{JPEG}"
        super().__init__(widget=forms.FileInput(attrs={"accept": accept}), **kwargs)

    def clean(self, data: UploadedFile | None, initial: object = None) -> Upload | None:
        """Raises ValidationError, with the mend, for what is not let in."""
        file = super().clean(data, initial)
        if not isinstance(file, UploadedFile):
            return None
        try:
            # One byte more than is allowed is enough to know that it is too large.
            data = file.read(LARGEST + 1)
            if self._only_pdf and kind_of(data) != PDF:
                raise forms.ValidationError(_ONLY_PDF, "upload_wrong_kind")
            upload = admit(file.name or "", data)
            check_inside(upload, clock.now())
        except UploadRefused as refused:
            title, mend = refused.reason.title, refused.reason.mend
            told = say(f"{title.vi}. {mend.vi}.", f"{title.en}. {mend.en}.")
            raise forms.ValidationError(told, refused.reason.code) from refused
        return upload
