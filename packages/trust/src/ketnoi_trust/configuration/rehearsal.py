"""The rehearsal mark: how a world of invented people is told from the country (our choice; X-Road has none).

A rehearsal's configuration carries one more signed part, KETNOI-REHEARSAL. The mark and the names must agree: with
it, whoever signs the configuration and every approved authority begin with `Unsafe`; without it none does. So a real
anchor, whose certificate is not named Unsafe, can never lead to a configuration that accepts unissuable personal
numbers, and the test bed's authority is worth nothing outside a rehearsal. Writer and reader apply the same rule.
"""

from __future__ import annotations

import json

from ketnoi_trust.configuration.shared_params import SharedParams
from ketnoi_trust.configuration.values import malformed
from ketnoi_trust.parsed_certificate import ParsedCertificate

CONTENT_IDENTIFIER = "KETNOI-REHEARSAL"
FILE_NAME = "rehearsal.json"
UNSAFE = "Unsafe"


def write_mark(instance: str) -> bytes:
    """The content of the marking part."""
    return json.dumps({"rehearsal": True, "instance": instance}).encode() + b"\n"


def check_mark(data: bytes, instance: str) -> None:
    """Raises Refused("malformed_global_conf") unless the data mark exactly this instance."""
    if data != write_mark(instance):
        raise malformed("the rehearsal mark is not that of this instance")


def check_signer(certificate: ParsedCertificate, *, rehearsal: bool) -> None:
    """Raises Refused("malformed_global_conf") when the signer's name and the mark disagree."""
    _check([certificate.common_name or ""], rehearsal=rehearsal)


def check_names(params: SharedParams, *, rehearsal: bool) -> None:
    """Raises Refused when a name that the parameters approve, or the certificate behind it, and the mark disagree."""
    names = [each.name for each in params.authorities] + [each.name for each in params.timestamp_authorities]
    certificates = [each.certificate for each in params.timestamp_authorities]
    for authority in params.authorities:
        certificates += [each.certificate for each in (authority.top, *authority.intermediates)]
    for source in params.sources:
        certificates += [*source.internal_certificates, *source.external_certificates]
    _check(names + [ParsedCertificate.parse(each).common_name or "" for each in certificates], rehearsal=rehearsal)


def _check(names: list[str], *, rehearsal: bool) -> None:
    for name in names:
        if name.startswith(UNSAFE) and not rehearsal:
            raise malformed("an unsafe authority stands in a configuration that is not marked as a rehearsal")
        if rehearsal and not name.startswith(UNSAFE):
            raise malformed("a configuration marked as a rehearsal has an authority that is not named unsafe")
