"""Forms of the agencies room."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import get_language

from ketnoi_portal.agencies.table import LARGEST
from ketnoi_portal.process.roles import DESK_TITLES, DeskKind
from ketnoi_portal.site.words import say


class ImportForm(forms.Form):
    """A table of organisations."""

    file = forms.FileField(
        label=say("Tệp CSV", "CSV file"),
        help_text=say(
            "Lưu dạng «CSV UTF-8», tối đa 8 MB. Cơ quan không có trong tệp vẫn giữ nguyên.",
            "Saved as “CSV UTF-8”, at most 8 MB. Bodies that it does not name stay as they are.",
        ),
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,text/csv"}),
    )

    def clean_file(self) -> Any:
        """Not larger than can be read at once."""
        file = self.cleaned_data["file"]
        if file.size > LARGEST:
            raise forms.ValidationError(say("Tệp lớn hơn 8 MB.", "The file is larger than 8 MB."))
        return file


class DeskForm(forms.Form):
    """Title and address of a desk."""

    title = forms.CharField(label=say("Tên bộ phận", "Title"), max_length=200)
    email = forms.EmailField(label=say("Thư điện tử chung", "Shared address"), required=False)


class NewDeskForm(DeskForm):
    """A desk that is not there yet."""

    slug = forms.SlugField(
        label=say("Tên ngắn", "Short name"),
        max_length=50,
        help_text=say("Chữ thường không dấu, ví dụ pc06-h55.", "Lower case, such as pc06-h55."),
    )
    kind = forms.ChoiceField(label=say("Loại", "Kind"))
    organisation = forms.CharField(label=say("Mã cơ quan của bộ phận", "Code of its body"), max_length=35)
    area = forms.CharField(
        label=say("Địa bàn quản lý (mã)", "Area (code)"),
        max_length=35,
        required=False,
        help_text=say("Để trống nếu phụ trách cả nước.", "Empty for the whole country."),
    )
    field_order = ("kind", "title", "slug", "organisation", "area", "email")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        language = get_language() or "vi"
        self.fields["kind"].choices = [  # type: ignore[attr-defined]
            (kind, title.in_(language)) for kind, title in DESK_TITLES.items() if kind is not DeskKind.AGENCY
        ]
