"""Forms of the mail desk."""

from __future__ import annotations

from typing import Any

from django import forms

from ketnoi_pages.text import Text
from ketnoi_portal.agencies.models import Organisation
from ketnoi_portal.mailroom.refusals import reason_of
from ketnoi_portal.mailroom.registering import recognised
from ketnoi_portal.onboarding.uploads import say


class AssignForm(forms.Form):
    """The organisation's code, as a clerk reads it from the letter."""

    use_required_attribute = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"] = forms.CharField(
            label=say(Text("Mã định danh cơ quan", "Organisation code")),
            help_text=say(Text("Ví dụ H55.02; mã cũ cũng được", "Such as H55.02; a former code will do")),
            max_length=40,
        )

    def clean_code(self) -> Organisation:
        """The organisation itself, open and with room for a draft."""
        found, problem = recognised(self.cleaned_data["code"].strip())
        if found is None:
            reason = reason_of(problem)
            raise forms.ValidationError(f"{say(reason.title)}. {say(_MENDS.get(problem, reason.mend))}.")
        return found


_MENDS = {
    "organisation_unknown": Text(
        "Không có cơ quan nào mang mã này; tra danh sách cơ quan", "No organisation has this code; see the list"
    ),
    "drafts_too_many": Text(
        "Liên hệ cơ quan để nhận hoặc rút các bản cũ trước", "Ask the organisation to claim or withdraw those first"
    ),
}
