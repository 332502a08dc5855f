"""What could stop messages, in X-Road's form: OK, WAITING or FAIL for everything that comes from outside."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from ketnoi_securityserver.admin.routing import Asked, Route
from ketnoi_securityserver.admin.views import Views
from ketnoi_securityserver.credentials import Credentials
from ketnoi_securityserver.globalconf import GlobalConfiguration
from ketnoi_securityserver.messagelog.timestamping import Timestamper

_OK, _WAITING, _FAIL = ("OK", "SUCCESS"), ("WAITING", "UNINITIALIZED"), ("FAIL", "ERROR")


class DiagnosticsRoutes:
    """/diagnostics. `status_message` is ours: why, for an operator."""

    def __init__(
        self, globalconf: GlobalConfiguration, credentials: Credentials, timestamper: Timestamper, views: Views
    ) -> None:
        self._globalconf = globalconf
        self._credentials = credentials
        self._timestamper = timestamper
        self._views = views

    @property
    def routes(self) -> list[Route]:
        """Every address of this part."""
        return [
            Route("GET", "/diagnostics/globalconf", None, self._configuration),
            Route("GET", "/diagnostics/ocsp-responders", None, self._responders),
            Route("GET", "/diagnostics/timestamping-services", None, self._timestamping),
        ]

    async def _configuration(self, asked: Asked) -> tuple[int, Any]:
        polled, problem = self._globalconf.polled_at, self._globalconf.problem
        shown = _status(_WAITING if polled is None else _FAIL if problem else _OK, problem)
        if polled is not None:
            shown["prev_update_at"] = polled.isoformat()
            shown["next_update_at"] = (polled + timedelta(seconds=self._globalconf.poll_seconds)).isoformat()
        return 200, shown

    async def _responders(self, asked: Asked) -> tuple[int, Any]:
        configuration = self._views.current()
        asked_of = self._credentials.responders
        shown = []
        for known in configuration.known_authorities if configuration is not None else ():
            responders = []
            for url in known.ocsp_urls:
                last = asked_of.get(url)
                status = _WAITING if last is None else _FAIL if last.problem else _OK
                responder = {"url": url, **_status(status, last.problem if last is not None else "")}
                if last is not None:
                    responder["prev_update_at"] = last.at.isoformat()
                responders.append(responder)
            name = known.certificate.certificate.subject.rfc4514_string()
            shown.append({"distinguished_name": name, "ocsp_responders": responders})
        return 200, shown

    async def _timestamping(self, asked: Asked) -> tuple[int, Any]:
        configuration = self._views.current()
        asked_of = self._timestamper.authorities
        shown = []
        for authority in configuration.timestamp_authorities if configuration is not None else ():
            last = asked_of.get(authority.url)
            status = _WAITING if last is None else _FAIL if last.problem else _OK
            one = {"url": authority.url, **_status(status, last.problem if last is not None else "")}
            if last is not None:
                one["prev_update_at"] = last.at.isoformat()
            shown.append(one)
        return 200, shown


def _status(status: tuple[str, str], message: str) -> dict[str, Any]:
    return {"status_class": status[0], "status_code": status[1], "status_message": message}
