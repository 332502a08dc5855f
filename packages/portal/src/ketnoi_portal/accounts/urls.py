"""Addresses of this room."""

from __future__ import annotations

from django.urls import path

from ketnoi_portal.accounts.views import account, desk, own, requests, review, units

app_name = "accounts"
urlpatterns = [
    path("", requests.start, name="start"),
    path("cua-don-vi/", requests.every, name="list"),
    path("de-nghi/", requests.new, name="new"),
    path("de-nghi/danh-sach/", requests.spreadsheet, name="spreadsheet"),
    path("de-nghi/mau.<str:kind>", requests.template, name="template"),
    path("de-nghi/gui/", requests.hand_over, name="hand_over"),
    path("dinh-danh/", requests.not_for_identity, name="not_for_identity"),
    path("cho-xu-ly/", desk.queue, name="queue"),
    path("cho-xu-ly/lam/", desk.act, name="act"),
    path("danh-sach/", desk.lists, name="lists"),
    path("danh-sach/<str:number>/", desk.one_list, name="one_list"),
    path("dia-ban/", desk.watch, name="watch"),
    path("dia-ban/ra-soat/", review.begin, name="begin_review"),
    path("ra-soat/", review.waiting, name="review"),
    path("ra-soat/tra-loi/", review.answer, name="answer_review"),
    path("cam-ket/", units.every, name="commitments"),
    path("cam-ket/<str:code>/", units.one, name="commitment"),
    path("cam-ket/<str:code>/nop/", units.file, name="file_unit_commitment"),
    path("cam-ket/<str:code>/mau.pdf", units.form_to_sign, name="unit_form"),
    path("cam-ket/<str:code>/tep/", units.download, name="unit_file"),
    path("cam-ket/<str:code>/lam/<slug:name>/", units.step, name="unit_step"),
    path("cua-toi/", own.own, name="own"),
    path("<uuid:key>/", account.one, name="one"),
    path("<uuid:key>/sua/", requests.change, name="change"),
    path("<uuid:key>/cam-ket/nop/", account.file, name="file_commitment"),
    path("<uuid:key>/cam-ket/mau.pdf", account.form_to_sign, name="personal_form"),
    path("<uuid:key>/cam-ket/tep/", account.commitment, name="personal_file"),
    path("<uuid:key>/lam/<slug:name>/", account.step, name="step"),
]
