"""Addresses of the public pages."""

from __future__ import annotations

from django.urls import path

from ketnoi_portal.site.public import views

app_name = "public"

urlpatterns = [
    path("dich-vu/", views.services, name="services"),
    path("dich-vu/wsdl/", views.wsdl, name="wsdl"),
    path("dich-vu/api/", views.api, name="api"),
    path("ket-noi/", views.connect, name="connect"),
    path("dieu-khoan/", views.terms, name="terms"),
]
