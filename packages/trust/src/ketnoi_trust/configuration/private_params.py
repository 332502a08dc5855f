"""Private parameters: what the governing side tells its own members only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from lxml import etree

from ketnoi_protocol.identifiers import InvalidIdentifier, MemberId, SubsystemId, client_from_xml
from ketnoi_trust.configuration.anchor import AnchorSource
from ketnoi_trust.configuration.shared_params import WRITTEN_VERSIONS
from ketnoi_trust.configuration.shared_params_reading import conf_of
from ketnoi_trust.configuration.values import (
    Writer,
    certificate_der,
    child,
    children,
    malformed,
    optional_child,
    text_of,
    whole_number,
)


@dataclass(frozen=True, slots=True)
class FederationAnchor:
    """Where the configuration of a federated instance is found, and who signs it."""

    instance: str
    sources: tuple[AnchorSource, ...]


@dataclass(frozen=True, slots=True)
class ManagementService:
    """Where members send their registration requests. The certificate (DER) is that of the address's TLS."""

    registration_address: str
    provider: MemberId | SubsystemId
    registration_certificate: bytes | None = None


@dataclass(frozen=True, slots=True)
class PrivateParams:
    """The file private-params.xml (X-Road PR-GCONF 2.12, versions 2 to 6, which differ in nothing we use)."""

    instance: str
    management: ManagementService
    timestamp_interval: timedelta = timedelta(seconds=60)
    federation: tuple[FederationAnchor, ...] = ()

    @classmethod
    def read(cls, data: bytes, instance: str | None = None) -> PrivateParams:
        """Read the file. Raises Refused("malformed_global_conf"), also when `instance` is another one."""
        root, own = conf_of(data)
        if instance is not None and own != instance:
            raise malformed("the private parameters are those of another instance")
        return cls(
            own,
            _management(child(root, "managementService")),
            timedelta(seconds=whole_number(text_of(child(root, "timeStampingIntervalSeconds")))),
            tuple(
                FederationAnchor(
                    text_of(child(each, "instanceIdentifier")),
                    tuple(
                        AnchorSource(
                            text_of(child(source, "downloadURL")),
                            tuple(certificate_der(found) for found in children(source, "verificationCert")),
                        )
                        for source in children(each, "source")
                    ),
                )
                for each in children(root, "configurationAnchor")
            ),
        )

    def write(self, version: int) -> bytes:
        """The XML of version 2, 3 or 6. Raises Refused("malformed_global_conf")."""
        if version not in WRITTEN_VERSIONS:
            raise malformed("the configuration is written as version 2, 3 or 6")
        writer = Writer("conf")
        writer.text("instanceIdentifier", self.instance)
        for anchor in self.federation:
            with writer.inside("configurationAnchor"):
                writer.text("instanceIdentifier", anchor.instance)
                for source in anchor.sources:
                    with writer.inside("source"):
                        writer.text("downloadURL", source.url)
                        for certificate in source.certificates:
                            writer.base64("verificationCert", certificate)
        with writer.inside("managementService"):
            writer.text("authCertRegServiceAddress", self.management.registration_address)
            if self.management.registration_certificate is not None:
                writer.base64("authCertRegServiceCert", self.management.registration_certificate)
            writer.client("managementRequestServiceProviderId", self.management.provider)
        writer.text("timeStampingIntervalSeconds", str(int(self.timestamp_interval.total_seconds())))
        return writer.finish()


def _management(element: etree._Element) -> ManagementService:
    certificate = optional_child(element, "authCertRegServiceCert")
    try:
        provider = client_from_xml(child(element, "managementRequestServiceProviderId"))
    except InvalidIdentifier as error:
        raise malformed("the provider of the management services has no usable identifier") from error
    return ManagementService(
        text_of(child(element, "authCertRegServiceAddress")),
        provider,
        None if certificate is None else certificate_der(certificate),
    )
