"""Forms of the papers' pages."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import get_language

from ketnoi_pages.text import Text
from ketnoi_portal.agencies.models import Organisation
from ketnoi_portal.onboarding.models import Application
from ketnoi_portal.onboarding.registration import entries
from ketnoi_portal.onboarding.writing import Given
from ketnoi_portal.papers.letterhead import full_name
from ketnoi_protocol.services import Environment, System


class AccountForm(forms.Form):
    """One account for paper 2."""

    full_name = forms.CharField(max_length=100)
    position = forms.CharField(max_length=100)
    email = forms.EmailField()
    unit = forms.ModelChoiceField(Organisation.objects.none())
    services = forms.MultipleChoiceField(widget=forms.CheckboxSelectMultiple)

    def __init__(self, application: Application, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        system = System(application.system)
        titles = entries(system, application.services, Environment.TEST, application.profile)
        self.fields["services"].choices = [(each.service, _here(Text(each.title_vi, each.title_en))) for each in titles]
        self.fields["services"].initial = [each.service for each in titles]
        units = Organisation.objects.filter(code=application.organisation_id) | Organisation.objects.filter(
            code__startswith=f"{application.organisation_id}.", closed_on=None
        )
        self.fields["unit"].queryset = units.order_by("code")
        self.fields["unit"].label_from_instance = full_name
        self.fields["unit"].initial = application.organisation_id
        for name, label in (
            ("full_name", Text("Họ và tên", "Full name")),
            ("position", Text("Chức vụ", "Position")),
            ("email", Text("Thư điện tử công vụ", "Office e-mail")),
            ("unit", Text("Đơn vị công tác", "Unit")),
            ("services", Text("Dịch vụ được dùng", "Services")),
        ):
            self.fields[name].label = _here(label)

    def given(self) -> Given:
        """What the step gets."""
        told = self.cleaned_data
        return Given(
            full_name=told["full_name"],
            position=told["position"],
            email=told["email"],
            organisation=told["unit"],
            services=tuple(told["services"]),
        )


def _here(text: Text) -> str:
    return text.in_(get_language() or "vi")
