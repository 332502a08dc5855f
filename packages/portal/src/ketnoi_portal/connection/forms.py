"""The forms of this room."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from django import forms

from ketnoi_portal.connection.account_keys import LONGEST
from ketnoi_portal.connection.actions import LONGEST_ID
from ketnoi_portal.onboarding.certificates import PemError, read_upload, split
from ketnoi_portal.site.words import say
from ketnoi_protocol.services import Platform

LARGEST_CONTAINER: Final = 1024 * 1024
"""Octets of one uploaded container: small enough to stay in memory. A test call is about one person."""


class KeyForm(forms.Form):
    """The agency's own public key or certificate request, typed or as a file."""

    key = forms.CharField(
        label=say("Khóa công khai hoặc CSR (PEM)", "Public key or CSR (PEM)"),
        help_text=say(
            "Khóa EC P-256. Không bao giờ dán khóa bí mật vào đây.",
            "An EC key on P-256. Never paste a private key here.",
        ),
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false", "autocomplete": "off"}),
        required=False,
        max_length=LONGEST,
    )
    file = forms.FileField(label=say("hoặc tệp .pem, .csr", "or a file .pem, .csr"), required=False)

    def clean(self) -> dict[str, Any]:
        """Either of the two."""
        given = super().clean() or {}
        file = given.get("file")
        if file is not None:
            if (file.size or 0) > LONGEST:
                self.add_error("file", say("Tệp quá lớn để là một khóa", "The file is too large to be a key"))
            else:
                given["key"] = file.read().decode("ascii", "replace")
        if not self.errors and not given.get("key", "").strip():
            self.add_error("key", say("Dán khóa hoặc chọn tệp", "Paste a key or choose a file"))
        return given


class CheckForm(forms.Form):
    """The id of a message that has been sent, for each platform."""

    def __init__(self, platforms: Iterable[Platform], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, auto_id="id_check-%s", **kwargs)
        for platform in platforms:
            self.fields[platform.value] = forms.CharField(
                label=say(
                    f"Mã thông điệp (X-Road-Id) đã gửi qua {platform}", f"Id (X-Road-Id) of a message over {platform}"
                ),
                help_text=say(
                    "Chạy `ketnoi doctor`: dòng “quyền khai thác” in mã này; hoặc mã của bất kỳ lần gọi nào tới C06.",
                    "Run `ketnoi doctor`: its line “access rights” prints it; or that of any call to C06.",
                ),
                required=False,
                max_length=LONGEST_ID,
                widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
            )


class CallForm(forms.Form):
    """A message that is to count as the test call of one unit."""

    unit = forms.CharField(max_length=60, widget=forms.HiddenInput)
    message_id = forms.CharField(
        label=say("Mã thông điệp (X-Road-Id)", "Message id (X-Road-Id)"),
        max_length=LONGEST_ID,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


class ContainersForm(forms.Form):
    """Both containers of a call."""

    unit = forms.CharField(max_length=60, widget=forms.HiddenInput)
    request = forms.FileField(label=say("Tệp …-request-….asice", "The file …-request-….asice"))
    response = forms.FileField(label=say("Tệp …-response-….asice", "The file …-response-….asice"))

    def clean(self) -> dict[str, Any]:
        """Small ones only."""
        given = super().clean() or {}
        for name in ("request", "response"):
            file = given.get(name)
            if file is not None and (file.size or 0) > LARGEST_CONTAINER:
                self.add_error(
                    name,
                    say(
                        "Tệp lớn hơn 1 MB: gọi thử về một người", "The file is over 1 MB: make a call about one person"
                    ),
                )
        return given


class NextCertificateForm(forms.Form):
    """The next certificate of a registered server, pasted or as a file."""

    pem = forms.CharField(
        label=say("Chứng thư kế tiếp (dán dạng PEM)", "The next certificate (PEM)"),
        help_text=say(
            "Chứng thư xác thực (AUTH) đã được cấp cho CSR của khóa mới. Không bao giờ dán khóa bí mật vào đây.",
            "The AUTH certificate issued for the CSR of the new key. Never paste a private key here.",
        ),
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false", "autocomplete": "off", "class": "code"}),
        required=False,
        max_length=9000,
    )
    upload = forms.FileField(label=say("hoặc tệp .pem, .crt, .cer, .der", "or the file"), required=False)
    compromised = forms.BooleanField(
        label=say(
            "Thay vì khóa hoặc cơ quan cấp chứng thư bị lộ",
            "Because a key or an authority is compromised",
        ),
        help_text=say(
            "Chỉ khi đó chứng thư mới được hết hạn trước chứng thư cũ; khóa phải là khóa mới.",
            "Only then may the new one end before the old one; its key must be new.",
        ),
        required=False,
    )

    def clean(self) -> dict[str, Any]:
        """An upload takes the place of what was pasted; a CSR alone is no certificate yet."""
        told = super().clean() or {}
        field = "upload" if told.get("upload") else "pem"
        try:
            pem = read_upload(told["upload"]) if told.get("upload") else told.get("pem", "")
            told["certificate"], request = split(pem)
        except PemError as error:
            self.add_error(field, say(error.text.vi, error.text.en))
            return told
        if not told["certificate"] and request:
            mend = say("Đây mới là CSR: nộp chứng thư được cấp cho nó", "This is a CSR: hand in its certificate")
            self.add_error(field, mend)
        elif not told["certificate"] and not self.errors:
            self.add_error(field, say("Dán chứng thư hoặc chọn tệp", "Paste a certificate or choose a file"))
        return told
