"""Addresses of this room."""

from __future__ import annotations

from django.urls import URLPattern, path

from ketnoi_identity.looks import record_views, views

urlpatterns: list[URLPattern] = [
    path("du-lieu/", record_views.record, name="record"),
    path("luot-xem/", views.listed, name="looks"),
    path("luot-xem/phan-anh", views.objection, name="objection"),
    path("luot-xem/phan-anh-cua-toi/", views.my_objections, name="my-objections"),
]
