"""Addresses of the connection room."""

from __future__ import annotations

from django.urls import path, re_path

from ketnoi_portal.connection import rotation_views, views

app_name = "connection"

urlpatterns = [
    path("<uuid:key>/tai-khoan/", views.account, name="account"),
    path("<uuid:key>/kiem-tra/", views.check, name="check"),
    path("<uuid:key>/goi-thu/", views.call, name="call"),
    path("<uuid:key>/goi-thu/tep/", views.containers, name="containers"),
    path("<uuid:key>/chung-thu/", rotation_views.certificates, name="certificates"),
    path("<uuid:key>/chung-thu/rut/", rotation_views.give_up, name="give_up"),
    path("<uuid:key>/chung-thu/kiem-tra/", rotation_views.check, name="rotation_check"),
    re_path(
        r"^(?P<key>[0-9a-f-]{36})/goi-thu/(?P<number>[0-9]{1,18})/(?P<side>request|response)/$",
        views.container,
        name="container",
    ),
]
