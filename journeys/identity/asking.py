"""Agencies that ask the identity system, as journeys tell it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ketnoi_client import consents
from ketnoi_client.agency import Agency, Call, Sent
from ketnoi_client.problems import Refused
from ketnoi_protocol.services import Service, System
from ketnoi_registry.store.people import PersonRow
from ketnoi_testbed.asking import person_of
from ketnoi_testbed.world import World

FIELDS = ("HoVaTen", "ThuongTru")
PURPOSE = "Đăng ký thường trú"


class Asking:
    """One agency's information system, which asks in its own name."""

    def __init__(self, country: World, code: str) -> None:
        self.agency: Agency = country.agency(code)
        self._call = Call(system=System.IDENTITY, officer=country.plan.identity[code].officer)

    def consent(
        self, row: PersonRow, service: Service = Service.LOOK_UP_CITIZEN, fields: Sequence[str] = FIELDS, **other: Any
    ) -> str:
        """Ask somebody for a consent; its code. Raises what the client raises."""
        told: dict[str, Any] = {"purpose": PURPOSE, "fields": fields, **self._call, **other}
        return consents.request(self.agency, person_of(row), service, **told).answer.consent

    def state(self, code: str, service: Service = Service.LOOK_UP_CITIZEN) -> str:
        """How a consent stands, as it is written on the wire."""
        return consents.state(self.agency, code, service, **self._call).answer.state.value

    def look_up(self, row: PersonRow, consent: str | None, **call: Any) -> Sent[Any]:
        """Look somebody up. Raises what the client raises."""
        return self.agency.look_up_citizen(person_of(row), **{**self._call, "consent": consent, **call})

    def told(self, row: PersonRow, consent: str | None, **call: Any) -> str:
        """What a look-up is answered with: `00`, `01`, or the code of a refusal."""
        try:
            return str(self.look_up(row, consent, **call).answer.ma_ket_qua)
        except Refused as refused:
            return refused.problem.row.code
