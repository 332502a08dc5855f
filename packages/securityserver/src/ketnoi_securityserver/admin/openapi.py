"""The admin API's description (OpenAPI 3.1), printed from the route table and the types of its bodies."""

from __future__ import annotations

from typing import Final

from ketnoi_runtime.admin_openapi import OCTETS, Speaks, describe
from ketnoi_securityserver.admin import bodies
from ketnoi_securityserver.admin.api_keys import Role
from ketnoi_securityserver.admin.client_routes import ClientRoutes
from ketnoi_securityserver.admin.diagnostics_routes import DiagnosticsRoutes
from ketnoi_securityserver.admin.right_routes import RightRoutes
from ketnoi_securityserver.admin.routing import Route
from ketnoi_securityserver.admin.service_routes import ServiceRoutes
from ketnoi_securityserver.admin.system_routes import SystemRoutes
from ketnoi_securityserver.admin.token_routes import TokenRoutes
from ketnoi_securityserver.admin.traffic_routes import TrafficRoutes

PARTS: Final = (ClientRoutes, ServiceRoutes, RightRoutes, TokenRoutes, SystemRoutes, DiagnosticsRoutes, TrafficRoutes)
_SUBJECT: Final = "/clients/{id}/service-clients/{sc_id}/access-rights"
_CANDIDATES: Final = ("instance", "member_class", "member_group_code", "subsystem_code", "service_client_type")

SPEAKS: Final = {
    ("POST", "/clients"): Speaks(bodies.ClientAdd),
    ("PATCH", "/clients/{id}"): Speaks(bodies.ConnectionTypeUpdate),
    ("POST", "/clients/{id}/tls-certificates"): Speaks(OCTETS),
    ("POST", "/clients/{id}/service-descriptions"): Speaks(bodies.ServiceDescriptionAdd),
    ("PUT", "/service-descriptions/{id}/disable"): Speaks(bodies.DisabledNotice),
    ("PUT", "/service-descriptions/{id}/refresh"): Speaks(statuses=(200,)),
    ("PATCH", "/services/{id}"): Speaks(bodies.ServiceUpdate),
    ("POST", "/services/{id}/endpoints"): Speaks(bodies.EndpointBody),
    ("GET", "/clients/{id}/service-client-candidates"): Speaks(query=_CANDIDATES),
    ("POST", _SUBJECT): Speaks(bodies.AccessRights),
    ("PATCH", _SUBJECT): Speaks(bodies.AccessRights),
    ("POST", f"{_SUBJECT}/delete"): Speaks(bodies.AccessRights, statuses=(204,)),
    ("POST", "/services/{id}/service-clients"): Speaks(bodies.ServiceClients),
    ("POST", "/services/{id}/service-clients/delete"): Speaks(bodies.ServiceClients, statuses=(204,)),
    ("POST", "/endpoints/{id}/service-clients"): Speaks(bodies.ServiceClients),
    ("PATCH", "/endpoints/{id}/service-clients"): Speaks(bodies.ServiceClients),
    ("POST", "/endpoints/{id}/service-clients/delete"): Speaks(bodies.ServiceClients, statuses=(204,)),
    ("POST", "/tokens/{id}/keys-with-csrs"): Speaks(bodies.KeyWithRequest),
    ("POST", "/keys/{id}/csrs"): Speaks(bodies.CertificateRequestGenerate, octets=True),
    ("GET", "/keys/{id}/csrs/{csr_id}"): Speaks(octets=True, query=("csr_format",)),
    ("POST", "/token-certificates"): Speaks(OCTETS),
    ("PUT", "/token-certificates/{hash}/register"): Speaks(bodies.RegistrationAddress),
    ("POST", "/api-keys"): Speaks(list[Role], statuses=(200,)),
    ("PUT", "/api-keys/{id}"): Speaks(list[Role], statuses=(200,)),
    ("GET", "/security-servers"): Speaks(query=("current_server",)),
    ("GET", "/system/anchor/download"): Speaks(octets=True),
    ("POST", "/system/anchor/previews"): Speaks(OCTETS, statuses=(200,)),
    ("PUT", "/system/anchor"): Speaks(OCTETS, statuses=(201,)),
    ("GET", "/audit"): Speaks(query=("after", "limit")),
    ("GET", "/traffic"): Speaks(query=("since",)),
}


def routes() -> list[Route]:
    """Every row of the table. The rows alone need no server behind them."""
    return [route for part in PARTS for route in part.__new__(part).routes]  # type: ignore[attr-defined]


def document() -> bytes:
    """The description, as indented JSON."""
    return describe(
        "Ketnoi: máy chủ bảo mật · security server, admin API",
        "Đường dẫn, nội dung và mã như API quản trị của X-Road. *Paths, bodies and codes are those of X-Road's admin "
        "API.* Mở rộng của Ketnoi · ours: `security_servers` trên quyền · on rights, hai lệnh PATCH · the two "
        "PATCHes that replace them, `/health`, `/audit`, `/traffic`.",
        routes(),
        SPEAKS,
    )
