"""Addresses of the citizens' site, room by room."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from ketnoi_identity.site import views

handler500 = "ketnoi_pages.faults.server_error"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.home, name="home"),
    path("healthz", views.healthz, name="healthz"),
    path("i18n/", include("django.conf.urls.i18n")),
    path("", include("ketnoi_identity.accounts.urls")),
    path("ban/", include("ketnoi_identity.desk.urls")),
    path("", include("ketnoi_identity.consent.urls")),
    path("", include("ketnoi_identity.looks.urls")),
    path("", include("ketnoi_identity.openid.urls")),
]
