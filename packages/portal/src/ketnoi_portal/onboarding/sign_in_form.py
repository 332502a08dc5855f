"""Signing in with eID, as a part of the registration form's page."""

from __future__ import annotations

from typing import Any

from ketnoi_portal.onboarding.forms import Part, area
from ketnoi_portal.onboarding.sign_in import SignInEntry
from ketnoi_portal.onboarding.words import ENVIRONMENTS
from ketnoi_protocol.services import Environment


class SignInForm(Part):
    """Where citizens come back to, and the key; of one environment."""

    optional = ("redirects", "key")

    def __init__(self, environment: Environment, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, prefix=f"sign_in-{environment}", **kwargs)
        self.environment, self.environment_title = environment, ENVIRONMENTS[environment]
        self.fields["redirects"] = area(
            "Địa chỉ trở lại (redirect_uri)",
            "Addresses to come back to (redirect_uri)",
            "Mỗi dòng một địa chỉ https đầy đủ; được so từng ký tự",
            "One whole https address a line; compared letter by letter",
        )
        self.fields["key"] = area(
            "Khóa công khai P-256 (PEM hoặc JWK)",
            "Public key on P-256 (PEM or JWK)",
            "Hệ thống ký bằng khóa bí mật của mình; không bao giờ dán khóa bí mật vào đây",
            "The system signs with its private key, which never belongs here",
        )

    @property
    def is_open(self) -> bool:
        """Whether its part of the page stands open: something is filled in, or wrong."""
        return bool(self["redirects"].value() or self["key"].value() or self.errors)

    def entry(self) -> SignInEntry | None:
        """What is filled in; None for nothing."""
        redirects = tuple(each.strip() for each in self.cleaned_data["redirects"].splitlines() if each.strip())
        key = self.cleaned_data["key"].strip()
        if not redirects and not key:
            return None
        entry = SignInEntry(environment=self.environment, redirects=redirects, key=key)
        if entry.key != key:
            # Nor does the page that comes next show it once more.
            self.data = self.data.copy()
            self.data[self.add_prefix("key")] = entry.key
        return entry


def initial_sign_in(entry: SignInEntry | None) -> dict[str, str]:
    """An entry's values in the form."""
    return {} if entry is None else {"redirects": "\n".join(entry.redirects), "key": entry.key}
