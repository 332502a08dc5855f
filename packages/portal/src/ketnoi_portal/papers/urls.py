"""Addresses of the papers."""

from __future__ import annotations

from django.urls import path

from ketnoi_portal.papers import dossier_views, views

app_name = "papers"
urlpatterns = [
    path("<uuid:key>/", views.dossier, name="dossier"),
    path("<uuid:key>/lap", views.made, name="made"),
    path("<uuid:key>/tep/<int:paper>", views.file, name="file"),
    path("<uuid:key>/ban-thao/<slug:kind>", views.draft, name="draft"),
    path("<uuid:key>/tai-len", views.upload, name="upload"),
    path("<uuid:key>/ky-thu", views.sign, name="sign"),
    path("<uuid:key>/chap-nhan", views.accept, name="accept"),
    path("<uuid:key>/chap-nhan-ban-quet", views.accept_scan, name="accept_scan"),
    path("<uuid:key>/khong-chap-nhan", views.reject, name="reject"),
    path("<uuid:key>/rut-cam-ket", views.withdraw, name="withdraw"),
    path("<uuid:key>/them-tai-khoan", views.list_account, name="list_account"),
    path("<uuid:key>/bo-tai-khoan", views.unlist_account, name="unlist_account"),
    path("<uuid:key>/xuat", dossier_views.export, name="export"),
]
