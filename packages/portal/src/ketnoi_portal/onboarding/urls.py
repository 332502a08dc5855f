"""Addresses of the onboarding room."""

from __future__ import annotations

from django.urls import path

from ketnoi_portal.onboarding.views import application, begin, form, server, survey

app_name = "onboarding"

urlpatterns = [
    path("moi/", begin.begin, name="begin"),
    path("<uuid:key>/", application.application, name="application"),
    path("<uuid:key>/phieu/", form.form, name="form"),
    path("<uuid:key>/phieu/may-chu/", form.servers, name="servers"),
    path("<uuid:key>/kiem-tra/", form.precheck, name="precheck"),
    path("<uuid:key>/viec/<slug:name>/", application.step, name="step"),
    path("<uuid:key>/may-chu/", server.servers_of, name="servers_of"),
    path("<uuid:key>/may-chu/<slug:platform>/<slug:environment>/", server.server, name="server"),
    path("<uuid:key>/ghi-chu/", application.note, name="note"),
    path("<uuid:key>/gia-han/", begin.renewal, name="renew"),
    path("<uuid:key>/khao-sat/", survey.survey, name="survey"),
    path("<uuid:key>/khao-sat/<int:number>/", survey.attachment, name="attachment"),
    path("<uuid:key>/xac-nhan/<int:number>/", survey.confirmation, name="confirmation"),
]
