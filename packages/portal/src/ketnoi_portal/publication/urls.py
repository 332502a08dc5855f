"""Addresses of the publication room."""

from __future__ import annotations

from django.urls import path

from ketnoi_portal.publication import platform_views, stop_views, views

app_name = "publication"

urlpatterns = [
    path("may-chu/", views.overview, name="overview"),
    path("may-chu/<str:instance>/", views.target, name="target"),
    path("may-chu/<str:instance>/lan-chay/<int:number>/", views.run, name="run"),
    path("may-chu/<str:instance>/quyen/<int:number>/", views.right, name="right"),
    path("may-chu/<str:instance>/viec/<str:name>/", views.act, name="act"),
    path("may-chu/<str:instance>/de-xuat/<int:number>/<str:name>/", views.decide, name="decide"),
    path("dung-khai-thac/", stop_views.stops_page, name="stops"),
    path("dung-khai-thac/<str:code>/bo/", stop_views.lift, name="lift_stop"),
    path("nen-tang/", platform_views.registrations, name="registrations"),
    path("nen-tang/ho-so/<uuid:key>/", platform_views.of_application, name="of_application"),
    path("nen-tang/<int:number>/", platform_views.registration, name="registration"),
]
