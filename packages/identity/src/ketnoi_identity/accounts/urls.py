"""Addresses of accounts."""

from __future__ import annotations

from django.urls import URLPattern, path

from .views import account, children, entering, recovering, registering, terms

urlpatterns: list[URLPattern] = [
    path("dang-ky/", registering.who, name="register"),
    path("dang-ky/dieu-khoan/", registering.agree, name="register_terms"),
    path("dang-ky/khoa/", registering.key, name="register_key"),
    path("dang-nhap/", entering.sign_in, name="sign_in"),
    path("dang-xuat/", entering.sign_out, name="sign_out"),
    path("dieu-khoan/", terms.read, name="terms"),
    path("dieu-khoan/chap-nhan/", terms.accept, name="accept_terms"),
    path("khoi-phuc/", recovering.code, name="recover"),
    path("khoi-phuc/khoa/", recovering.key, name="recover_key"),
    path("tai-khoan/", account.overview, name="account"),
    path("tai-khoan/nhat-ky/", account.history, name="account_history"),
    path("tai-khoan/them/", account.add, name="add_key"),
    path("tai-khoan/go/<str:kind>/<str:key>/", account.remove, name="remove_key"),
    path("tai-khoan/dien-thoai-khac/", account.another_phone, name="another_phone"),
    path("tai-khoan/muc-2/", account.presence_code, name="presence_code"),
    path("tai-khoan/khoa-ngay/", account.lock, name="lock"),
    path("tai-khoan/dong/", account.close, name="close"),
    path("tai-khoan/phien/ket-thuc/", account.end_others, name="end_others"),
    path("tai-khoan/phien/<uuid:session>/ket-thuc/", account.end_session, name="end_session"),
    path("tai-khoan/tre-em/", children.register, name="child"),
    path("tai-khoan/tre-em/<uuid:account>/ma/", children.another_code, name="child_code"),
]
