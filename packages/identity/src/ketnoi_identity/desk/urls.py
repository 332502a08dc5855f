"""Addresses of the police desk, below `ban/`."""

from __future__ import annotations

from django.urls import URLPattern, path

from ketnoi_identity.consent.content import Decision

from .views import acts, consents, person, receipts, speaking, start

_PERSON = "nguoi/<slug:key>/"
_CONSENT = _PERSON + "dong-y/<slug:consent>/"

urlpatterns: list[URLPattern] = [
    path("", start.start, name="desk"),
    path(_PERSON, person.person, name="desk_person"),
    path(_PERSON + "dai-dien/", speaking.speaking, name="desk_speaker"),
    path(_CONSENT + "dong-y/", consents.decide, {"decision": Decision.AGREE}, name="desk_agree"),
    path(_CONSENT + "tu-choi/", consents.decide, {"decision": Decision.REFUSE}, name="desk_refuse"),
    path(_CONSENT + "rut-lai/", consents.decide, {"decision": Decision.TAKE_BACK}, name="desk_take_back"),
    path(_CONSENT + "bien-nhan/", receipts.of_person, name="desk_receipt_of"),
    path(_CONSENT + "bien-nhan/tai-ve/", receipts.of_person, {"file": True}, name="desk_receipt_file_of"),
    path(_PERSON + "mot-minh/<slug:act>/", person.alone, name="desk_alone"),
    path(_PERSON + "hai-nguoi/<slug:act>/", person.together, name="desk_together"),
    path("viec/<uuid:act>/", acts.act, name="desk_act"),
    path("viec/<uuid:act>/ma/", acts.code, name="desk_code"),
    path("viec/<uuid:act>/bien-nhan/", receipts.of_act, name="desk_receipt"),
    path("viec/<uuid:act>/bien-nhan/tai-ve/", receipts.of_act, {"file": True}, name="desk_receipt_file"),
]
