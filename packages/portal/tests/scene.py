"""One of everything that an address can name, all of it Thái Nguyên's (H55) or C06's own."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from allauth.mfa.models import Authenticator
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from ketnoi_pages import clock
from ketnoi_portal.accounts import list_actions
from ketnoi_portal.agencies.actions import import_organisations
from ketnoi_portal.agencies.models import Organisation
from ketnoi_portal.files.models import Blob
from ketnoi_portal.files.uploads import Upload
from ketnoi_portal.mailroom.models import WAITING, Enclosure, Mail
from ketnoi_portal.onboarding.models import Assessment, Paper, PlatformRegistration, Survey, SurveyAttachment, TestCall
from ketnoi_portal.process.case import Stage
from ketnoi_portal.process.roles import Role
from ketnoi_portal.publication.models import LegacyRight, Proposal, Run, Target
from ketnoi_portal.staff import actions as staff
from ketnoi_portal.staff import inviting
from ketnoi_portal.staff.inviting import AskedFor, Invited
from ketnoi_portal.staff.models import Assignment, Invitation, Person

from .account_helpers import commune_with_commitment, ready_to_hand_over
from .alarm_rows import an_alarm
from .applications import an_application
from .browsing import as_person
from .objection_rows import an_objection
from .pages import PDF, Cast, Walk

COMMUNE = "H55.30.12"
SECRET = "an-invitation-of-nobody"


@dataclass(frozen=True)
class Address:
    """A URL pattern by its full name, as one address."""

    name: str
    path: str


class Scene:
    """The people, and what the addresses' arguments are."""

    def __init__(self) -> None:
        self.cast = cast = Cast()
        walk = Walk(cast)
        application = walk.to(Stage.WITH_PC06)
        confirmed = Assessment.objects.filter(application=application).latest("pk")
        confirmed.file = Blob.keep(PDF, "application/pdf")
        confirmed.save()
        survey, _ = Survey.objects.get_or_create(application=application)
        attached = SurveyAttachment.objects.create(
            survey=survey, question="a_network", file=confirmed.file, file_name="so-do.pdf", added_at=clock.now()
        )
        an_application("H55")
        commune_rep, *_ = commune_with_commitment()
        account = ready_to_hand_over(commune_rep, COMMUNE, "an")
        sent = list_actions.hand_over(commune_rep, [account])
        handed = sent.batches[0]
        c06 = cast["c06_publisher"]
        table = import_organisations(c06, "bang.csv", "code,name\nG99,Một cơ quan\n?,sai\n".encode())
        rep, clerk = (Person.objects.get(pk=cast[who].person) for who in ("rep", "clerk"))
        role = Assignment.objects.get(person=rep)
        deputy = staff.delegate(cast["rep"], role, clerk, clock.now() + timedelta(days=1), "nghỉ phép")
        inviting.invite(cast["rep"], Organisation.objects.get(pk="H55"), Invited("moi@example.vn", "Mới", Role.CLERK))
        asked = AskedFor("Trần Văn Đại", "Giám đốc", "dai@example.vn", "", "12/CV", date(2026, 1, 5))
        letter = Upload("cong-van.pdf", "application/pdf", PDF)
        admission = inviting.ask_for_admission(cast["rep"], Organisation.objects.get(pk="H55.02"), asked, letter)
        target, run, right, proposal = _server(c06.person)
        # Of somebody who is at no page here, for it is no key that a browser could use.
        owner = Person.objects.get(pk=cast["unit_rep"].person)
        key = Authenticator.objects.create(user=owner, type="webauthn", data={"name": "USB", "credential": {}})
        self.application, self.account = application, account
        of = {"key": application.pk}
        officer, code, server = {"key": account.pk}, {"code": COMMUNE}, {"instance": target.pk}
        mail, enclosed = _mail(confirmed.file)
        taken, desk, mailed = {"pk": table.pk}, {"slug": "pc06-h55"}, {"number": mail.pk}
        registered = PlatformRegistration.objects.filter(platform="VDXP").latest("pk")
        who, assigned, judged = {"pk": rep.pk}, {"pk": role.pk}, {"pk": admission.pk}
        self.arguments: dict[str, dict[str, object]] = {
            "account_reset_password_from_key": {"uidb36": "1", "key": "wrong"},
            "mfa_remove_webauthn": {"pk": key.pk},
            "mfa_edit_webauthn": {"pk": key.pk},
            "staff:withdraw": {"pk": Invitation.objects.get(email="moi@example.vn").pk},
            "staff:found": {"slug": "c06"},
            **dict.fromkeys(("staff:person", "staff:give_role", "staff:leave", "staff:reset"), who),
            **dict.fromkeys(("staff:end_role", "staff:delegate"), assigned),
            "staff:end_delegation": {"pk": deputy.pk},
            **dict.fromkeys(("staff:judge", "staff:letter"), judged),
            "staff:invitation": {"secret": SECRET},
            **dict.fromkeys(("agencies:imported", "agencies:rejects"), taken),
            **dict.fromkeys(("agencies:desk", "agencies:close_desk"), desk),
            "agencies:page": {"code": "H55"},
            "onboarding:step": of | {"name": "withdraw"},
            "onboarding:server": of | {"platform": "VDXP", "environment": "test"},
            "onboarding:attachment": of | {"number": attached.pk},
            "onboarding:confirmation": of | {"number": confirmed.pk},
            "connection:container": of | {"number": TestCall.objects.latest("pk").pk, "side": "request"},
            **dict.fromkeys(("mailroom:letter", "mailroom:original", "mailroom:assign", "mailroom:dismiss"), mailed),
            "mailroom:enclosure": mailed | {"part": enclosed.pk},
            "mailroom_form": {"system": "population"},
            "accounts:template": {"kind": "csv"},
            "accounts:one_list": {"number": handed.number},
            "accounts:unit_step": code | {"name": "withdraw_unit_commitment"},
            "accounts:step": officer | {"name": "withdraw"},
            "papers:file": of | {"paper": Paper.objects.latest("pk").pk},
            "papers:draft": of | {"kind": "phieu-trinh"},
            "publication:target": server,
            "publication:run": server | {"number": run.pk},
            "publication:right": server | {"number": right.pk},
            "publication:act": server | {"name": "enforce"},
            "publication:decide": server | {"number": proposal.pk, "name": "confirm"},
            "publication:registration": {"number": registered.pk},
            "alarms:acknowledge": {"number": an_alarm().pk},
            "identities:answer": {"number": an_objection().pk},
        }
        self._by_room: dict[str, dict[str, object]] = {
            "onboarding": of, "connection": of, "papers": of, "publication": of,
        }  # fmt: skip
        self._account, self._unit = officer, code

    def addresses(self) -> list[Address]:
        """Every URL pattern of the portal; raises KeyError for one whose argument is not known here."""
        return [
            Address(name, reverse(name, kwargs=self._arguments(name, parameters))) for name, parameters in patterns()
        ]

    def arguments_of(self, name: str) -> dict[str, object]:
        """What stands in the address of that name."""
        return self._arguments(name, dict(patterns())[name])

    def _arguments(self, name: str, parameters: set[str]) -> dict[str, object]:
        if not parameters or name in self.arguments:
            return self.arguments.get(name, {})
        if parameters == {"key"}:
            return self._account if name.startswith("accounts:") else self._by_room[name.partition(":")[0]]
        if parameters == {"code"}:
            return self._unit
        raise KeyError(name)

    def browser(self, who: str, **options: bool) -> Client:
        """Somebody's browser, in which they have just shown who they are."""
        client = as_person(self.cast[who], self.cast.hats[who])
        client.handler.enforce_csrf_checks = options.get("enforce_csrf_checks", False)
        session = client.session
        session["account_authentication_methods"] = [{"method": "password", "at": time.time(), "email": "x"}]
        session.save()
        return client


def patterns() -> list[tuple[str, set[str]]]:
    """The full name of each URL pattern, and its parameters."""

    def walk(each: list[URLPattern | URLResolver], before: str) -> Iterator[tuple[str, set[str]]]:
        for pattern in each:
            if isinstance(pattern, URLResolver):
                inside = f"{before}{pattern.namespace}:" if pattern.namespace else before
                yield from walk(pattern.url_patterns, inside)
            else:
                yield f"{before}{pattern.name}", set(pattern.pattern.regex.groupindex) - set(pattern.default_args)

    return list(walk(get_resolver().url_patterns, ""))


def _mail(file: Blob) -> tuple[Mail, Enclosure]:
    mail = Mail.objects.create(
        mailbox="dan-cu@example.vn", system="population", message_id="<1@example.vn>", digest="00", size=9,
        received_at=clock.now(), kind="letter", state=WAITING, subject="Đăng ký", original=file,
    )  # fmt: skip
    return mail, Enclosure.objects.create(mail=mail, name="phieu.pdf", file=file)


def _server(officer: str) -> tuple[Target, Run, LegacyRight, Proposal]:
    at = clock.now()
    target = Target.objects.create(instance="VDXP", environment="production", platform="VDXP", imported_at=at)
    run = Run.objects.create(target=target, fence=1, mode="watch", began_at=at, ended_at=at, outcome="done")
    right = LegacyRight.objects.create(target=target, subject="VDXP:GOV:H55:OLD", service_code="X", found_at=at)
    proposal = Proposal.objects.create(target=target, kind="enforce", proposed_by=officer, proposed_at=at)
    return target, run, right, proposal
