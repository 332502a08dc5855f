"""Forms of the staff room."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.utils.translation import get_language

from ketnoi_pages import clock
from ketnoi_portal.agencies.models import Organisation
from ketnoi_portal.files.fields import DocumentField
from ketnoi_portal.process.roles import ROLES, DeskKind
from ketnoi_portal.site.words import say
from ketnoi_portal.staff.models import Person
from ketnoi_portal.staff.rules import roles_at
from ketnoi_protocol.identifiers import InvalidIdentifier

_EMAIL = say("Thư điện tử công vụ", "Office e-mail address")
_NAME = say("Họ và tên", "Full name")
_POSITION = say("Chức vụ", "Position")
_REASON = say("Lý do", "Reason")


def _roles(kind: DeskKind) -> list[tuple[str, str]]:
    language = get_language() or "vi"
    return [
        (role, f"{ROLES[role].title.in_(language)}: {ROLES[role].does.in_(language).lower()}")
        for role in roles_at(kind)
    ]


class InviteForm(forms.Form):
    """Invite somebody to one's own place."""

    full_name = forms.CharField(label=_NAME, max_length=100)
    email = forms.EmailField(label=_EMAIL, help_text=say("Lời mời gửi đến đây.", "The invitation is sent here."))
    position = forms.CharField(label=_POSITION, max_length=100, required=False)
    role = forms.ChoiceField(label=say("Vai trò", "Role"), widget=forms.RadioSelect)
    level = forms.TypedChoiceField(
        label=say("Cấp lãnh đạo", "Level of leadership"), coerce=int, required=False, empty_value=0
    )

    def __init__(self, *args: Any, kind: DeskKind, levels: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = _roles(kind)  # type: ignore[attr-defined]
        if levels:
            self.fields["level"].choices = levels  # type: ignore[attr-defined]
            self.fields["level"].required = True
        else:
            del self.fields["level"]


class RoleForm(forms.Form):
    """Another role for a colleague."""

    role = forms.ChoiceField(label=say("Thêm vai trò", "Another role"))

    def __init__(self, *args: Any, kind: DeskKind, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = _roles(kind)  # type: ignore[attr-defined]


class ReasonForm(forms.Form):
    """An act that needs a reason."""

    reason = forms.CharField(label=_REASON, max_length=300)


class LeaveForm(ReasonForm):
    """Somebody leaves; who goes on."""

    successor = forms.ModelChoiceField(
        Person.objects.none(),
        label=say("Người làm tiếp", "Who goes on"),
        required=False,
        help_text=say("Nhận những việc người này đang giữ riêng.", "Takes over what hangs on this person."),
    )

    def __init__(self, *args: Any, colleagues: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["successor"].queryset = colleagues  # type: ignore[attr-defined]


class DelegateForm(ReasonForm):
    """A colleague stands in until a day."""

    deputy = forms.ModelChoiceField(Person.objects.none(), label=say("Người làm thay", "Deputy"))
    until = forms.DateField(
        label=say("Đến hết ngày", "Until the end of"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=say("Tối đa 90 ngày.", "At most 90 days."),
    )
    field_order = ("deputy", "until", "reason")

    def __init__(self, *args: Any, colleagues: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["deputy"].queryset = colleagues  # type: ignore[attr-defined]

    def clean_until(self) -> datetime:
        """The last moment of that day in Vietnam."""
        return datetime.combine(self.cleaned_data["until"], time.max, clock.HANOI)


class AcceptForm(forms.Form):
    """A new person takes an invitation: name and password."""

    full_name = forms.CharField(label=_NAME, max_length=100)
    password = forms.CharField(
        label=say("Mật khẩu", "Password"),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        strip=False,
        help_text=say("Ít nhất 12 ký tự, không dễ đoán.", "At least 12 characters, not easy to guess."),
    )
    again = forms.CharField(
        label=say("Nhập lại mật khẩu", "Password again"),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        strip=False,
    )

    def __init__(self, *args: Any, email: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._email = email

    def clean(self) -> dict[str, Any]:
        """Both the same, and strong enough."""
        given = super().clean() or {}
        if "password" in given and "again" in given and given["password"] != given["again"]:
            self.add_error("again", say("Hai lần nhập không giống nhau.", "The two are not the same."))
        if "password" in given:
            person = Person(email=self._email, full_name=given.get("full_name", ""))
            try:
                validate_password(given["password"], person)
            except forms.ValidationError as weak:
                self.add_error("password", weak)
        return given


class AdmissionForm(forms.Form):
    """An organisation asks that its representative be let in."""

    organisation = forms.CharField(
        label=say("Mã định danh cơ quan", "Organisation code"),
        max_length=35,
        help_text=say("Ví dụ G15, H55.02 hoặc dạng cũ 000.00.02.H55.", "Such as G15, H55.02 or 000.00.02.H55."),
    )
    full_name = forms.CharField(label=say("Người đại diện", "Representative"), max_length=100)
    position = forms.CharField(label=_POSITION, max_length=100)
    email = forms.EmailField(label=_EMAIL)
    phone = forms.CharField(label=say("Điện thoại", "Telephone"), max_length=20, required=False)
    letter_number = forms.CharField(label=say("Số, ký hiệu công văn", "Number of the letter"), max_length=50)
    letter_date = forms.DateField(
        label=say("Ngày công văn", "Date of the letter"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    letter = DocumentField(
        only_pdf=True,
        label=say("Công văn đã ký (PDF)", "The signed letter (PDF)"),
        help_text=say("Có chữ ký số, tối đa 10 MB.", "Digitally signed, at most 10 MB."),
    )

    def clean_organisation(self) -> Organisation:
        """An organisation that is known here."""
        try:
            found = Organisation.find(self.cleaned_data["organisation"].strip().upper())
        except InvalidIdentifier:
            raise forms.ValidationError(
                say("Đây không phải mã định danh cơ quan.", "This is no organisation code.")
            ) from None
        if found is None:
            raise forms.ValidationError(
                say(
                    "Cổng chưa có cơ quan này; đề nghị C06 bổ sung.",
                    "The portal does not know it yet; ask C06 to add it.",
                )
            )
        return found

    def clean_letter_date(self) -> Any:
        """Not of tomorrow."""
        on = self.cleaned_data["letter_date"]
        if on > clock.today():
            raise forms.ValidationError(say("Ngày này chưa đến.", "This day has not come yet."))
        return on


class RefuseForm(forms.Form):
    """Why the representative is not let in."""

    reason = forms.CharField(label=_REASON, widget=forms.Textarea(attrs={"rows": 3}))
