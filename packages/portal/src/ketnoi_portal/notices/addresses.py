"""Whom nothing is ever sent to: the real mailboxes that the guidance names."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

GUIDANCE_MAILBOXES: Final = frozenset({"ketnoidancu", "ketnoidinhdanh"})
GUIDANCE_DOMAINS: Final = frozenset({"gmail.com", "googlemail.com"})


def is_refused(address: str, allowed_domains: Iterable[str] = ()) -> bool:
    """Whether nothing may go to an address.

    The guidance's own mailboxes are refused whatever is configured, in every spelling that reaches them (dots, a
    `+` part, capital letters, the provider's other domain). The rest of their provider is refused unless it stands in
    `allowed_domains`; when that is not empty, so is everybody else who is not in it.
    """
    local, at, domain = address.strip().rpartition("@")
    domain = domain.strip().rstrip(".").casefold()
    if not at or not local or not domain or any(sign in address for sign in "\r\n,;<> "):
        return True
    if domain in GUIDANCE_DOMAINS:
        plain = local.strip('"').split("+", 1)[0].replace(".", "").casefold()
        if plain in GUIDANCE_MAILBOXES:
            return True
    allowed = {each.strip().casefold() for each in allowed_domains}
    return domain not in allowed if allowed else domain in GUIDANCE_DOMAINS
