"""Addresses of this room."""

from __future__ import annotations

from django.urls import path

from ketnoi_portal.identities import views

app_name = "identities"

urlpatterns = [
    path("", views.objections, name="list"),
    path("<int:number>/tra-loi/", views.answered, name="answer"),
]
