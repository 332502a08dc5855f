"""The whole registration form of one application: its parts filled from the draft or from what was sent."""

from __future__ import annotations

from typing import Any

from django.forms import BaseForm
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict

from ketnoi_portal.onboarding.forms import (
    BodyForm,
    ContactForm,
    Place,
    ServerForm,
    ServiceForm,
    initial_server,
    places,
)
from ketnoi_portal.onboarding.models import Application
from ketnoi_portal.onboarding.registration import Defect, Registration
from ketnoi_portal.onboarding.sign_in_form import SignInForm, initial_sign_in
from ketnoi_protocol.services import Environment, Platform, Service, System


class RegistrationPage:
    """`data` is None for a page that shows the draft. Servers are asked for where the chosen services need them."""

    def __init__(
        self,
        application: Application,
        data: QueryDict | None = None,
        files: MultiValueDict[str, Any] | None = None,
    ) -> None:
        form, system = application.registration, System(application.system)
        self.application = application
        self.body = BodyForm(data, initial=_body(form))
        asked = {each.service: each for each in form.services}
        self.services = [
            ServiceForm(
                service,
                system,
                data,
                initial={
                    "chosen": service in asked,
                    "procedures": "\n".join(asked[service].procedures) if service in asked else "",
                    "fields": asked[service].fields if service in asked else (),
                    "match_fields": asked[service].match_fields if service in asked else (),
                    "purpose": asked[service].purpose if service in asked else "",
                },
            )
            for service in Service
        ]
        chosen = set(asked) if data is None else {each for each in Service if f"{each}-chosen" in data}
        self.places: list[Place] = places(system, chosen, application.profile)
        self.servers = [
            ServerForm(
                place,
                application.organisation_id,
                # A part that comes to stand on the page only now has not been sent yet.
                data if data is not None and f"{place[1]}-{place[0]}-server" in data else None,
                files,
                initial=initial_server(form.server(Platform(place[1]), place[0])),
            )
            for place in self.places
        ]
        signs_in = {each.environment: each for each in form.sign_in}
        self.sign_ins = [
            SignInForm(environment, data, initial=initial_sign_in(signs_in.get(environment)))
            for environment in (Environment if system is System.IDENTITY else ())
        ]
        self.technical = ContactForm(data, prefix="technical", initial=_plain(form.technical))
        self.head = ContactForm(data, prefix="head", initial=_plain(form.head))

    @property
    def forms(self) -> list[BaseForm]:
        """Every part, in the page's order."""
        return [self.body, *self.services, *self.servers, *self.sign_ins, self.technical, self.head]

    def is_valid(self) -> bool:
        """Whether every part can be kept; what is missing for sending is the pre-check's business."""
        # Each of them, so that every mistake is told at once.
        return not [form for form in self.forms if form.is_bound and not form.is_valid()]

    def registration(self) -> Registration:
        """The form as it was sent. Servers of services that are no longer chosen go with them."""
        told = self.body.cleaned_data
        kept = self.application.registration
        servers = [
            form.entry() if form.is_bound else kept.server(form.platform, form.environment) for form in self.servers
        ]
        return Registration(
            duties=told["duties"].strip(),
            information_system=told["information_system"].strip(),
            information_system_code=told["information_system_code"].strip(),
            security_level=told["security_level"] or 0,
            level_decision=told["level_decision"].strip(),
            level_decision_date=told["level_decision_date"],
            servers=tuple(each for each in servers if each is not None),
            services=tuple(form.entry() for form in self.services if form.cleaned_data["chosen"]),
            per_day=told["per_day"] or 0,
            peak_per_second=told["peak_per_second"] or 0,
            months=told["months"] or 0,
            technical=self.technical.contact(),
            head=self.head.contact(),
            notify=told["notify"].strip(),
            sign_in=tuple(entry for form in self.sign_ins if (entry := form.entry()) is not None),
        )


def _body(form: Registration) -> dict[str, Any]:
    names = (*BodyForm.SYSTEM, *BodyForm.LEVEL, *BodyForm.VOLUMES, "notify")
    values = {name: getattr(form, name) for name in names}
    return {
        name: None if value == 0 and name in ("per_day", "peak_per_second") else value for name, value in values.items()
    }


def _plain(contact: Any) -> dict[str, str]:
    return {name: getattr(contact, name) for name in contact.__struct_fields__}


def anchor(defect: Defect, form: Registration) -> str:
    """The id of the field on the page that a defect speaks of."""
    parts = defect.field.split(".")
    if parts[0] == "services":
        if len(parts) == 1:
            return "services"
        service = form.services[int(parts[1])].service
        return f"id_{service}-{parts[2]}" if len(parts) > 2 else f"id_{service}-chosen"
    if parts[0] == "servers":
        field = {"certificate": "pem", "address": "address"}.get(parts[3] if len(parts) > 3 else "", "server")
        return f"id_{parts[1]}-{parts[2]}-{field}"
    if parts[0] == "sign_in":
        return f"id_sign_in-{parts[1]}-{parts[2]}" if len(parts) > 2 else "sign_in"
    if parts[0] in ("technical", "head"):
        return f"id_{parts[0]}-{parts[1]}"
    return f"id_{parts[0]}"
