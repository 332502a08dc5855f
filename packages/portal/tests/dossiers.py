"""An application whose test is done and whose dossier is being completed, with the people around it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from ketnoi_portal.agencies.models import Organisation
from ketnoi_portal.files.models import Blob
from ketnoi_portal.onboarding import actions
from ketnoi_portal.onboarding.models import Application
from ketnoi_portal.onboarding.registration import Registration
from ketnoi_portal.onboarding.writing import Given, ProvedCall
from ketnoi_portal.process.roles import SYSTEM_ACTOR, Actor, Role
from ketnoi_protocol.services import System

from .forms import a_form
from .offices import at_agency, at_desk, found


@dataclass
class Dossier:
    """An application in the stage `tested`, population system, with one listed account `TK1`."""

    application: Application
    representative: Actor
    c06: Actor
    pc06: Actor

    def again(self) -> Application:
        """As the database has it now."""
        return Application.objects.get(pk=self.application.pk)


def a_dossier(system: System = System.POPULATION, form: Registration | None = None) -> Dossier:
    """Walk an application to the stage `tested`."""
    found()
    rep, c06, pc06 = at_agency("H55"), at_desk("c06", Role.HANDLER), at_desk("pc06-h55", Role.HANDLER)
    operator = at_desk("vdxp" if system is System.POPULATION else "ndxp", Role.OPERATOR)
    platform = "VDXP" if system is System.POPULATION else "NDXP"
    province = Organisation.objects.get(pk="H55")
    application = actions.begin(rep, province, system)
    actions.save_form(rep, application, form or a_form(system))
    actions.take(rep, application, "submit")
    actions.take(operator, application, "register_on_platform", f"{platform}/test")
    actions.take(c06, application, "accept")
    actions.take(rep, application, "take_account", "test", Given(public_key="PEM"))
    actions.take(SYSTEM_ACTOR, application, "pass_connection_check")
    blob = Blob.keep(b"proof", "application/vnd.etsi.asic-e+zip")
    proof = ProvedCall("id", "00", datetime(2026, 1, 1, tzinfo=UTC), blob, blob)
    for outcome in ("answered", "refused"):
        actions.take(SYSTEM_ACTOR, application, "record_test_call", f"look_up_citizen/{outcome}", Given(evidence=proof))
    actions.take(rep, application, "send_survey")
    for desk in ("a05", "a06"):
        confirmed = Given(number=f"15/XN-{desk.upper()}", dated=date(2026, 1, 1), scope="Toàn bộ hệ thống")
        actions.take(at_desk(desk, Role.ASSESSOR), application, "confirm_security", desk, confirmed)
    actions.take(rep, application, "confirm_test")
    application = actions.take(c06, application, "complete_test")
    if system is System.POPULATION:
        actions.take(rep, application, "list_account", "TK1", an_account())
    return Dossier(Application.objects.get(pk=application.pk), rep, c06, pc06)


def an_account(**other: object) -> Given:
    """Somebody whom paper 2 lists."""
    own = Given(
        full_name="Nguyễn Thị Thủy",
        position="Chuyên viên",
        email="thuy@example.vn",
        organisation=Organisation.objects.get(pk="H55.02"),
        services=("look_up_citizen",),
    )
    return replace(own, **other)  # type: ignore[arg-type]
