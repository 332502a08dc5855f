"""How allauth behaves here: nobody signs up by themselves, and it speaks Vietnamese."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.http import HttpRequest
from django.urls import reverse

from ketnoi_portal.settings import current
from ketnoi_portal.site.words import say


class PortalAccountAdapter(DefaultAccountAdapter):
    """Accounts come from invitations only."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "account_inactive": say("Tài khoản này đã ngừng hoạt động.", "This account is no longer active."),
        "email_password_mismatch": say(
            "Thư điện tử hoặc mật khẩu không đúng.", "The e-mail address or the password is wrong."
        ),
        "enter_current_password": say("Hãy nhập mật khẩu hiện tại.", "Please enter your present password."),
        "incorrect_code": say("Mã không đúng.", "The code is wrong."),
        "incorrect_password": say("Mật khẩu không đúng.", "The password is wrong."),
        "invalid_or_expired_key": say("Đường dẫn sai hoặc đã hết hạn.", "The link is wrong or too old."),
        "invalid_login": say("Đăng nhập không thành công.", "You could not be signed in."),
        "invalid_password_reset": say("Đường dẫn đặt lại mật khẩu không dùng được.", "This link cannot be used."),
        "same_as_current": say("Giá trị mới phải khác giá trị hiện tại.", "The new value must be another one."),
        "too_many_login_attempts": say(
            "Sai quá nhiều lần. Tài khoản tạm khóa 15 phút; hãy thử lại sau hoặc đặt lại mật khẩu.",
            "Too many failures. The account is locked for 15 minutes; try later or reset your password.",
        ),
        "rate_limited": say("Bạn thao tác quá nhanh. Hãy chờ một lát.", "Too many attempts. Please wait a while."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never."""
        return False

    def get_reset_password_from_key_url(self, key: str) -> str:
        """The link of the letter: to the portal's public address, whatever host or scheme the request named."""
        of = {"uidb36": "UID", "key": "KEY"}
        return current().public(reverse("account_reset_password_from_key", kwargs=of).replace("UID-KEY", quote(key)))

    def pre_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> Any:
        """Whoever has left does not come back in."""
        if not user.is_active:
            return self.respond_user_inactive(request, user)
        return super().pre_login(request, user, **kwargs)

    def add_message(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """The pages themselves say what happened."""

    def format_email_subject(self, subject: str) -> str:
        """Subjects stand as they are written."""
        return subject


class PortalMFAAdapter(DefaultMFAAdapter):
    """The second factor, in words of ours."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": say("Mã không đúng hoặc đã hết hạn.", "The code is wrong or too old."),
        "cannot_delete_authenticator": say(
            "Không tắt được yếu tố xác thực này.", "This factor cannot be switched off."
        ),
        "cannot_generate_recovery_codes": say(
            "Hãy bật ứng dụng xác thực hoặc khóa truy cập trước.", "Set an authenticator or a passkey up first."
        ),
    }

    def generate_authenticator_name(self, user: Any, type: Any) -> str:
        """What a new key is called until its owner gives it a name."""
        number = Authenticator.objects.filter(user=user, type=type).count() + 1
        return str(say(f"Khóa số {number}", f"Key {number}"))
