"""Addresses of the notices room."""

from __future__ import annotations

from django.urls import path

from ketnoi_portal.notices import views

urlpatterns = [
    path("", views.notices, name="notices"),
    path("da-doc/", views.read, name="notices_read"),
]
