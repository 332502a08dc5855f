"""/certification-services with what hangs beneath them, and /timestamping-services. Certificates come as forms."""

from __future__ import annotations

from typing import Any

from ketnoi_exchange.actions import Actions, checks
from ketnoi_exchange.admin.bodies import AuthoritySettings
from ketnoi_exchange.admin.routing import SYSTEM, TRUST, Asked, Route
from ketnoi_exchange.admin.trust_views import TrustViews
from ketnoi_trust.configuration import (
    AcmeServer,
    ApprovedAuthority,
    AuthorityCertificate,
    OcspResponder,
    TimestampAuthority,
)

_SERVICE = "certification_service_not_found"
_INTERMEDIATE = "intermediate_ca_not_found"
_RESPONDER = "ocsp_responder_not_found"
_STAMPS = "timestamping_authority_not_found"


class TrustRoutes:
    """Which authorities count."""

    def __init__(self, actions: Actions, views: TrustViews) -> None:
        self._actions = actions
        self._views = views

    @property
    def routes(self) -> list[Route]:
        """Every address of this part."""
        service, intermediate = "/certification-services/{id}", "/intermediate-cas/{id}"
        return [
            Route("GET", "/certification-services", TRUST, self._services),
            Route("POST", "/certification-services", SYSTEM, self._add),
            Route("GET", service, TRUST, self._service),
            Route("PATCH", service, SYSTEM, self._change),
            Route("DELETE", service, SYSTEM, self._remove),
            Route("GET", service + "/certificate", TRUST, self._certificate),
            Route("GET", service + "/intermediate-cas", TRUST, self._intermediates),
            Route("POST", service + "/intermediate-cas", SYSTEM, self._add_intermediate),
            Route("GET", service + "/ocsp-responders", TRUST, self._responders),
            Route("POST", service + "/ocsp-responders", SYSTEM, self._add_responder),
            Route("GET", intermediate, TRUST, self._intermediate),
            Route("DELETE", intermediate, SYSTEM, self._remove_intermediate),
            Route("GET", intermediate + "/ocsp-responders", TRUST, self._intermediate_responders),
            Route("POST", intermediate + "/ocsp-responders", SYSTEM, self._add_intermediate_responder),
            Route("DELETE", "/ocsp-responders/{id}", SYSTEM, self._remove_responder),
            Route("GET", "/timestamping-services", SYSTEM, self._stamps),
            Route("POST", "/timestamping-services", SYSTEM, self._add_stamps),
            Route("GET", "/timestamping-services/{id}", SYSTEM, self._one_stamps),
            Route("DELETE", "/timestamping-services/{id}", SYSTEM, self._remove_stamps),
        ]

    async def _services(self, asked: Asked) -> tuple[int, Any]:
        return 200, await self._views.services()

    async def _service(self, asked: Asked) -> tuple[int, Any]:
        return 200, await self._views.service(asked.number(_SERVICE))

    async def _add(self, asked: Asked) -> tuple[int, Any]:
        certificate = checks.certificate(asked.file("certificate"))
        directory = asked.field("acme_server_directory_url")
        acme = None
        if directory is not None:
            acme = AcmeServer(
                directory,
                asked.field("acme_server_ip_address"),
                asked.field("authentication_certificate_profile_id"),
                asked.field("signing_certificate_profile_id"),
            )
        id_ = await self._actions.add_authority(
            asked.actor,
            ApprovedAuthority(
                # As X-Road, which names a service after its certificate.
                certificate.common_name or certificate.subject.rfc4514_string(),
                AuthorityCertificate(certificate.der),
                asked.field("certificate_profile_info") or "",
                authentication_only=asked.field("tls_auth") == "true",
                csr_format=asked.field("default_csr_format"),
                acme=acme,
            ),
        )
        return 201, await self._views.service(id_)

    async def _change(self, asked: Asked) -> tuple[int, Any]:
        id_, wanted = asked.number(_SERVICE), asked.body(AuthoritySettings)
        only = None if wanted.tls_auth is None else wanted.tls_auth in {True, "true"}
        await self._actions.change_authority(
            asked.actor, id_, profile=wanted.certificate_profile_info, authentication_only=only
        )
        return 200, await self._views.service(id_)

    async def _remove(self, asked: Asked) -> tuple[int, Any]:
        await self._actions.remove_authority(asked.actor, asked.number(_SERVICE))
        return 204, None

    async def _certificate(self, asked: Asked) -> tuple[int, Any]:
        return 200, await self._views.service_certificate(asked.number(_SERVICE))

    async def _intermediates(self, asked: Asked) -> tuple[int, Any]:
        return 200, await self._views.intermediates(asked.number(_SERVICE))

    async def _add_intermediate(self, asked: Asked) -> tuple[int, Any]:
        certificate = AuthorityCertificate(asked.file("certificate"))
        id_ = await self._actions.add_intermediate(asked.actor, asked.number(_SERVICE), certificate)
        return 201, await self._views.intermediate(id_)

    async def _intermediate(self, asked: Asked) -> tuple[int, Any]:
        return 200, await self._views.intermediate(asked.number(_INTERMEDIATE))

    async def _remove_intermediate(self, asked: Asked) -> tuple[int, Any]:
        await self._actions.remove_intermediate(asked.actor, asked.number(_INTERMEDIATE))
        return 204, None

    async def _responders(self, asked: Asked) -> tuple[int, Any]:
        return 200, await self._views.responders(service=asked.number(_SERVICE))

    async def _intermediate_responders(self, asked: Asked) -> tuple[int, Any]:
        return 200, await self._views.responders(intermediate=asked.number(_INTERMEDIATE))

    async def _add_responder(self, asked: Asked) -> tuple[int, Any]:
        service = asked.number(_SERVICE)
        id_ = await self._actions.add_ocsp_responder(asked.actor, _responder(asked), service=service)
        return 201, await self._views.responder(id_)

    async def _add_intermediate_responder(self, asked: Asked) -> tuple[int, Any]:
        intermediate = asked.number(_INTERMEDIATE)
        id_ = await self._actions.add_ocsp_responder(asked.actor, _responder(asked), intermediate=intermediate)
        return 201, await self._views.responder(id_)

    async def _remove_responder(self, asked: Asked) -> tuple[int, Any]:
        await self._actions.remove_ocsp_responder(asked.actor, asked.number(_RESPONDER))
        return 204, None

    async def _stamps(self, asked: Asked) -> tuple[int, Any]:
        return 200, await self._views.timestamping_services()

    async def _add_stamps(self, asked: Asked) -> tuple[int, Any]:
        certificate = checks.certificate(asked.file("certificate"))
        name = certificate.common_name or certificate.subject.rfc4514_string()
        stamps = TimestampAuthority(name, asked.field("url") or "", certificate.der, asked.field("cost_type"))
        return 201, await self._views.timestamping_service(
            await self._actions.add_timestamp_authority(asked.actor, stamps)
        )

    async def _one_stamps(self, asked: Asked) -> tuple[int, Any]:
        return 200, await self._views.timestamping_service(asked.number(_STAMPS))

    async def _remove_stamps(self, asked: Asked) -> tuple[int, Any]:
        await self._actions.remove_timestamp_authority(asked.actor, asked.number(_STAMPS))
        return 204, None


def _responder(asked: Asked) -> OcspResponder:
    return OcspResponder(asked.field("url") or "", asked.form.get("certificate") or None, asked.field("cost_type"))
