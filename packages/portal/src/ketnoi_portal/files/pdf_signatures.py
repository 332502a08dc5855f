"""Signatures in a PDF, each judged: is what was signed all there, unchanged, by whom, since when, under whom."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from asn1crypto import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificates
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.ades.report import AdESFailure, AdESIndeterminate, AdESSubIndic
from pyhanko.sign.diff_analysis import (
    DEFAULT_DIFF_POLICY,
    FormUpdatingRule,
    ModificationLevel,
    SigFieldCreationRule,
    SigFieldModificationRule,
    StandardDiffPolicy,
)
from pyhanko.sign.validation import (
    DocumentSecurityStore,
    EmbeddedPdfSignature,
    KeyUsageConstraints,
    PdfSignatureStatus,
    SignatureCoverageLevel,
    validate_pdf_signature,
)
from pyhanko.sign.validation.errors import NoDSSFoundError, SignatureValidationError, ValidationInfoReadingError
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.errors import ValidationError

from ketnoi_portal.files.examiner import Signature

MOST_SIGNATURES: Final = 20
# What may follow a signature is another signature, and nothing else: no form fields, no notes.
_ONLY_SIGNATURES: Final = StandardDiffPolicy(
    global_rules=DEFAULT_DIFF_POLICY.global_rules,
    form_rule=FormUpdatingRule(field_rules=[SigFieldCreationRule(), SigFieldModificationRule()]),
)
_USAGE: Final = KeyUsageConstraints(key_usage={"non_repudiation", "digital_signature"}, match_all_key_usages=False)
_TRUST: Final[dict[AdESSubIndic, str]] = {
    AdESIndeterminate.EXPIRED: "expired",
    AdESIndeterminate.OUT_OF_BOUNDS_NO_POE: "expired",
    AdESIndeterminate.OUT_OF_BOUNDS_NOT_REVOKED: "expired",
    AdESFailure.REVOKED: "revoked",
    AdESIndeterminate.REVOKED_NO_POE: "revoked",
    AdESIndeterminate.REVOKED_CA_NO_POE: "revoked",
    AdESIndeterminate.CRYPTO_CONSTRAINTS_FAILURE: "weak",
    AdESIndeterminate.CRYPTO_CONSTRAINTS_FAILURE_NO_POE: "weak",
    AdESIndeterminate.CHAIN_CONSTRAINTS_FAILURE: "wrong_usage",
    AdESIndeterminate.SIG_CONSTRAINTS_FAILURE: "wrong_usage",
}
_REVOKED: Final = frozenset(indication for indication, code in _TRUST.items() if code == "revoked")
_GOOD_ANSWER: Final = {"revocation_mode": "require", "retroactive_revinfo": True}
_ANY_ANSWER: Final = {
    "revocation_mode": "soft-fail",
    "retroactive_revinfo": True,
    "time_tolerance": timedelta(days=100 * 365),
}
# Certificates of Vietnamese authorities may carry a personal or tax number in a name; it is not kept.
_NUMBERS: Final = re.compile(r"\d[\d .-]{7,}\d")


def issuers_of(pems: Mapping[str, str]) -> dict[str, x509.Certificate]:
    """The trust list: every certificate of each PEM text, by SHA-256; the name is the value's own key in `pems`."""
    return {
        f"{name}#{number}": x509.Certificate.load(each.public_bytes(Encoding.DER))
        for name, pem in pems.items()
        for number, each in enumerate(load_pem_x509_certificates(pem.encode()))
    }


def judge(reader: PdfFileReader, issuers: Mapping[str, x509.Certificate], at: datetime) -> list[Signature]:
    """Every signature in the file, oldest first, judged at a moment where no time stamp proves another."""
    embedded = list(reader.embedded_regular_signatures)[:MOST_SIGNATURES]
    return [_one(each, number == len(embedded), issuers, at) for number, each in enumerate(embedded, 1)]


def _one(
    embedded: EmbeddedPdfSignature, is_last: bool, issuers: Mapping[str, x509.Certificate], at: datetime
) -> Signature:
    try:
        status, moment = _status(embedded, issuers, at)
    except (PdfError, SignatureValidationError, ValidationError, ValueError, TypeError, KeyError, AttributeError):
        # Made-up structures reach many corners of the reader; each means that nothing is proved.
        return Signature(field=str(embedded.fq_name), problems=("malformed",))
    names = status.signing_cert.subject.native
    stamped = moment if moment is not at else None
    revocation = _revocation(embedded, status, issuers, moment)
    problems = tuple(dict.fromkeys(_problems(status, is_last, moment, revocation)))
    return Signature(
        field=str(embedded.fq_name),
        signer=_name(names.get("common_name")),
        organisation=_name(names.get("organization_name")),
        authority=_authority(status, issuers),
        claimed_at=status.signer_reported_dt,
        stamped_at=stamped,
        revocation=revocation,
        problems=problems,
    )


def _status(
    embedded: EmbeddedPdfSignature, issuers: Mapping[str, x509.Certificate], at: datetime
) -> tuple[PdfSignatureStatus, datetime]:
    """The status, and the moment at which the certificate had to be good: a proved time, or the present one."""
    status = _validate(embedded, _context(embedded, issuers, at))
    stamp = status.timestamp_validity
    if stamp is None or not (stamp.valid and stamp.intact and stamp.trusted):
        return status, at
    asked = _validate(embedded, _context(embedded, issuers, at, **_ANY_ANSWER)).timestamp_validity
    if asked is None or asked.revoked:
        return status, at
    proved = stamp.timestamp
    return _validate(embedded, _context(embedded, issuers, proved), _context(embedded, issuers, at)), proved


def _validate(
    embedded: EmbeddedPdfSignature, context: ValidationContext, for_stamp: ValidationContext | None = None
) -> PdfSignatureStatus:
    return validate_pdf_signature(
        embedded,
        signer_validation_context=context,
        ts_validation_context=for_stamp,
        diff_policy=_ONLY_SIGNATURES,
        key_usage_settings=_USAGE,
    )


def _context(
    embedded: EmbeddedPdfSignature,
    issuers: Mapping[str, x509.Certificate],
    moment: datetime,
    **revocation: Any,
) -> ValidationContext:
    """What the chain is judged by; with `revocation` (options) also what the file carries about revocation.

    The two are asked apart: an answer about somebody else, or one that is too old, makes no chain untrusted.
    """
    given: dict[str, Any] = {"trust_roots": list(issuers.values()), "moment": moment, "allow_fetching": False}
    try:
        store = DocumentSecurityStore.read_dss(embedded.reader)
        if revocation:
            return store.as_validation_context(given | revocation)
        return ValidationContext(**given, other_certs=list(store.load_certs()))
    except (NoDSSFoundError, ValidationInfoReadingError, PdfError, ValueError):
        return ValidationContext(**given, **revocation)


def _problems(status: PdfSignatureStatus, is_last: bool, moment: datetime, revocation: str) -> list[str]:
    found = []
    if not status.intact or not status.valid:
        found.append("changed")
    # The last one may be followed by proofs for the archive alone, an earlier one by further signatures too.
    allowed = ModificationLevel.LTA_UPDATES if is_last else ModificationLevel.FORM_FILLING
    level = status.modification_level
    if status.coverage not in (SignatureCoverageLevel.ENTIRE_FILE, SignatureCoverageLevel.ENTIRE_REVISION):
        found.append("not_whole")
    elif level is None or level > allowed or status.docmdp_ok is False:
        found.append("appended")
    if revocation == "revoked":
        found.append("revoked")
    elif moment < status.signing_cert.not_valid_before:
        found.append("not_yet_valid")
    elif status.trust_problem_indic is not None:
        found.append(_TRUST.get(status.trust_problem_indic, "untrusted"))
    elif status.validation_path is None:
        found.append("untrusted")
    stamp = status.timestamp_validity
    if stamp is not None and not (stamp.valid and stamp.intact):
        found.append("wrong_time_stamp")
    return found


def _authority(status: PdfSignatureStatus, issuers: Mapping[str, x509.Certificate]) -> str:
    if status.trusted and status.validation_path is not None:
        anchor = status.validation_path.trust_anchor.certificate
        for name, each in issuers.items():
            if each.dump() == anchor.dump():
                return name.partition("#")[0]
    return _name(status.signing_cert.issuer.native.get("common_name"))


def _revocation(
    embedded: EmbeddedPdfSignature,
    status: PdfSignatureStatus,
    issuers: Mapping[str, x509.Certificate],
    moment: datetime,
) -> str:
    """What the file proves: that it was revoked by then, that it was good then, or neither.

    That a certificate was revoked is true for ever, however old the answer; that it is good, for the answer's own time.
    An answer that was given after the moment counts for it, as archives have it.
    """
    try:
        asked = _validate(embedded, _context(embedded, issuers, moment, **_ANY_ANSWER))
        if asked.revoked or asked.trust_problem_indic in _REVOKED:
            return "revoked"
        if not status.trusted:
            return "unknown"
        asked = _validate(embedded, _context(embedded, issuers, moment, **_GOOD_ANSWER))
    except (PdfError, SignatureValidationError, ValidationError, ValueError):
        return "unknown"
    return "good" if asked.trusted else "unknown"


def _name(value: object) -> str:
    """A name from a certificate, on one line, without numbers that could be a person's."""
    told = ", ".join(map(str, value)) if isinstance(value, list) else str(value or "")
    return _NUMBERS.sub("…", " ".join(told.split()))[:200]
