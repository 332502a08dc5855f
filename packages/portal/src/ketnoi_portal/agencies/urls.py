"""Addresses of the agencies room."""

from __future__ import annotations

from django.urls import path

from ketnoi_portal.agencies import views

app_name = "agencies"

urlpatterns = [
    path("", views.organisations, name="list"),
    path("nhap/", views.take_table, name="import"),
    path("nhap/<int:pk>/", views.imported, name="imported"),
    path("nhap/<int:pk>/rejects.csv", views.rejects, name="rejects"),
    path("bo-phan/", views.desks, name="desks"),
    path("bo-phan/moi/", views.new_desk, name="new_desk"),
    path("bo-phan/<slug:slug>/", views.desk, name="desk"),
    path("bo-phan/<slug:slug>/dong/", views.close_desk, name="close_desk"),
    path("ma/<str:code>/", views.organisation, name="page"),
]
