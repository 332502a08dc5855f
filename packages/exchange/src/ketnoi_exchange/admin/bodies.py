"""What the admin API reads, in X-Road's own JSON shapes. Unknown fields are passed over, as X-Road does."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
Address = Annotated[str, msgspec.Meta(min_length=1, max_length=1100)]


class MemberClassBody(msgspec.Struct):
    """MemberClass."""

    code: Text
    description: Text


class Description(msgspec.Struct):
    """MemberClassDescription, GlobalGroupDescription."""

    description: Text


class MemberIdBody(msgspec.Struct):
    """NewMemberId."""

    member_class: Text
    member_code: Text


class MemberAdd(msgspec.Struct):
    """MemberAdd."""

    member_id: MemberIdBody
    member_name: Text


class MemberName(msgspec.Struct):
    """MemberName."""

    member_name: Text


class SubsystemIdBody(MemberIdBody):
    """NewSubsystemId."""

    subsystem_code: Text


class SubsystemAdd(msgspec.Struct):
    """SubsystemAdd."""

    subsystem_id: SubsystemIdBody
    subsystem_name: str | None = None


class SubsystemName(msgspec.Struct):
    """SubsystemName."""

    subsystem_name: Text


class ServerAddress(msgspec.Struct):
    """SecurityServerAddress."""

    server_address: Text


class GroupBody(msgspec.Struct):
    """GlobalGroupCodeAndDescription."""

    code: Text
    description: Text


class Members(msgspec.Struct):
    """Members: of a global group, in colon form."""

    items: Annotated[list[Text], msgspec.Meta(min_length=1, max_length=1000)]


class RequestBody(msgspec.Struct):
    """ManagementRequest, with what its types need. The certificate is base64 of DER or PEM."""

    type: Text
    origin: Literal["CENTER", "SECURITY_SERVER"]
    security_server_id: Address
    client_id: str | None = None
    subsystem_name: str | None = None
    server_address: str | None = None
    authentication_certificate: bytes | None = None
    comments: Annotated[str, msgspec.Meta(max_length=255)] = ""
    message: Annotated[str, msgspec.Meta(max_length=255)] = ""


class AuthoritySettings(msgspec.Struct):
    """CertificationServiceSettings, as far as they can be changed."""

    certificate_profile_info: Text | None = None
    tls_auth: Literal["true", "false"] | bool | None = None


class KeyAdd(msgspec.Struct):
    """ConfigurationSigningKeyAdd; there is one token, so that its id does not matter."""

    key_label: str = ""


class Provider(msgspec.Struct):
    """ServiceProviderId."""

    service_provider_id: Address


class ServerAddressBody(msgspec.Struct):
    """CentralServerAddress; several nodes are told apart by commas [our choice]."""

    central_server_address: Address


class Times(msgspec.Struct):
    """In seconds; what is absent stays as it is [our choice; X-Road keeps both in a table]."""

    ocsp_freshness: int | None = None
    timestamp_interval: int | None = None
