"""What the admin API reads, in X-Road's own JSON shapes. Unknown fields are passed over, as X-Road does.

`security_servers` is our extension: from which security servers a right may be used, in colon form.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=1023)]
ConnectionTypeName = Literal["HTTP", "HTTPS_NO_AUTH", "HTTPS"]


class ClientBody(msgspec.Struct):
    """Client."""

    member_class: Text
    member_code: Text
    subsystem_code: Text
    connection_type: ConnectionTypeName = "HTTPS"


class ClientAdd(msgspec.Struct):
    """ClientAdd."""

    client: ClientBody
    ignore_warnings: bool = False


class ConnectionTypeUpdate(msgspec.Struct):
    """ConnectionTypeWrapper."""

    connection_type: ConnectionTypeName


class ServiceDescriptionAdd(msgspec.Struct):
    """ServiceDescriptionAdd."""

    url: Text
    type: Literal["REST", "OPENAPI3", "WSDL"]
    rest_service_code: str = ""
    ignore_warnings: bool = False


class DisabledNotice(msgspec.Struct):
    """ServiceDescriptionDisabledNotice."""

    disabled_notice: Annotated[str, msgspec.Meta(max_length=255)] = ""


class ServiceUpdate(msgspec.Struct):
    """ServiceUpdate."""

    url: Text
    timeout: Annotated[int, msgspec.Meta(ge=0, le=1000)]
    ssl_auth: bool
    url_all: bool = False
    timeout_all: bool = False
    ssl_auth_all: bool = False
    ignore_warnings: bool = False


class EndpointBody(msgspec.Struct):
    """Endpoint."""

    method: str
    path: Text
    service_code: str = ""


class ServiceClientItem(msgspec.Struct):
    """ServiceClient."""

    id: Text
    service_client_type: Literal["SUBSYSTEM", "GLOBALGROUP", "LOCALGROUP"] = "SUBSYSTEM"
    security_servers: list[str] = []


class ServiceClients(msgspec.Struct):
    """ServiceClients."""

    items: Annotated[list[ServiceClientItem], msgspec.Meta(min_length=1, max_length=1000)]


class AccessRightItem(msgspec.Struct):
    """AccessRight."""

    service_code: Text
    security_servers: list[str] = []


class AccessRights(msgspec.Struct):
    """AccessRights."""

    items: Annotated[list[AccessRightItem], msgspec.Meta(min_length=1, max_length=1000)]


class CertificateRequestGenerate(msgspec.Struct):
    """CsrGenerate. The authority of `ca_name` does not matter: all have one profile here."""

    key_usage_type: Literal["AUTHENTICATION", "SIGNING"]
    ca_name: str = ""
    csr_format: Literal["PEM", "DER"] = "PEM"
    member_id: str = ""
    subject_field_values: dict[str, str] = {}


class KeyWithRequest(msgspec.Struct):
    """KeyLabelWithCsrGenerate; `key_algorithm` as X-Road has it since 7.6, without it that of the keys there are."""

    csr_generate_request: CertificateRequestGenerate
    key_label: str = ""
    key_algorithm: Literal["EC", "RSA"] | None = None


class RegistrationAddress(msgspec.Struct):
    """SecurityServerAddress."""

    address: Text
