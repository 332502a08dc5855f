"""Names for codes: agencies as the signed directory has them, procedures as the settings' file has them."""

from __future__ import annotations

import logging
import tomllib
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import cache
from typing import Final

from ketnoi_identity.registry_client import RegistryUnavailable, registry
from ketnoi_identity.settings import Settings, current
from ketnoi_pages import clock
from ketnoi_pages.text import Text
from ketnoi_protocol.citizens import MOST_NAMES

_log = logging.getLogger(__name__)
_KEPT: Final = timedelta(minutes=10)
_known: dict[str, tuple[str | None, datetime]] = {}
"""Code → name (None: the directory has none) and until when that counts; of this process, agencies alone."""


def names_of(codes: Iterable[str]) -> dict[str, str]:
    """How these agencies are called; whoever has no name here is called by the code.

    The registry is asked once for those that are not known yet. A page is not refused because it cannot answer, and
    shows what was known before.
    """
    wanted, at = set(codes), clock.now()
    missing = tuple(sorted(code for code in wanted if code not in _known or _known[code][1] <= at))[:MOST_NAMES]
    if missing:
        try:
            found = registry().names(missing)
            _known.update({code: (found.get(code), at + _KEPT) for code in missing})
        except RegistryUnavailable as reason:
            _log.warning("names of agencies cannot be had: %s", reason)
    return {code: (_known[code][0] if code in _known else None) or code for code in wanted}


def name_of(code: str) -> str:
    """How one agency is called."""
    return names_of((code,))[code]


@cache
def _procedures() -> dict[str, Text]:
    return procedures_of(current())


def procedures_of(own: Settings) -> dict[str, Text]:
    """Names of procedures by their codes, as the file `procedures` has them; none without such a file.

    Raises OSError; tomllib.TOMLDecodeError, UnicodeDecodeError, AttributeError, TypeError or KeyError for a file of
    another form.
    """
    if not own.procedures:
        return {}
    table = tomllib.loads(own.path(own.procedures).read_text(encoding="utf-8"))
    return {code: Text(each["vi"], each.get("en", each["vi"])) for code, each in table.items()}


def procedure_name(code: str | None) -> Text | None:
    """How a procedure is called, where the settings' file knows it."""
    return _procedures().get(code or "")
