"""The settings of the identity system that is asked, and what is read from its files."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Annotated

import msgspec

Positive = Annotated[float, msgspec.Meta(gt=0)]
Count = Annotated[int, msgspec.Meta(ge=1)]
Share = Annotated[float, msgspec.Meta(gt=0, le=1)]


class IdentityError(Exception):
    """A file that `[identity]` names cannot be used; the text says what to mend."""


class Identity(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[identity]`: where consents are asked for, used, and officers' cards come from. Files are in PEM.

    `url` is that of its wire, believed under `certificate` (that one, pinned), to which we prove ourselves with
    `client_certificate` and `client_key`. `issuer` is the address that its cards name as theirs.

    The bounds are our choice [OC]. Keys and terms are asked for every `poll_seconds`, and count for `good_seconds`.
    Up to `most_uses` uses go out as one request. After `breaker_failures` within `breaker_window_seconds`, where they
    are `breaker_share` of the latest requests too, it is left alone for `breaker_pause_seconds`, then tried with one.
    """

    url: Annotated[str, msgspec.Meta(pattern="^https://[^/]+/?$")]
    certificate: str
    client_certificate: str
    client_key: str
    issuer: Annotated[str, msgspec.Meta(pattern="^https?://")]
    poll_seconds: Positive = 10.0
    good_seconds: Positive = 300.0
    connect_timeout_seconds: Positive = 2.0
    timeout_seconds: Positive = 5.0
    most_uses: Count = 500
    breaker_failures: Count = 5
    breaker_window_seconds: Positive = 30.0
    breaker_share: Share = 0.5
    breaker_pause_seconds: Positive = 5.0

    def tls(self, base: Path) -> ssl.SSLContext:
        """Whom to believe, and our own certificate. Raises IdentityError."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        # The pinned certificate is its own anchor, so nobody else's is taken, whatever host it names.
        context.check_hostname = False
        context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
        try:
            context.load_verify_locations(base / self.certificate)
            context.load_cert_chain(base / self.client_certificate, base / self.client_key)
        except (OSError, ValueError) as error:
            raise IdentityError("[identity]: a certificate or key cannot be used; they are files in PEM") from error
        return context
