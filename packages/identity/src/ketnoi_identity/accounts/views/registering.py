"""Registration in three steps: who you are, the terms, your key. Nothing is kept before the last one."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from ketnoi_identity.accounts import enrolling, limits, registering, rules, sessions, terms
from ketnoi_identity.accounts.agents import device_name
from ketnoi_identity.registry_client import RegistryUnavailable, registry
from ketnoi_identity.settings import current
from ketnoi_identity.site.sealed import seal, unseal
from ketnoi_identity.site.session import enter
from ketnoi_pages import clock
from ketnoi_pages.text import Text

from .limiting import address_of, too_many
from .terms import CHANGED, NOT_TICKED, shown

PENDING: Final = "registering"
LASTS: Final = timedelta(minutes=30)

NO_MATCH = Text(
    "Thông tin không khớp với Cơ sở dữ liệu quốc gia về dân cư. Xem lại từng mục như trên thẻ căn cước, "
    "họ tên viết có đủ dấu; "
    "nếu vẫn không được, hãy hỏi Công an cấp xã.",
    "This does not agree with the National Population Database. Check each line against your card, "
    "the name with all its diacritics; "
    "if it still fails, ask the commune police.",
)
THERE_ALREADY = Text(
    "Bạn đã có tài khoản. Hãy đăng nhập; nếu mất khóa, Công an cấp xã giúp khôi phục.",
    "You have an account already. Please sign in; if you lost your key, the commune police help you recover.",
)
TOO_YOUNG = Text(
    "Người dưới 14 tuổi có tài khoản qua cha, mẹ hoặc người đại diện: người đó đăng nhập ở mức 2 và đăng ký cho con "
    "trong mục Tài khoản.",
    "Somebody under 14 has an account through a parent or representative, who signs in at level 2 and registers "
    "the child under Account.",
)
NOT_NOW = Text(
    "Chưa đối chiếu được với Cơ sở dữ liệu quốc gia về dân cư. Hãy thử lại sau ít phút.",
    "The National Population Database cannot be asked just now. Please try again in a few minutes.",
)


def typed(request: HttpRequest) -> registering.Applicant | dict[str, Text]:
    """Who the form of number, name and birth date is about, or what is wrong by field."""
    names = (registering.NUMBER, registering.NAME, registering.BIRTH)
    return registering.read(*(request.POST.get(name, "") for name in names), unissued_allowed=current().rehearsal)


def matched(request: HttpRequest) -> registering.Applicant | dict[str, Text] | HttpResponse:
    """Who the form is about, once the register agrees; else what is wrong by field (`""`: with all of it), or a page.

    The answer is the same for nobody and for somebody whose name or birth date is another.
    """
    stop = too_many(request, limits.REGISTER_BY_ADDRESS)
    if stop is not None:
        return stop
    found = typed(request)
    if isinstance(found, dict):
        return found
    stop = too_many(request, limits.REGISTER_BY_NUMBER, f"{found.personal_number} {address_of(request)}")
    if stop is not None:
        return stop
    try:
        return found if registry().matches(found.person()) else {"": NO_MATCH}
    except RegistryUnavailable:
        return {"": NOT_NOW}


@require_http_methods(["GET", "HEAD", "POST"])
def who(request: HttpRequest) -> HttpResponse:
    """Step 1: number, name and birth date, as the register has them."""
    wrong: dict[str, Text] = {}
    if request.method == "POST":
        found = matched(request)
        if isinstance(found, HttpResponse):
            return found
        if isinstance(found, registering.Applicant):
            wrong = _against(found)
            if not wrong:
                request.session[PENDING] = seal(
                    {
                        "account": str(uuid4()),
                        "personal_number": found.personal_number,
                        "name": found.name,
                        "birth": found.birth,
                        "until": (clock.now() + LASTS).isoformat(),
                    }
                )
                # It holds a personal number: it is thrown away soon, whatever becomes of it.
                request.session.set_expiry(LASTS)
                return redirect("/dang-ky/dieu-khoan/")
        else:
            wrong = found
    return render(request, "accounts/who.html", who_form(request, wrong), status=422 if wrong else 200)


def who_form(request: HttpRequest, wrong: dict[str, Text]) -> dict[str, Any]:
    """What `accounts/who_fields.html` needs."""
    named = {"number": registering.NUMBER, "name": registering.NAME, "birth": registering.BIRTH}
    return {
        "trouble": wrong.get(""),
        **{key: {"value": request.POST.get(name, ""), "error": wrong.get(name)} for key, name in named.items()},
    }


def _against(found: registering.Applicant) -> dict[str, Text]:
    if rules.needs_guardian(found.age(clock.today())):
        return {"": TOO_YOUNG}
    with connection.cursor() as cursor:
        return {"": THERE_ALREADY} if registering.has_account(cursor, found.personal_number) else {}


@require_http_methods(["GET", "HEAD", "POST"])
def agree(request: HttpRequest) -> HttpResponse:
    """Step 2: the terms whole, accepted by a box that nobody ticked before."""
    pending = _pending(request)
    if pending is None:
        return redirect("/dang-ky/")
    text, trouble = shown(), None
    if request.method == "POST":
        if request.POST.get("accepted") != "yes":
            trouble = NOT_TICKED
        elif request.POST.get("version") != text["version"]:
            trouble = CHANGED
        else:
            accepted = {"terms": text["version"], "accepted_at": clock.now().isoformat()}
            request.session[PENDING] = seal(pending | accepted)
            return redirect("/dang-ky/khoa/")
    told = {"terms": text, "trouble": trouble, "step": 2}
    return render(request, "accounts/accept_terms.html", told, status=422 if trouble else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def key(request: HttpRequest) -> HttpResponse:
    """Step 3: a passkey or a passcode. With it the account is there, and its holder signed in."""
    pending = _pending(request)
    if pending is None or "terms" not in pending:
        return redirect("/dang-ky/")
    applicant = registering.Applicant(pending["personal_number"], pending["name"], pending["birth"])
    account = UUID(pending["account"])
    holder = enrolling.Holder(account, applicant.name, applicant.personal_number, applicant.birth)
    wrong: dict[str, Text] = {}
    if request.method == "POST":
        try:
            new = enrolling.receive(request, holder, "register")
            with transaction.atomic(), connection.cursor() as cursor:
                at = clock.now()
                if not registering.create(cursor, account, applicant, at, account):
                    raise enrolling.NotEnrolled(THERE_ALREADY)
                accepted_at = datetime.fromisoformat(pending["accepted_at"])
                if not terms.accept(cursor, account, pending["terms"], accepted_at):
                    raise enrolling.NotEnrolled(CHANGED)
                by, credential = enrolling.keep(cursor, account, new, account)
                session = sessions.begin(
                    cursor, account, at, device=device_name(request), entered_by=by, credential=credential
                )
        except enrolling.NotEnrolled as error:
            wrong = {error.field: error.reason}
        else:
            enter(request, account, session)
            return redirect("/tai-khoan/?moi=1")
    told = {"offer": enrolling.offer(request, holder, "register", wrong), "step": 3}
    return render(request, "accounts/key.html", told, status=422 if wrong else 200)


def _pending(request: HttpRequest) -> dict[str, str] | None:
    told = unseal(request.session.get(PENDING))
    if told is not None and datetime.fromisoformat(told["until"]) <= clock.now():
        del request.session[PENDING]
        return None
    return told
