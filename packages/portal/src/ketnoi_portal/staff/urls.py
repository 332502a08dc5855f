"""Addresses of the staff room."""

from __future__ import annotations

from django.urls import path

from ketnoi_portal.staff import coming_in, views

app_name = "staff"

urlpatterns = [
    path("toi/", views.me, name="me"),
    path("vai-tro/", views.switch_office, name="office"),
    path("", views.people, name="people"),
    path("moi/", views.invite, name="invite"),
    path("moi/<int:pk>/thu-hoi/", views.withdraw, name="withdraw"),
    path("bo-phan/<slug:slug>/moi/", views.found, name="found"),
    path("nguoi/<int:pk>/", views.person, name="person"),
    path("nguoi/<int:pk>/vai-tro/", views.act_on_person, {"act": "vai-tro"}, name="give_role"),
    path("nguoi/<int:pk>/roi-di/", views.act_on_person, {"act": "roi-di"}, name="leave"),
    path("nguoi/<int:pk>/dat-lai/", views.act_on_person, {"act": "dat-lai"}, name="reset"),
    path("giao/<int:pk>/cham-dut/", views.end_role, name="end_role"),
    path("giao/<int:pk>/uy-quyen/", views.delegate, name="delegate"),
    path("uy-quyen/<int:pk>/cham-dut/", views.end_delegation, name="end_delegation"),
    path("de-nghi/", coming_in.admission, name="admission"),
    path("xet/", coming_in.admissions, name="admissions"),
    path("xet/<int:pk>/", coming_in.judge_admission, name="judge"),
    path("xet/<int:pk>/cong-van/", coming_in.letter, name="letter"),
    path("loi-moi/<str:secret>/", coming_in.invitation, name="invitation"),
]
