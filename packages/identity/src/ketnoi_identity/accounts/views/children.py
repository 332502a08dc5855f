"""A parent or representative registers a child; the child's phone, or theirs, is joined by a one-time code."""

from __future__ import annotations

from typing import Final
from uuid import UUID, uuid4

from django.contrib import messages
from django.db import connection, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.views.decorators.http import require_http_methods

from ketnoi_identity.accounts import enrolment, guardians, registering, rules, terms
from ketnoi_identity.accounts.proving import Challenge
from ketnoi_identity.registry_client import RegistryUnavailable, registry
from ketnoi_identity.site.session import account_of, level
from ketnoi_pages import clock
from ketnoi_pages.text import Text

from .account import with_proof
from .registering import NOT_NOW, THERE_ALREADY, matched, who_form
from .terms import CHANGED, NOT_TICKED, shown

OLD_ENOUGH: Final = Text(
    "Người từ 14 tuổi tự đăng ký tài khoản của mình.", "From 14 years on one registers one's own account."
)
NOT_NAMED: Final = Text(
    "Cơ sở dữ liệu quốc gia về dân cư không ghi bạn là cha, mẹ hoặc người đại diện của người này. "
    "Công an cấp xã giúp bạn bổ sung.",
    "The National Population Database does not name you as this person's parent or representative. "
    "The commune police help you to have it added.",
)


@require_http_methods(["GET", "HEAD", "POST"])
@level(2)
def register(request: HttpRequest) -> HttpResponse:
    """Number, name and birth date of the child, the terms on its behalf; then a code for the child's phone."""
    wrong: dict[str, Text] = {}
    if request.method == "POST":
        if request.POST.get("accepted") != "yes":
            wrong = {"": NOT_TICKED}
        else:
            found = matched(request)
            if isinstance(found, HttpResponse):
                return found
            if isinstance(found, registering.Applicant):
                answer = _make(request, found)
                if isinstance(answer, HttpResponse):
                    return answer
                wrong = {"": answer}
            else:
                wrong = found
    told = who_form(request, wrong) | {"terms": shown()}
    return render(request, "accounts/child.html", told, status=422 if wrong else 200)


def _make(request: HttpRequest, child: registering.Applicant) -> HttpResponse | Text:
    guardian = account_of(request)
    assert guardian.personal_number is not None
    if not rules.needs_guardian(child.age(clock.today())):
        return OLD_ENOUGH
    against = _against_guardian(child, guardian.personal_number)
    if against is not None:
        return against
    account = uuid4()
    with transaction.atomic(), connection.cursor() as cursor:
        at = clock.now()
        if not registering.create(cursor, account, child, at, guardian.id):
            return THERE_ALREADY
        guardians.name(cursor, account, guardian.id, at)
        if not terms.accept(cursor, account, request.POST.get("version", ""), at):
            # Others by now, or none at all: without an acceptance there is no account.
            transaction.set_rollback(True)
            return CHANGED
        code = enrolment.make(cursor, account, at, guardian.id)
    return _code(request, code, child.name)


def _against_guardian(child: registering.Applicant, personal_number: str) -> Text | None:
    """Why the register does not let this person answer for the child now; None when it does."""
    try:
        record = registry().record(child.person())
    except RegistryUnavailable:
        return NOT_NOW
    return None if record is not None and guardians.relation(record, personal_number) else NOT_NAMED


@require_http_methods(["GET", "HEAD", "POST"])
@level(2)
def another_code(request: HttpRequest, account: UUID) -> HttpResponse:
    """A new code for a child's phone, by a fresh proof of the guardian."""
    guardian = account_of(request)
    with connection.cursor() as cursor:
        children = guardians.children_of(cursor, guardian.id, clock.today())
    child = next((each for each in children if each.id == account), None)
    if child is None:
        raise Http404

    def act() -> HttpResponse:
        against = _against_guardian(applicant, guardian.personal_number or "")
        if against is not None:
            messages.error(request, against.in_(get_language() or "vi"))
            return redirect("/tai-khoan/")
        with transaction.atomic(), connection.cursor() as cursor:
            code = enrolment.make(cursor, child.id, clock.now(), guardian.id)
        return _code(request, code, child.full_name or "")

    applicant = registering.Applicant(child.personal_number or "", child.full_name or "", child.birth_text or "")
    challenge = Challenge("child-phone", child.id.bytes)
    return with_proof(request, challenge, "accounts/child_code.html", {"child": child}, act)


def _code(request: HttpRequest, code: str, name: str) -> HttpResponse:
    told = {"code": code, "minutes": enrolment.LASTS.seconds // 60, "whose": name}
    return render(request, "accounts/code.html", told)
