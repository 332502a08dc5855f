"""Addresses of the worker's room."""

from __future__ import annotations

from django.urls import path

from ketnoi_portal.worker import views

urlpatterns = [
    path("healthz", views.health, name="health"),
]
