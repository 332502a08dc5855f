"""The global configuration: who takes part, and whom to believe, signed by the governing side of an instance.

Way in: an `Anchor` (carried by hand) → `SignedDirectory.verify` → `Configuration.from_signed_directory`.
Way out, for the governing side: `SharedParams.write`, `PrivateParams.write`, `SignedDirectory.write`, `Anchor.make`.
"""

from ketnoi_trust.configuration.anchor import Anchor, AnchorSource
from ketnoi_trust.configuration.private_params import FederationAnchor, ManagementService, PrivateParams
from ketnoi_trust.configuration.shared_params import (
    AcmeServer,
    ApprovedAuthority,
    AuthorityCertificate,
    CertificateHash,
    ConfigurationSource,
    GlobalGroup,
    Maintenance,
    Member,
    MemberClass,
    OcspResponder,
    SecurityServer,
    SharedParams,
    Subsystem,
    TimestampAuthority,
)
from ketnoi_trust.configuration.signed_directory import (
    DirectoryContent,
    DirectoryListing,
    DirectoryPart,
    SignedDirectory,
)
from ketnoi_trust.configuration.store import Configuration, KnownAuthority

__all__ = [
    "AcmeServer",
    "Anchor",
    "AnchorSource",
    "ApprovedAuthority",
    "AuthorityCertificate",
    "CertificateHash",
    "Configuration",
    "ConfigurationSource",
    "DirectoryContent",
    "DirectoryListing",
    "DirectoryPart",
    "FederationAnchor",
    "GlobalGroup",
    "KnownAuthority",
    "Maintenance",
    "ManagementService",
    "Member",
    "MemberClass",
    "OcspResponder",
    "PrivateParams",
    "SecurityServer",
    "SharedParams",
    "SignedDirectory",
    "Subsystem",
    "TimestampAuthority",
]
