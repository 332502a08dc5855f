"""Whom an officer has found at the desk: kept in the officer's session for a while, under a key that says nothing."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.http import Http404, HttpRequest

from ketnoi_identity.accounts.registering import Applicant
from ketnoi_identity.site.sealed import seal, unseal
from ketnoi_pages import clock

from .speakers import Speaker

_SESSION: Final = "desk_found"
LASTS: Final = timedelta(minutes=30)
_MOST: Final = 5


@dataclass(frozen=True, slots=True, repr=False)
class Found:
    """Somebody who stands before the desk; the register agrees with what their papers say. `speaker` is recorded where
    somebody speaks for a child."""

    key: str
    person: Applicant
    speaker: Speaker | None = None


def keep(request: HttpRequest, person: Applicant) -> Found:
    """Keep somebody who was found, beside the last few."""
    key = secrets.token_urlsafe(9)
    told = {
        "number": person.personal_number,
        "name": person.name,
        "birth": person.birth,
        "until": (clock.now() + LASTS).isoformat(),
    }
    others = list(request.session.get(_SESSION, {}).items())[-(_MOST - 1) :]
    request.session[_SESSION] = dict([*others, (key, seal(told))])
    return Found(key, person)


def get(request: HttpRequest, key: str) -> Found:
    """Who was found under this key. Raises Http404 for nobody, and once it was too long ago."""
    told = unseal(request.session.get(_SESSION, {}).get(key))
    if told is None or datetime.fromisoformat(told["until"]) <= clock.now():
        raise Http404
    speaker = Speaker.read(told["speaker"]) if "speaker" in told else None
    return Found(key, Applicant(told["number"], told["name"], told["birth"]), speaker)


def speak(request: HttpRequest, key: str, speaker: Speaker) -> None:
    """Keep who speaks for whoever was found under this key. Raises Http404 as `get` does."""
    get(request, key)
    kept = request.session[_SESSION]
    request.session[_SESSION] = kept | {key: seal((unseal(kept[key]) or {}) | {"speaker": speaker.jsonable()})}
