"""X-Road's admin REST API as anybody speaks it: a pinned certificate, an API key, JSON, and errors of four kinds.

Written from X-Road's OpenAPI descriptions; run against Ketnoi's security server and exchange, untested against X-Road
until it has been run.
"""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any, Final, Self

import httpx2
import msgspec

from ketnoi_pages.text import Text
from ketnoi_portal.settings import Exchange, Server, current
from ketnoi_portal.troubles import Troubled, at, of_error

SECONDS: Final = 10.0
CONNECT_SECONDS: Final = 3.0
LONGEST_ANSWER: Final = 8 * 1024 * 1024


class AdminError(Troubled):
    """What can go wrong at an admin API. The text names the kind and the code, never what was sent."""


class Unreachable(AdminError):  # noqa: N818
    """No answer, a broken one, or another server than the one whose certificate is pinned. Try again later."""


class NotAllowed(AdminError):  # noqa: N818
    """401 or 403: the API key is wrong, or lacks the role."""


class TooFast(AdminError):  # noqa: N818
    """429: X-Road takes 20 requests a second and 600 a minute. Try again later."""


class Refused(AdminError):  # noqa: N818
    """Any other refusal, by its status and X-Road's code for it."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(Text(f"bị từ chối: {status} {code}", f"refused: {status} {code}"))
        self.status = status
        self.code = code


class AdminClient:
    """The admin API at `url` (`https://host:4000/api/v1`), whose certificate (PEM) is pinned. A context manager."""

    def __init__(self, url: str, certificate: Path, key: str) -> None:
        self._client = httpx2.Client(
            base_url=url.rstrip("/"),
            headers={"Authorization": f"X-Road-ApiKey token={key}"},
            verify=_pinned(certificate),
            timeout=httpx2.Timeout(SECONDS, connect=CONNECT_SECONDS),
            trust_env=False,
        )

    @classmethod
    def of(cls, told: Server | Exchange) -> Self:
        """The API that a row of the settings names. Raises Unreachable when its files cannot be read."""
        own = current()
        try:
            return cls(told.admin_url, own.path(told.certificate), own.secret(told.api_key_file))
        except (OSError, ssl.SSLError) as error:
            raise Unreachable(
                at(Text(f"thiết lập của {told.instance}", f"settings of {told.instance}"), of_error(error))
            ) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def ask(self, method: str, path: str, body: Any = None, **query: str) -> Any:
        """One request with a JSON body, if any; what it answers, if anything. Raises AdminError."""
        told: dict[str, Any] = {} if body is None else {"json": body}
        try:
            with self._client.stream(method, path, params=query or None, **told) as answer:
                data = bytearray()
                for piece in answer.iter_bytes():
                    data += piece
                    if len(data) > LONGEST_ANSWER:
                        raise Unreachable(Text("trả lời quá dài", "the answer is too long"))
        except (httpx2.TransportError, httpx2.DecodingError, ssl.SSLError) as error:
            raise Unreachable(of_error(error)) from None
        return _read(answer, bytes(data))

    def ensure(self, method: str, path: str, body: Any = None) -> bool:
        """A step that may have been taken before: a 409 on adding and a 404 on removing are success.

        Whether it was this request that did it. Raises AdminError.
        """
        removes = method == "DELETE" or path.endswith("/delete")
        try:
            self.ask(method, path, body)
        except Refused as refused:
            if refused.status == (404 if removes else 409):
                return False
            raise
        return True


def _pinned(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # The one certificate is trusted, whatever name it bears: a security server's is self-signed.
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.load_verify_locations(certificate)
    return context


_NOT_ALLOWED: Final = Text("khóa API sai hoặc thiếu vai trò", "the API key is wrong or lacks the role")
_TOO_FAST: Final = Text("quá nhiều yêu cầu, sẽ thử lại", "too many requests, it is tried again")


def _told(what: Text, status: int) -> Text:
    return Text(f"{what.vi} ({status})", f"{what.en} ({status})")


def _read(answer: httpx2.Response, data: bytes) -> Any:
    # X-Road's answers differ from its own description in the 2xx code.
    if 200 <= answer.status_code < 300:
        if not data:
            return None
        if "json" not in answer.headers.get("content-type", ""):
            return data
        return _json(data)
    if answer.status_code in (401, 403):
        raise NotAllowed(_told(_NOT_ALLOWED, answer.status_code))
    if answer.status_code == 429:
        raise TooFast(_told(_TOO_FAST, answer.status_code))
    told = _json(data) if "json" in answer.headers.get("content-type", "") else {}
    error = told.get("error") if isinstance(told, dict) else None
    code = error.get("code") if isinstance(error, dict) else None
    raise Refused(answer.status_code, str(code or "unknown")[:100])


def _json(data: bytes) -> Any:
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Unreachable(Text("trả lời không phải JSON", "the answer is no JSON")) from None
