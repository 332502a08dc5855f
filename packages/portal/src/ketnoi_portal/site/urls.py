"""Addresses of the portal, room by room."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from ketnoi_portal.site import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.home, name="home"),
    path("", include("ketnoi_portal.site.public.urls")),
    path("accounts/", include("allauth.urls")),
    path("i18n/", include("django.conf.urls.i18n")),
    path("nhan-su/", include("ketnoi_portal.staff.urls")),
    path("co-quan/", include("ketnoi_portal.agencies.urls")),
    path("can-bo/", include("ketnoi_portal.accounts.urls")),
    path("", include("ketnoi_portal.worker.urls")),
]
