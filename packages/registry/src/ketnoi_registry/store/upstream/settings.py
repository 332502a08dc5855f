"""The settings of an existing database behind, and what is read from its files."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from ketnoi_protocol.identifiers import InvalidIdentifier, OrganisationCode
from ketnoi_protocol.personal_number import holds_personal_number
from ketnoi_protocol.services import Service
from ketnoi_protocol.soap_dialect import SoapOperation, read_dialect

from ...relations import RELATIONS

Positive = Annotated[float, msgspec.Meta(gt=0)]
Count = Annotated[int, msgspec.Meta(ge=1)]
Share = Annotated[float, msgspec.Meta(gt=0, le=1)]


class UpstreamError(Exception):
    """The settings of `[upstream]`, or a file they name, cannot be used; the text says what to mend."""


class Upstream(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[upstream]`: an existing service, asked instead of the own tables. Files are named as elsewhere in settings.

    `url` is that of service 037. Service 033 at `confirm_url` is asked whether a number and a name belong together
    where no birth date was given, which 037 wants; without it such questions are refused. It compares names in its own
    way, since it answers nothing that could be compared here.

    The server is known by `server_certificate` (that one, pinned) or by `authorities` (issued by one of them, for the
    address's host); we by `certificate` and `key`, and by `account` with `secret_file` where it wants those. `ma_dvc`,
    `ma_can_bo` and `ma_don_vi` are what the service knows the registry by. `names` is how a name is written in a
    question: without accents, spaces and small letters, or in capitals with accents; what comes back is compared by
    the profile of the service that was asked, whatever was written. `relations` translates codes of QuanHe.
    `dialect` is one that is shipped, or a file (`….toml`) with the elements as that service wants them.

    The bounds are our choice [OC]. The breaker opens after `breaker_failures` within `breaker_window_seconds`, where
    they are `breaker_share` of the latest calls too, and lets a call try after `breaker_pause_seconds`. More than
    `max_in_flight` calls at once wait, for `connect_timeout_seconds` at most.
    """

    url: Annotated[str, msgspec.Meta(pattern="^https://[^/]+/")]
    server_certificate: str = ""
    authorities: str = ""
    certificate: str = ""
    key: str = ""
    account: str = ""
    secret_file: str = ""
    confirm_url: Annotated[str, msgspec.Meta(pattern="^(https://[^/]+/.*)?$")] = ""
    ma_dich_vu: Annotated[str, msgspec.Meta(pattern="^[0-9]{1,20}$")] = "033"
    ma_tich_hop: Annotated[str, msgspec.Meta(pattern="^[0-9]{1,20}$")] = "037"
    ma_dvc: Annotated[str, msgspec.Meta(min_length=1, max_length=20)]
    ma_can_bo: Annotated[str, msgspec.Meta(pattern="^[!-~]{1,20}$")]
    ma_don_vi: Annotated[str, msgspec.Meta(min_length=1, max_length=35)]
    names: Literal["plain", "upper"] = "plain"
    relations: dict[str, str] = msgspec.field(default_factory=dict)
    dialect: str = "soap-callers"
    connect_timeout_seconds: Positive = 2.0
    read_timeout_seconds: Positive = 5.0
    max_in_flight: Count = 32
    max_answer_bytes: Annotated[int, msgspec.Meta(ge=1024, le=1_048_576)] = 65_536
    breaker_failures: Count = 5
    breaker_window_seconds: Positive = 30.0
    breaker_share: Share = 0.5
    breaker_pause_seconds: Positive = 15.0

    def tls(self, base: Path) -> ssl.SSLContext:
        """Whom to believe, and our own certificate. Raises UpstreamError."""
        if bool(self.server_certificate) == bool(self.authorities):
            raise UpstreamError("[upstream]: name either server_certificate or authorities")
        if bool(self.certificate) != bool(self.key):
            raise UpstreamError("[upstream]: certificate and key belong together")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            if self.server_certificate:
                # The pinned certificate is its own anchor, so nobody else's is taken, whatever host it names.
                context.check_hostname = False
                context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
            context.load_verify_locations(base / (self.server_certificate or self.authorities))
            if self.certificate:
                context.load_cert_chain(base / self.certificate, base / self.key)
        except (OSError, ValueError) as error:
            raise UpstreamError("[upstream]: a certificate or key cannot be used; they are files in PEM") from error
        return context

    def secret(self, base: Path) -> str:
        """The account's secret; empty when there is no account. Raises UpstreamError."""
        if bool(self.account) != bool(self.secret_file):
            raise UpstreamError("[upstream]: account and secret_file belong together")
        if not self.secret_file:
            return ""
        file = base / self.secret_file
        try:
            if file.stat().st_mode & 0o077:
                raise UpstreamError(f"{file}: người khác đọc được · others may read it; chmod 600")
            return file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise UpstreamError(f"{file}: không đọc được · cannot be read") from error

    def operations(self, base: Path) -> dict[str, SoapOperation]:
        """How the service is asked: by a dialect that is shipped, or a file (`….toml`) of one's own.

        Raises UpstreamError.
        """
        try:
            found = read_dialect(self.dialect, lambda name: (base / name).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise UpstreamError(f"[upstream]: dialect: {error}") from error
        lacking = {Service.LOOK_UP_CITIZEN.value, Service.CONFIRM_IDENTITY_NUMBER.value} - set(found)
        if lacking:
            raise UpstreamError(f"[upstream]: dialect: {self.dialect} lacks {', '.join(sorted(lacking))}")
        return found

    def check(self) -> None:
        """Raises UpstreamError for what no single field shows."""
        unknown = [code for code in self.relations.values() if code not in RELATIONS]
        if unknown:
            raise UpstreamError(f"[upstream.relations]: {unknown[0]} is no code of a relation here")
        if holds_personal_number(self.ma_can_bo):
            raise UpstreamError("[upstream]: ma_can_bo is the code of an account, never a personal number")
        try:
            OrganisationCode.parse(self.ma_don_vi)
        except InvalidIdentifier as error:
            raise UpstreamError(f"[upstream]: ma_don_vi: {error}") from error
