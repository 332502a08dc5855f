"""Addresses of the portal, room by room."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from ketnoi_portal.mailroom.views import empty_form
from ketnoi_portal.site import views
from ketnoi_portal.staff.sign_in.cards import cards

handler500 = "ketnoi_pages.faults.server_error"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.home, name="home"),
    path("", include("ketnoi_portal.site.public.urls")),
    path("the/", cards, name="cards"),
    path("accounts/", include("ketnoi_portal.staff.sign_in.urls")),
    path("i18n/", include("django.conf.urls.i18n")),
    path("nhan-su/", include("ketnoi_portal.staff.urls")),
    path("co-quan/", include("ketnoi_portal.agencies.urls")),
    path("ho-so/", include("ketnoi_portal.onboarding.urls")),
    path("nhat-ky/", include("ketnoi_portal.audit.urls")),
    path("ket-noi/", include("ketnoi_portal.connection.urls")),
    path("", include("ketnoi_portal.day.urls")),
    path("thong-bao/", include("ketnoi_portal.notices.urls")),
    path("can-bo/", include("ketnoi_portal.accounts.urls")),
    path("giay-to/", include("ketnoi_portal.papers.urls")),
    path("thu/", include("ketnoi_portal.mailroom.urls")),
    path("ket-noi/mau-phieu/<slug:system>.docx", empty_form, name="mailroom_form"),
    path("", include("ketnoi_portal.worker.urls")),
    path("", include("ketnoi_portal.publication.urls")),
    path("canh-bao/", include("ketnoi_portal.alarms.urls")),
    path("phan-anh/", include("ketnoi_portal.identities.urls")),
]
