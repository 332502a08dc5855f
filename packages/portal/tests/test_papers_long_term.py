"""What a signed PDF carries to prove itself later: a time stamp (RFC 3161), and whether the certificate was revoked."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from asn1crypto import keys, ocsp, tsp, x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509 import Name, NameAttribute
from cryptography.x509.ocsp import OCSPCertStatus
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, SimpleSigner
from pyhanko.sign.timestamps import TimeStamper as TimeStampClient
from pyhanko.sign.validation import DocumentSecurityStore
from pyhanko_certvalidator.registry import SimpleCertificateStore

from ketnoi_portal.files.examination import examine
from ketnoi_portal.files.examiner import Examination, Order, Signature
from ketnoi_portal.files.examiner import examine as examine_here
from ketnoi_portal.papers import verdicts
from ketnoi_testbed.authority import Holder, UnsafeAuthority, UnsafeAuthorityWarning
from ketnoi_testbed.time_stamps import TimeStamper

from .test_papers_signatures import WHO, unsigned

SIGNED_AT = datetime(2026, 11, 26, 3, 0, tzinfo=UTC)
LASTS = timedelta(days=30)
RESPONDER = "http://ocsp.invalid/"
"""Named in certificates, as authorities do; nothing is ever asked there."""
LATER = SIGNED_AT + timedelta(days=400)
NAME = Name([NameAttribute(NameOID.ORGANIZATION_NAME, "UBND tỉnh"), NameAttribute(NameOID.COMMON_NAME, WHO)])


class Standing:
    """A clock that stands at the day of the signature."""

    def now(self) -> datetime:
        """That day."""
        return SIGNED_AT


def an_authority() -> UnsafeAuthority:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnsafeAuthorityWarning)
        return UnsafeAuthority(Standing())


AUTHORITY, STRANGER = an_authority(), an_authority()


class Stamps(TimeStampClient):
    """A time-stamping authority that answers at once; `of` is stamped in place of what was asked for."""

    def __init__(self, authority: UnsafeAuthority, at: datetime, of: bytes = b"") -> None:
        super().__init__()
        self.authority, self.at, self.of = authority, at, of

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        """One answer."""
        if self.of:
            req["message_imprint"]["hashed_message"] = self.of
        return tsp.TimeStampResp.load(self.authority.timestamp(req.dump(force=True), self.at))


def asn1(holder: Holder) -> x509.Certificate:
    return x509.Certificate.load(holder.der)


def signer() -> Holder:
    return AUTHORITY.issue(NAME, usage=("content_commitment",), lasts=LASTS, answers_at=RESPONDER)


def signed(who: Holder, stamps: TimeStampClient | None) -> bytes:
    private = who.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    hand = SimpleSigner(
        signing_cert=asn1(who),
        signing_key=keys.PrivateKeyInfo.load(private),
        cert_registry=SimpleCertificateStore.from_certs([asn1(AUTHORITY.ca)]),
    )
    meta = PdfSignatureMetadata(field_name="ChuKy", subfilter=SigSeedSubFilter.PADES, md_algorithm="sha256")

    async def sign() -> bytes:
        writer = IncrementalPdfFileWriter(BytesIO(unsigned()))
        out = await PdfSigner(meta, signer=hand, timestamper=stamps).async_sign_pdf(writer)
        return bytes(out.getvalue())

    return asyncio.run(sign())


def with_proofs(pdf: bytes, *answers: bytes) -> bytes:
    """The same with a document security store: certificates, and OCSP responses."""
    writer = IncrementalPdfFileWriter(BytesIO(pdf))
    found = [ocsp.OCSPResponse.load(each) for each in answers]
    certificates = [asn1(AUTHORITY.ca), asn1(AUTHORITY.tsa)]
    DocumentSecurityStore.supply_dss_in_writer(writer, None, certs=certificates, ocsps=found)
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def good(who: Holder, at: datetime = SIGNED_AT) -> bytes:
    return AUTHORITY.ocsp_response(who.certificate, this_update=at, status=OCSPCertStatus.GOOD)


def revoked(who: Holder, since: datetime, at: datetime) -> bytes:
    AUTHORITY.revoked[who.certificate.serial_number] = since
    return AUTHORITY.ocsp_response(who.certificate, this_update=at)


def look(pdf: bytes, at: datetime = SIGNED_AT) -> Signature:
    found = examine_here(Order(pdf=pdf, issuers={"CA thử": AUTHORITY.ca.pem.decode()}, at=at))
    (one,) = found.signatures
    return one


def told(pdf: bytes, at: datetime = SIGNED_AT) -> str:
    found: Examination = examine(pdf, {"CA thử": AUTHORITY.ca.pem.decode()}, at)
    lines: Sequence[verdicts.Line] = verdicts.lines(verdicts.kept(verdicts.of_examination(found, at, (WHO,))))
    return "\n".join(line.told.vi for line in lines)


def test_a_time_stamp_proves_the_moment() -> None:
    who, stamped = signer(), SIGNED_AT + timedelta(minutes=3)
    pdf = signed(who, Stamps(AUTHORITY, stamped))
    found = look(pdf, stamped)
    assert (found.problems, found.stamped_at, found.revocation) == ((), stamped, "unknown")
    assert "lúc 10:03 ngày 26/11/2026 (theo dấu thời gian)" in told(pdf, stamped)
    assert "Tệp không kèm trạng thái thu hồi" in told(pdf, stamped)


def test_a_stamped_signature_outlives_its_certificate() -> None:
    who = signer()
    assert look(signed(who, None), LATER).problems == ("expired",)
    stamped = look(signed(who, Stamps(AUTHORITY, SIGNED_AT)), LATER)
    assert (stamped.problems, stamped.stamped_at) == ((), SIGNED_AT)


def test_a_stamp_after_the_certificates_end_proves_nothing_good() -> None:
    late = SIGNED_AT + LASTS + timedelta(days=1)
    assert look(signed(signer(), Stamps(AUTHORITY, late)), LATER).problems == ("expired",)


def test_a_strangers_stamp_proves_no_moment() -> None:
    found = look(signed(signer(), Stamps(STRANGER, SIGNED_AT)))
    assert (found.problems, found.stamped_at) == ((), None)
    assert look(signed(signer(), Stamps(STRANGER, SIGNED_AT)), LATER).problems == ("expired",)


def test_a_stamp_of_something_else_is_found() -> None:
    pdf = signed(signer(), Stamps(AUTHORITY, SIGNED_AT, of=bytes(32)))
    found = look(pdf)
    assert "wrong_time_stamp" in found.problems
    assert found.stamped_at is None
    assert "dấu thời gian không hợp lệ" in told(pdf)


def test_an_answer_that_the_certificate_is_good_is_told() -> None:
    who = signer()
    pdf = with_proofs(signed(who, Stamps(AUTHORITY, SIGNED_AT)), good(who))
    found = look(pdf)
    assert (found.problems, found.revocation) == ((), "good")
    assert "Tệp không kèm trạng thái thu hồi" not in told(pdf)


def test_a_certificate_that_was_revoked_before_signs_nothing() -> None:
    who = signer()
    pdf = with_proofs(signed(who, Stamps(AUTHORITY, SIGNED_AT)), revoked(who, SIGNED_AT - timedelta(days=1), SIGNED_AT))
    found = look(pdf)
    assert (found.problems, found.revocation) == (("revoked",), "revoked")
    assert "chứng thư đã bị thu hồi" in told(pdf)


def test_a_certificate_that_was_revoked_later_signed_while_it_was_good() -> None:
    who, since = signer(), SIGNED_AT + timedelta(days=5)
    pdf = with_proofs(signed(who, Stamps(AUTHORITY, SIGNED_AT)), revoked(who, since, since + timedelta(hours=1)))
    found = look(pdf, SIGNED_AT + timedelta(days=6))
    assert (found.problems, found.stamped_at) == ((), SIGNED_AT)
    unstamped = with_proofs(signed(who, None), revoked(who, since, since + timedelta(hours=1)))
    assert look(unstamped, SIGNED_AT + timedelta(days=6)).problems == ("revoked",)


def test_a_stamp_by_a_revoked_authority_proves_no_moment() -> None:
    authority, who = AUTHORITY, signer()
    stamper = authority.issue(
        Name([NameAttribute(NameOID.COMMON_NAME, "Unsafe other TSA")]),
        usage=("digital_signature",),
        extended=(ExtendedKeyUsageOID.TIME_STAMPING,),
        answers_at=RESPONDER,
    )

    class Others(Stamps):
        async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
            answer = TimeStamper(stamper.certificate, stamper.key).answer(req.dump(), SIGNED_AT)
            return tsp.TimeStampResp.load(answer)

    pdf = signed(who, Others(authority, SIGNED_AT))
    assert look(with_proofs(pdf, good(who))).stamped_at == SIGNED_AT
    answer = revoked(stamper, SIGNED_AT - timedelta(days=1), SIGNED_AT)
    assert look(with_proofs(pdf, good(who), answer)).stamped_at is None
    assert look(with_proofs(pdf, good(who), answer), LATER).problems == ("expired",)


@pytest.mark.parametrize("other", ["stranger", "another certificate"])
def test_an_answer_by_a_stranger_or_about_another_proves_nothing(other: str) -> None:
    who = signer()
    if other == "stranger":
        answer = STRANGER.ocsp_response(who.certificate, this_update=SIGNED_AT, status=OCSPCertStatus.GOOD)
    else:
        answer = good(signer())
    found = look(with_proofs(signed(who, Stamps(AUTHORITY, SIGNED_AT)), answer))
    assert (found.problems, found.revocation) == ((), "unknown")
