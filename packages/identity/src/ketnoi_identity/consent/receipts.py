"""Records and receipts of consents, in the shape of ISO/IEC TS 27560:2023; a receipt is signed and verified offline.

The sections are the specification's: header, processing, parties, events; receipt metadata beside them. Its text was
not at hand [NF]: names of members follow public descriptions of it, and their values are ours [OC]. How long the agency
keeps what it was told is not in the request, so the receipt does not claim to know it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet

from ..openid import keys
from .content import canonical, moment
from .records import Kept

SCHEMA: Final = "ISO/IEC TS 27560:2023 ketnoi-1"
TYPE: Final = "ketnoi-consent-receipt+jws"
KEYS_PATH: Final = "/.well-known/consent-receipts-keys.json"
LONGEST: Final = 65_536
"""A receipt has fewer octets."""
SENSITIVE: Final = frozenset({"DanToc", "TonGiao", "NhomMau"})
"""Fields that law 91/2025/QH15 and its decree call sensitive, and the blood group by prudence."""


class ReceiptError(Exception):
    """A receipt that does not count; the text says why."""


@dataclass(frozen=True, slots=True)
class Names:
    """What codes are called: the agency, the service, and fields as far as they have a name."""

    organisation: str
    service: str
    fields: dict[str, str]


def record_of(
    kept: Kept, principal: str, names: Names, base_url: str, representative: str | None = None
) -> dict[str, Any]:
    """The consent record. `principal` is the pseudonym under which the agency knows the citizen; `representative` says
    what whoever agreed for a child is to it: `father`, `mother` or `representative`."""
    return {
        "header": {"schema_version": SCHEMA, "record_id": kept.id, "pii_principal_id": principal},
        "pii_processing": {
            "privacy_notice": f"{base_url}/dong-y/{kept.id}/",
            "language": "vi",
            "purposes": [
                {
                    "purpose": kept.purpose,
                    "purpose_type": kept.procedure_code,
                    "lawful_basis": "consent",
                    "service": kept.service.value,
                    "service_name": names.service,
                    "pii_information": [_information(field, names) for field in kept.fields],
                    "pii_controllers": [kept.organisation],
                    "collection_method": "NDXP",
                    "processing_method": "một câu trả lời" if kept.one_time else "trả lời cho tới khi đồng ý kết thúc",
                    "jurisdictions": ["VN"],
                    "withdrawal_method": f"{base_url}/dong-y/{kept.id}/",
                    "privacy_rights": f"{base_url}/luot-xem/",
                }
            ],
        },
        "parties": [
            {
                "party_id": kept.organisation,
                "party_name": names.organisation,
                "party_role": "pii_controller",
                "party_contact": kept.unit,
            }
        ],
        "events": _events(kept, principal, representative),
    }


def write(
    kept: Kept,
    principal: str,
    names: Names,
    base_url: str,
    at: datetime,
    key: ECKey,
    *,
    representative: str | None = None,
) -> str:
    """The receipt of a consent that was agreed to, as a compact JWS (ES256) over JSON.

    `base_url` is where citizens reach the pages, without a stroke at its end. Raises ValueError for one that nobody has
    agreed to.
    """
    if not kept.agreed or kept.valid_until is None:
        raise ValueError("nobody has agreed to it")
    content = {
        "receipt": {"receipt_id": f"{kept.id}.{int(at.timestamp())}", "issued_at": moment(at), "issuer": base_url},
        "record": record_of(kept, principal, names, base_url, representative),
    }
    header = {"alg": keys.ALGORITHM, "kid": key.kid, "typ": TYPE}
    return jws.serialize_compact(header, canonical(content), key, [keys.ALGORITHM])


def verify(receipt: str, public_keys: dict[str, Any]) -> dict[str, Any]:
    """What a receipt says, when one of these keys (JWK Set) has signed it. Raises ReceiptError.

    Blanks and line ends are none of it: what was read off paper comes in parts and lines.
    """
    if len(receipt) > LONGEST:
        raise ReceiptError("it is too long")
    try:
        known = KeySet.import_key_set(public_keys)  # type: ignore[arg-type]
    except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ReceiptError("the keys are no JWK Set") from error
    if any(key.key_type != "EC" for key in known.keys):
        raise ReceiptError("the keys are none that sign receipts")
    try:
        found = jws.deserialize_compact("".join(receipt.split()), known, [keys.ALGORITHM])
        if found.protected.get("typ") != TYPE:
            raise ReceiptError("it is signed, but is no receipt")
        content = json.loads(found.payload)
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise ReceiptError("none of these keys has signed it") from error
    if not isinstance(content, dict) or not {"receipt", "record"} <= content.keys():
        raise ReceiptError("it is signed, but says nothing of a consent")
    return content


def signing_key(folder: Path, at: datetime) -> ECKey:
    """The key that signs receipts now, of the folder of keys. Raises NoKeysError."""
    return keys.ring(folder, keys.RECEIPTS).signing(at)


def public_receipt_keys(folder: Path, at: datetime) -> dict[str, Any]:
    """Every key that has ever signed receipts, as a JWK Set: what KEYS_PATH answers. Raises NoKeysError."""
    return keys.ring(folder, keys.RECEIPTS).told(at)


def _information(field: str, names: Names) -> dict[str, Any]:
    return {
        "pii_type": field,
        "pii_attribute_name": names.fields.get(field, field),
        "pii_optional": False,
        "sensitive_pii_category": field in SENSITIVE,
    }


def _events(kept: Kept, principal: str, representative: str | None) -> list[dict[str, Any]]:
    assert kept.decided_at is not None
    assert kept.valid_until is not None
    events: list[dict[str, Any]] = [
        {
            "event_time": moment(kept.decided_at),
            "event_type": "explicit",
            "event_state": "given",
            "entity_id": principal,
            "validity_duration": f"PT{kept.lasts_seconds}S",
            "valid_until": moment(kept.valid_until),
        }
    ]
    if representative is not None:
        events[0]["given_by"] = {"role": "legal_representative", "relation": representative}
    if kept.revoked_at is not None:
        events.append(
            {
                "event_time": moment(kept.revoked_at),
                "event_type": "explicit",
                "event_state": "withdrawn",
                "entity_id": principal,
            }
        )
    return events
