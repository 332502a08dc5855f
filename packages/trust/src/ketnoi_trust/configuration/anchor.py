"""The configuration anchor: the one file that is trusted because somebody carried it by hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha224

from ketnoi_trust.configuration.values import (
    XROAD,
    Writer,
    certificate_der,
    child,
    children,
    moment,
    optional_child,
    root_of,
    text_of,
    written_moment,
)
from ketnoi_trust.errors import Refused

ANCHOR = f"{{{XROAD}}}configurationAnchor"


@dataclass(frozen=True, slots=True)
class AnchorSource:
    """One address of the configuration and the certificates (DER) of which one signs it."""

    url: str
    certificates: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Anchor:
    """An anchor (X-Road PR-GCONF 2.12): whose configuration, where, and signed by whom.

    `data` are the bytes of the file, which the fingerprint covers; two anchors that say the same may differ in it.
    """

    instance: str
    sources: tuple[AnchorSource, ...]
    generated_at: datetime | None
    data: bytes = field(repr=False, compare=False)

    @classmethod
    def parse(cls, data: bytes) -> Anchor:
        """Read an anchor file; raises Refused("malformed_global_conf")."""
        root = root_of(data)
        if root.tag != ANCHOR:
            raise Refused("malformed_global_conf", "the file is not a configuration anchor")
        sources = tuple(
            AnchorSource(
                text_of(child(source, "downloadURL")),
                tuple(certificate_der(each) for each in children(source, "verificationCert")),
            )
            for source in children(root, "source")
        )
        if not sources or not all(source.url and source.certificates for source in sources):
            raise Refused("malformed_global_conf", "the anchor needs a source with an address and a certificate")
        instance = text_of(child(root, "instanceIdentifier"))
        if not instance:
            raise Refused("malformed_global_conf", "the anchor names no instance")
        generated = optional_child(root, "generatedAt")
        return cls(instance, sources, None if generated is None else moment(text_of(generated)), data)

    @classmethod
    def make(cls, instance: str, sources: tuple[AnchorSource, ...], generated_at: datetime) -> Anchor:
        """A new anchor; `generated_at` is aware UTC. What cannot be read back is refused like a bad file."""
        writer = Writer("configurationAnchor")
        writer.text("generatedAt", written_moment(generated_at))
        writer.text("instanceIdentifier", instance)
        for source in sources:
            with writer.inside("source"):
                writer.text("downloadURL", source.url)
                for certificate in source.certificates:
                    writer.base64("verificationCert", certificate)
        return cls.parse(writer.finish())

    def write(self) -> bytes:
        """The bytes of the file."""
        return self.data

    @property
    def certificates(self) -> tuple[bytes, ...]:
        """Every certificate (DER) that may sign this instance's configuration."""
        return tuple(certificate for source in self.sources for certificate in source.certificates)

    @property
    def fingerprint(self) -> str:
        """SHA-224 of the file, as people compare it: hexadecimal pairs with colons."""
        return sha224(self.data).digest().hex(":").upper()
