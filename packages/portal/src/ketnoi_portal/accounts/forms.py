"""Forms of this room: each tells all of its mistakes with the mend."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.db.models import QuerySet

from ketnoi_pages import clock
from ketnoi_pages.text import Text
from ketnoi_portal.accounts.actions import Asked
from ketnoi_portal.accounts.lines import LONGEST, holds_number
from ketnoi_portal.accounts.models import Account
from ketnoi_portal.agencies.models import Organisation
from ketnoi_portal.process.accounts import acts_for
from ketnoi_portal.process.roles import Actor
from ketnoi_protocol.identifiers import InvalidIdentifier
from ketnoi_protocol.services import Catalogue, Environment, Service, System


def _in(language: str, vi: str, en: str) -> str:
    return Text(vi, en).in_(language)


def service_choices(language: str) -> list[tuple[str, str]]:
    """The four services of the population database with the guidance's numbers."""
    catalogue = Catalogue.load()
    entries = [catalogue.entry(System.POPULATION, service, Environment.PRODUCTION) for service in Service]
    return [
        (str(entry.service), f"({number}) {Text(entry.title_vi, entry.title_en).in_(language)}")
        for number, entry in enumerate(entries, 1)
    ]


class RequestForm(forms.Form):
    """One request."""

    unit = forms.CharField(max_length=35)
    full_name = forms.CharField(max_length=LONGEST)
    position = forms.CharField(max_length=LONGEST)
    email = forms.EmailField()
    services = forms.MultipleChoiceField(widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: Any, actor: Actor, language: str, account: Account | None = None, **more: Any) -> None:
        super().__init__(*args, **more)
        self._actor, self._language = actor, language
        for name, vi, en in (
            ("unit", "Mã đơn vị của cán bộ", "Code of the officer's unit"),
            ("full_name", "Họ và tên", "Full name"),
            ("position", "Chức vụ", "Position"),
            ("email", "Thư điện tử công vụ", "Official e-mail"),
            ("services", "Dịch vụ được dùng", "Services"),
        ):
            self.fields[name].label = _in(language, vi, en)
        self.fields["unit"].help_text = _in(
            language, "Đơn vị của bạn hoặc đơn vị trực thuộc.", "Your own unit, or one beneath it."
        )
        self.fields["email"].help_text = _in(
            language,
            "Cán bộ nhận thư kích hoạt ở địa chỉ này.",
            "The officer is told here how to activate the account.",
        )
        self.fields["services"].choices = service_choices(language)
        self.fields["unit"].initial = actor.organisation
        if account is not None:
            self.fields["unit"].disabled = True
            self.initial = {
                "unit": account.unit_id,
                "full_name": account.full_name,
                "position": account.position,
                "email": account.email,
                "services": account.services,
            }

    def clean_unit(self) -> Organisation:
        """The organisation, when the actor works for it."""
        return unit_of(self.cleaned_data["unit"], self._actor, self._language)

    def clean_full_name(self) -> str:
        """No number of a person."""
        return self._no_number("full_name")

    def clean_position(self) -> str:
        """No number of a person."""
        return self._no_number("position")

    def asked(self) -> Asked:
        """What was asked for."""
        told = self.cleaned_data
        services = tuple(Service(each) for each in told["services"])
        return Asked(told["unit"], told["full_name"], told["position"], told["email"], services)

    def _no_number(self, name: str) -> str:
        told = str(self.cleaned_data[name])
        if holds_number(told):
            raise forms.ValidationError(
                _in(
                    self._language,
                    "Không ghi số định danh hay số CMND ở đây.",
                    "No personal number belongs here.",
                )
            )
        return told


def unit_of(code: str, actor: Actor, language: str) -> Organisation:
    """A unit that an actor works for. Raises ValidationError."""
    try:
        found = Organisation.find(code.strip())
    except InvalidIdentifier:
        found = None
    if found is None:
        raise forms.ValidationError(
            _in(
                language,
                "Không có đơn vị mang mã này. Dùng mã định danh cơ quan, ví dụ H55.30.12.",
                "There is no unit with this code. Use the organisation's code, such as H55.30.12.",
            )
        )
    if not acts_for(actor, found.code):
        raise forms.ValidationError(
            _in(
                language,
                "Đơn vị này không thuộc cơ quan của bạn; đơn vị đó tự lập đề nghị.",
                "This unit is not of your organisation; it asks by itself.",
            )
        )
    return found


class FileForm(forms.Form):
    """One file; what is in it is judged where it is received."""

    file = forms.FileField()

    def __init__(self, *args: Any, label: Text, language: str, help_text: Text | None = None, **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["file"].label = label.in_(language)
        self.fields["file"].help_text = help_text.in_(language) if help_text else ""


class ReviewForm(forms.Form):
    """Until when units have to answer."""

    due = forms.DateField(widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, *args: Any, language: str, **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["due"].label = _in(language, "Đơn vị xác nhận đến hết ngày", "Units confirm until")
        self.fields["due"].initial = clock.today() + timedelta(days=30)


def ticked(request_post: Any, among: QuerySet[Account]) -> list[Account]:
    """The ticked lines of a page, as far as they are among these accounts."""
    keys = [key for key in request_post.getlist("account") if len(key) == 36][:500]
    try:
        return list(among.filter(pk__in=keys))
    except (ValueError, forms.ValidationError):
        return []
