"""Addresses of the day's pages."""

from __future__ import annotations

from django.urls import path

from ketnoi_portal.day import views

urlpatterns = [
    path("viec/", views.queue, name="day"),
    path("tim/", views.search, name="day_search"),
    path("so-lieu/", views.figures, name="day_figures"),
]
