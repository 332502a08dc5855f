"""`ketnoi-identity verify-receipt`: a receipt is verified by whoever has it, with the published keys."""

from __future__ import annotations

import json
import sys
import urllib.request
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from .receipts import LONGEST, ReceiptError, verify

_MOST_OCTETS: Final = 1_048_576
_SECONDS: Final = 10.0
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def verify_receipt(receipt: Path, keys: str) -> int:
    """Print what the receipt says and 0, or why it does not count and 1. `keys` is a file, or an address (https)."""
    try:
        with receipt.open("rb") as file:
            text = file.read(LONGEST + 1).decode("ascii")
        content = verify(text, _keys(keys))
    except ReceiptError as error:
        print(f"ketnoi-identity: biên nhận không có giá trị · the receipt does not count: {error}", file=sys.stderr)
        return 1
    except (OSError, ValueError) as error:
        told = getattr(error, "strerror", None) or type(error).__name__
        print(f"ketnoi-identity: không đọc được · cannot be read: {told}", file=sys.stderr)
        return 1
    print(json.dumps(content, ensure_ascii=False, indent=2))
    return 0


def _keys(told: str) -> dict[str, Any]:
    if "://" not in told:
        octets = Path(told).read_bytes()
    else:
        at = urlsplit(told)
        if at.scheme != "https" and not (at.scheme == "http" and at.hostname in _LOOPBACK):
            raise ReceiptError("keys are believed from a file, or over https")
        with urllib.request.urlopen(told, timeout=_SECONDS) as answer:  # noqa: S310 - the scheme was looked at
            octets = answer.read(_MOST_OCTETS)
    found = json.loads(octets)
    if not isinstance(found, dict):
        raise ReceiptError("the keys are no JWK Set")
    return found
