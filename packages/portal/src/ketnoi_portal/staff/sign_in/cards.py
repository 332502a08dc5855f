"""The rehearsal's sign-in cards: one for each person, without password or second factor.

The backend stands in settings only where `rehearsal` does, so that elsewhere no session of it would even be valid.
"""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.backends import ModelBackend
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from ketnoi_portal.process.roles import DESK_TITLES, ROLES
from ketnoi_portal.site.numbers import whole
from ketnoi_portal.staff.middleware import HAT, REHEARSED
from ketnoi_portal.staff.models import Office, Person, offices_of

BACKEND = f"{__name__}.CardBackend"


class CardBackend(ModelBackend):
    """Knows who came in by a card; checks no password."""

    def authenticate(self, request: HttpRequest | None, **credentials: object) -> None:
        """Nobody, by any credentials."""


@require_http_methods(["GET", "POST"])
def cards(request: HttpRequest) -> HttpResponse:
    """The cards; a POST signs in as one person. 404 outside a rehearsal."""
    if not settings.REHEARSAL or BACKEND not in settings.AUTHENTICATION_BACKENDS:
        raise Http404
    if request.method == "POST":
        key, _, hat = request.POST.get("card", "").partition(" ")
        person = get_object_or_404(Person, pk=whole(key), is_active=True)
        login(request, person, backend=BACKEND)
        request.session[REHEARSED] = True
        request.session[HAT] = hat
        return redirect("home")
    people = Person.objects.filter(is_active=True).order_by("pk")
    shown = [(person, office, _roles(office)) for person in people for office in offices_of(person)]
    shown.sort(key=lambda card: (list(DESK_TITLES).index(card[1].actor.desk), card[1].title))
    return render(request, "staff/cards.html", {"cards": shown})


def _roles(office: Office) -> list[object]:
    return [row.title for role, row in ROLES.items() if role in office.actor.roles]
