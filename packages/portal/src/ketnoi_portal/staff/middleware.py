"""Who acts, in which office: put on every request; and nobody works before a second factor protects them."""

from __future__ import annotations

from collections.abc import Callable

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from ketnoi_portal.staff.models import offices_of

# What strangers may read, people who have signed in may read too; an invitation is taken before the second factor.
# Whole addresses: beneath some of them stand pages that are not public.
PUBLIC = frozenset({"/dich-vu/", "/dich-vu/api/", "/ket-noi/", "/dieu-khoan/", "/nhan-su/de-nghi/"})
BEFORE = ("/accounts/", "/static/", "/i18n/", "/nhan-su/loi-moi/", "/ket-noi/mau-phieu/")
HAT = "hat"
REHEARSED = "signed_in_by_card"


class ActorMiddleware:
    """`request.actor` acts in the office chosen in this session, or is None; `request.offices` are all of them."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.actor, request.hats, request.offices, request.hat = None, {}, [], None  # type: ignore[attr-defined]
        person = request.user
        if person.is_authenticated:
            offices = offices_of(person)
            hats = {office.key: office.actor for office in offices}
            request.offices = offices  # type: ignore[attr-defined]
            chosen = request.session.get(HAT)
            if chosen not in hats:
                chosen = next(iter(hats), None)
            request.hats = hats  # type: ignore[attr-defined]
            request.hat = chosen  # type: ignore[attr-defined]
            request.actor = hats.get(chosen)  # type: ignore[attr-defined]
            if self._needs_second_factor(request):
                return redirect(reverse("mfa_index"))
        return self._get_response(request)

    def _needs_second_factor(self, request: HttpRequest) -> bool:
        """Everything but signing in and out, and setting a second factor up, waits for it."""
        path = request.path_info
        if path in PUBLIC or path.startswith(BEFORE):
            return False
        if settings.REHEARSAL and request.session.get(REHEARSED):
            return False
        return not is_mfa_enabled(request.user)
