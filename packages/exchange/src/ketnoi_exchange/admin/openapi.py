"""The admin API's description (OpenAPI 3.1), printed from the route table and the types of its bodies."""

from __future__ import annotations

from typing import Final

from ketnoi_exchange.admin import bodies
from ketnoi_exchange.admin.member_routes import MemberRoutes
from ketnoi_exchange.admin.routing import Route
from ketnoi_exchange.admin.server_routes import ServerRoutes
from ketnoi_exchange.admin.source_routes import SourceRoutes
from ketnoi_exchange.admin.system_routes import SystemRoutes
from ketnoi_exchange.admin.trust_routes import TrustRoutes
from ketnoi_runtime.admin_openapi import Speaks, describe

PARTS: Final = (MemberRoutes, ServerRoutes, TrustRoutes, SourceRoutes, SystemRoutes)
_PAGES: Final = ("q", "sort", "desc", "limit", "offset")
_SOURCE: Final = "/configuration-sources/{id:INTERNAL|EXTERNAL}"
_RESPONDER: Final = ("url", "certificate", "cost_type")

SPEAKS: Final = {
    ("POST", "/member-classes"): Speaks(bodies.MemberClassBody),
    ("PATCH", "/member-classes/{id}"): Speaks(bodies.Description),
    ("GET", "/clients"): Speaks(query=(*_PAGES, "client_type", "member_class", "security_server")),
    ("POST", "/members"): Speaks(bodies.MemberAdd),
    ("PATCH", "/members/{id}"): Speaks(bodies.MemberName),
    ("POST", "/subsystems"): Speaks(bodies.SubsystemAdd),
    ("PATCH", "/subsystems/{id}"): Speaks(bodies.SubsystemName),
    ("POST", "/global-groups"): Speaks(bodies.GroupBody),
    ("PATCH", "/global-groups/{id}"): Speaks(bodies.Description),
    ("POST", "/global-groups/{id}/members/add"): Speaks(bodies.Members),
    ("GET", "/security-servers"): Speaks(query=_PAGES),
    ("PATCH", "/security-servers/{id}"): Speaks(bodies.ServerAddress),
    ("GET", "/management-requests"): Speaks(query=(*_PAGES, "status", "type", "origin", "server_id")),
    ("POST", "/management-requests"): Speaks(bodies.RequestBody, statuses=(201, 202)),
    ("POST", "/management-requests/{id}/approval"): Speaks(statuses=(200,)),
    ("POST", "/certification-services"): Speaks(
        (
            "certificate*",
            "certificate_profile_info",
            "tls_auth",
            "default_csr_format",
            "acme_server_directory_url",
            "acme_server_ip_address",
            "authentication_certificate_profile_id",
            "signing_certificate_profile_id",
        )
    ),
    ("PATCH", "/certification-services/{id}"): Speaks(bodies.AuthoritySettings),
    ("POST", "/certification-services/{id}/intermediate-cas"): Speaks(("certificate*",)),
    ("POST", "/certification-services/{id}/ocsp-responders"): Speaks(_RESPONDER),
    ("POST", "/intermediate-cas/{id}/ocsp-responders"): Speaks(_RESPONDER),
    ("POST", "/timestamping-services"): Speaks(("certificate*", "url", "cost_type")),
    ("GET", f"{_SOURCE}/anchor/download"): Speaks(octets=True),
    ("POST", "/configuration-sources/INTERNAL/signing-keys"): Speaks(bodies.KeyAdd),
    ("PATCH", "/management-services-configuration"): Speaks(bodies.Provider),
    ("PUT", "/system/server-address"): Speaks(bodies.ServerAddressBody, statuses=(200,)),
    ("PATCH", "/system/times"): Speaks(bodies.Times),
    ("POST", "/api-keys"): Speaks(list[str], statuses=(200,)),
    ("PUT", "/api-keys/{id}"): Speaks(list[str], statuses=(200,)),
    ("GET", "/history"): Speaks(query=("after", "limit")),
}


def routes() -> list[Route]:
    """Every row of the table. The rows alone need no server behind them."""
    return [route for part in PARTS for route in part.__new__(part).routes]  # type: ignore[attr-defined]


def document() -> bytes:
    """The description, as indented JSON."""
    return describe(
        "Ketnoi: nền tảng · exchange, admin API",
        "Đường dẫn, nội dung và mã như API quản trị máy chủ trung tâm của X-Road. *Paths, bodies, codes are those of "
        "the admin API of X-Road's central server.* Của Ketnoi · ours: `/health`, `/history`, `/system/times`.",
        routes(),
        SPEAKS,
    )
