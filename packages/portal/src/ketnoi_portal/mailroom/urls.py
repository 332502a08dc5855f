"""Addresses of the mailroom."""

from __future__ import annotations

from django.urls import path

from ketnoi_portal.mailroom import views

app_name = "mailroom"

urlpatterns = [
    path("", views.desk, name="desk"),
    path("so-lieu/", views.counts, name="counts"),
    path("cho-nhan/", views.to_claim, name="to_claim"),
    path("<int:number>/", views.letter, name="letter"),
    path("<int:number>/goc/", views.original, name="original"),
    path("<int:number>/kem/<int:part>/", views.enclosure, name="enclosure"),
    path("<int:number>/co-quan/", views.assign, name="assign"),
    path("<int:number>/tu-choi/", views.dismiss, name="dismiss"),
]
