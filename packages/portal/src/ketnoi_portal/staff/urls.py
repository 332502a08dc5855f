"""Addresses of the staff room."""

from __future__ import annotations

from django.urls import path

from ketnoi_portal.staff import views

app_name = "staff"

urlpatterns = [
    path("toi/", views.me, name="me"),
    path("vai-tro/", views.switch_office, name="office"),
    path("", views.people, name="people"),
]
