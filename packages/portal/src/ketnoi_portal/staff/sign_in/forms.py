"""allauth's forms with labels of ours; what they check is theirs."""

from __future__ import annotations

from typing import Any, ClassVar

from allauth.account import forms as account
from allauth.mfa.base import forms as mfa
from allauth.mfa.totp import forms as totp
from allauth.mfa.webauthn import forms as webauthn
from django import forms

from ketnoi_portal.site.words import say

_LABELS = {
    "login": say("Thư điện tử công vụ", "Office e-mail address"),
    "email": say("Thư điện tử công vụ", "Office e-mail address"),
    "password": say("Mật khẩu", "Password"),
    "oldpassword": say("Mật khẩu hiện tại", "Present password"),
    "password1": say("Mật khẩu mới", "New password"),
    "password2": say("Nhập lại mật khẩu mới", "New password again"),
    "code": say("Mã xác thực", "Code"),
    "name": say("Tên của khóa này", "Name of this key"),
    "passwordless": say("Dùng khóa này thay cho mật khẩu", "Sign in with this key alone"),
}
_HELP = {
    "password1": say(
        "Ít nhất 12 ký tự, không dễ đoán, không giống tên hay thư điện tử của bạn.",
        "At least 12 characters, not easy to guess, not like your name or address.",
    ),
    "passwordless": say(
        "Thiết bị sẽ hỏi vân tay, khuôn mặt hoặc mã PIN.", "The device will ask for a fingerprint, face or PIN."
    ),
}


class _OurWords(forms.BaseForm):
    code_help: ClassVar[Any] = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.label = _LABELS.get(name, field.label)
            field.help_text = self.code_help if name == "code" else _HELP.get(name, "")
            field.widget.attrs.pop("placeholder", None)
            if name == "code":
                field.widget.attrs |= {"inputmode": "text", "autocomplete": "one-time-code", "class": "code"}


class LoginForm(_OurWords, account.LoginForm):
    """Address and password."""


class ResetPasswordForm(_OurWords, account.ResetPasswordForm):
    """Ask for a link."""


class ResetPasswordKeyForm(_OurWords, account.ResetPasswordKeyForm):
    """Set a new password by a link."""


class ChangePasswordForm(_OurWords, account.ChangePasswordForm):
    """Change the password."""


class ReauthenticateForm(_OurWords, account.ReauthenticateForm):
    """Confirm who one is."""


class AuthenticateForm(_OurWords, mfa.AuthenticateForm):
    """The second step."""

    code_help = say(
        "Sáu chữ số trong ứng dụng xác thực, hoặc một mã khôi phục.", "Six digits of your app, or a recovery code."
    )


class ReauthenticateByCodeForm(_OurWords, mfa.ReauthenticateForm):
    """Confirm who one is, by a code."""

    code_help = AuthenticateForm.code_help


class ActivateTOTPForm(_OurWords, totp.ActivateTOTPForm):
    """Prove that the app works."""

    code_help = say("Sáu chữ số mà ứng dụng đang hiện.", "The six digits that the app shows now.")


class AddWebAuthnForm(_OurWords, webauthn.AddWebAuthnForm):
    """Add a key."""


class EditWebAuthnForm(_OurWords, webauthn.EditWebAuthnForm):
    """Rename a key."""
