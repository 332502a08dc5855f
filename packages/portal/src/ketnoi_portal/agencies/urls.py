"""Addresses of the agencies room."""

from __future__ import annotations

from django.urls import path

from ketnoi_portal.agencies import views

app_name = "agencies"

urlpatterns = [path("", views.organisations, name="list")]
