"""Addresses of the alarms."""

from __future__ import annotations

from django.urls import path

from ketnoi_portal.alarms import views

app_name = "alarms"

urlpatterns = [
    path("", views.alarms, name="list"),
    path("<int:number>/da-xem-xet/", views.acknowledged, name="acknowledge"),
]
