"""Addresses of this room."""

from __future__ import annotations

from django.urls import URLPattern, path, re_path

from ketnoi_identity.consent import child_views, paper, receipt_views, receipts, verify_views, views

_ONE = r"^dong-y/(?P<code>[A-Z2-7]{26})/"
_OF_CHILD = r"^dong-y/con/(?P<child>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/"
_OF_CHILD_ONE = _OF_CHILD + r"(?P<code>[A-Z2-7]{26})/"

urlpatterns: list[URLPattern] = [
    path("dong-y/", views.listed, name="consents"),
    path("dong-y/dang-cho", views.waiting, name="consents-waiting"),
    re_path(_ONE + r"$", views.one, name="consent"),
    re_path(_ONE + r"dong-y$", views.agree, name="agree"),
    re_path(_ONE + r"tu-choi$", views.refuse, name="refuse"),
    re_path(_ONE + r"rut-lai$", views.take_back, name="take-back"),
    re_path(_ONE + r"lan-dung$", receipt_views.used, name="consent-uses"),
    re_path(_ONE + r"bien-nhan$", receipt_views.receipt, name="receipt"),
    re_path(_ONE + r"bien-nhan/ban-in$", receipt_views.printed, name="receipt-paper"),
    re_path(_ONE + r"bien-nhan/tai-ve$", receipt_views.download, name="receipt-file"),
    path(paper.VERIFY_PATH.lstrip("/"), verify_views.verify, name="receipt-verify"),
    re_path(_OF_CHILD + r"$", child_views.listed, name="child-consents"),
    re_path(_OF_CHILD_ONE + r"$", child_views.one, name="child-consent"),
    re_path(_OF_CHILD_ONE + r"dong-y$", child_views.agree, name="child-agree"),
    re_path(_OF_CHILD_ONE + r"tu-choi$", child_views.refuse, name="child-refuse"),
    re_path(_OF_CHILD_ONE + r"rut-lai$", child_views.take_back, name="child-take-back"),
    re_path(_OF_CHILD_ONE + r"bien-nhan$", child_views.receipt, name="child-receipt"),
    path(receipts.KEYS_PATH.lstrip("/"), receipt_views.keys, name="receipt-keys"),
]
