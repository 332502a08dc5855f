"""Who may use which endpoint of a service, and from which security server. Default deny; there are no deny rules.

A right names its subject (a subsystem), a service, a method and a path pattern, and the security servers it may be
used from. The server is part of it because it is the *server* that is opened when an agency is connected; X-Road
itself knows no such limit [our choice], hence a refusal code of its own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from ketnoi_protocol.errors import Refusal
from ketnoi_protocol.identifiers import SecurityServerId, ServiceId, SubsystemId

if TYPE_CHECKING:
    from ketnoi_securityserver.serverconf import AccessRight

_ENCODED_SLASH = re.compile(r"%2[Ff]")
_STILL_ENCODED = re.compile(r"%(?:2[EeFf]|5[Cc])")
_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_PATTERN_TOKEN = re.compile(r"\*\*|\\\*|\*|[^*\\]+|\\")


def judged_path(raw: str) -> str:
    """The decoded form of a raw service path, on which rights are judged; the raw form is what is forwarded.

    Raises Refusal `bad_request` for a path that two servers could read differently: an unfinished percent escape,
    an encoded slash, which one server takes for a letter and the next for the end of a segment [our choice: X-Road
    lets it pass], octets that are not UTF-8, a control character or backslash, a dot segment (also one with
    parameters, `..;x`), or a dot, slash or backslash still encoded after decoding (PR-REST; X-Road 7.7.1 on path
    traversal).
    """
    if not raw:
        return "/"
    if _ESCAPE.search(raw):
        raise Refusal("bad_request", "the path has an unfinished percent escape")
    if _ENCODED_SLASH.search(raw):
        raise Refusal("bad_request", "the path has an encoded slash")
    if "%" in raw:
        try:
            path = unquote_to_bytes(raw).decode("utf-8")
        except UnicodeDecodeError:
            raise Refusal("bad_request", "the path is not UTF-8") from None
    else:
        path = raw
    if "\\" in path or any(letter < " " or letter == "\x7f" for letter in path):
        raise Refusal("bad_request", "the path has a backslash or a control character")
    if "." in path and any(segment.partition(";")[0] in (".", "..") for segment in path.split("/")):
        raise Refusal("bad_request", "the path has a dot segment")
    if _STILL_ENCODED.search(path):
        raise Refusal("bad_request", "the path is encoded twice")
    return path


@lru_cache(maxsize=4096)
def _matcher(pattern: str) -> re.Pattern[str]:
    forms = {"**": ".*", "*": "[^/]*", "\\*": r"\*"}
    return re.compile("".join(forms.get(token) or re.escape(token) for token in _PATTERN_TOKEN.findall(pattern)), re.S)


def path_matches(pattern: str, path: str) -> bool:
    """Whether the pattern covers the decoded path: `*` is any run without a slash, `**` anything, `\\*` an asterisk."""
    return pattern == "**" or _matcher(pattern).fullmatch(path) is not None


class AccessRights:
    """The rights of one moment, by subject and service."""

    def __init__(self, rights: Sequence[AccessRight]) -> None:
        self._rights: dict[tuple[SubsystemId, ServiceId], list[AccessRight]] = {}
        for right in rights:
            self._rights.setdefault((right.subject, right.service), []).append(right)

    def check_use(
        self, client: SubsystemId, service: ServiceId, method: str, path: str, server: SecurityServerId
    ) -> None:
        """Let `client` use this method and decoded path of `service` from `server`, or refuse.

        Raises Refusal: `access_denied` when no right covers it, `server_not_opened` when one does, but names other
        security servers.
        """
        # A path with empty segments must be allowed in both readings, since some servers collapse them.
        paths = {path, re.sub("/{2,}", "/", path)}
        covering = [
            right
            for right in self._rights.get((client, service), ())
            if right.method in ("*", method) and all(path_matches(right.path, form) for form in paths)
        ]
        if not covering:
            raise Refusal("access_denied", f"{client} has no right to {service} for this method and path")
        if not any(server in right.security_servers for right in covering):
            raise Refusal("server_not_opened", f"{client} may use {service}, but not from {server}")
