"""The gateway for today's SOAP callers: their message in, the registry's own answer out.

A one-stop-shop system sends an officer's personal number, no signature, and not every field that the registry needs.
The gateway stands beside it in the agency: it reads the message with the registry's own reader, puts the officer's
account code where the tables lead to one, fills in unit and procedure from the settings where the caller sends none,
writes the message in the one form, and hands it to the agency's security server, signed with the integration account.

Nobody is guessed: an officer whom the tables do not name is refused here, before anything leaves.
"""

from __future__ import annotations

import json
import re
import tomllib
import uuid
from dataclasses import dataclass

import msgspec

from ketnoi_client.agency import Agency
from ketnoi_client.problems import KetnoiError, Refused, SettingsError, Unreachable, from_registry
from ketnoi_client.settings import Settings
from ketnoi_protocol.envelope import request_of
from ketnoi_protocol.errors import Refusal
from ketnoi_protocol.identifiers import InvalidIdentifier, OrganisationCode
from ketnoi_protocol.services import CatalogueEntry
from ketnoi_protocol.soap_envelope import (
    CHARSETS,
    CONTENT_TYPE,
    FAULT_STATUS,
    MEDIA_TYPES,
    read_envelope,
    write_fault,
)
from ketnoi_protocol.soap_requests import Fields, encode_request, read_fields
from ketnoi_protocol.soap_schema import wsdl
from ketnoi_protocol.xml_reading import Element

_CHARSET = re.compile(r';\s*charset="?([^";]*)"?', re.IGNORECASE)


class Tables(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What callers send → what is approved. `repr` tells nothing: officers' personal numbers may stand here."""

    officers: dict[str, str] = msgspec.field(name="MaCanBo", default_factory=dict)
    accounts: dict[str, str] = msgspec.field(name="TaiKhoan", default_factory=dict)
    units: dict[str, str] = msgspec.field(name="MaDonVi", default_factory=dict)
    procedures: dict[str, str] = msgspec.field(name="MaDVC", default_factory=dict)

    def __repr__(self) -> str:
        """The kind alone."""
        return "Tables(…)"

    @classmethod
    def read(cls, settings: Settings) -> Tables:
        """The tables that the settings name. Raises SettingsError, which quotes nothing of the file."""
        path = settings.path(settings.soap_gateway.tables)
        try:
            if path.stat().st_mode & 0o077:
                raise SettingsError(f"{path}: người khác đọc được · others may read it; chmod 600")
            return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), cls)
        except OSError as error:
            raise SettingsError(f"{path}: không đọc được · cannot be read: {error.strerror}") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError):
            raise SettingsError(
                f"{path}: cần TOML với [MaCanBo], [TaiKhoan], [MaDonVi], [MaDVC] · is no TOML with these tables"
            ) from None


@dataclass(frozen=True, slots=True)
class Answered:
    """What goes back to the caller. `code` is the refusal's where there was one, `service` what was asked if it was.

    `retry_after` is what the registry said about it, in seconds; empty when it said nothing.
    """

    status: int
    body: bytes
    message_id: str = ""
    service: str = ""
    code: str = ""
    retry_after: str = ""


class Gateway:
    """Answers SOAP messages through an agency's own access. Safe to use from several threads."""

    def __init__(self, agency: Agency, tables: Tables) -> None:
        self._agency = agency
        self._settings = agency.settings
        self._tables = tables
        self._officers = frozenset([*tables.officers.values(), *tables.accounts.values()])
        self._entries = [entry for entry in self._settings.entries() if entry.soap is not None]

    def answer(self, content_type: str, body: bytes) -> Answered:
        """The registry's answer as it came, or a fault that says what is wrong. Raises nothing of KetnoiError."""
        message_id = service = ""
        try:
            _check_media_type(content_type)
            entry, fields = self._read(read_envelope(body))
            service, message_id = entry.service.value, f"{entry.instance}-{uuid.uuid4()}"
            return self._ask(entry, fields, message_id)
        except Refusal as refusal:
            return _fault(refusal, message_id, service)
        except KetnoiError as error:
            return _fault(_refusal_of(error), message_id, service)

    def description(self, service_code: str, address: str) -> bytes | None:
        """The WSDL of a service, asked at `address`; None for one that is not asked here."""
        for entry in self._entries:
            if entry.service_code == service_code:
                return wsdl(entry, f"{address}/{service_code}")
        return None

    def _read(self, asked: Element) -> tuple[CatalogueEntry, Fields]:
        """Which service is meant, by operation and MaTichHop, and what the message says. Raises Refusal `10`."""
        refusal = Refusal("unknown_service", "no service that is asked here has this operation")
        for entry in self._entries:
            operation = entry.soap
            if operation is None or asked.name != operation.request:
                continue
            fields = read_fields(operation, asked, passed_over=True)
            if fields.get("MaTichHop") == entry.ma_tich_hop:
                return entry, fields
            refusal = Refusal("10", "MaTichHop (MaDichVu) is no code of this operation")
        raise refusal

    def _ask(self, entry: CatalogueEntry, fields: Fields, message_id: str) -> Answered:
        assert entry.soap is not None, "one of those that are asked here"
        officer = self._officer(fields)
        told = {name: value for name, value in fields.items() if name not in entry.soap.passed_over}
        told["MaCanBo"] = officer
        told["MaDonVi"] = self._unit(fields.get("MaDonVi", ""))
        procedure = fields.get("MaDVC", "") or self._settings.procedure
        told["MaDVC"] = self._tables.procedures.get(procedure, procedure)
        octets = encode_request(entry.soap, request_of(entry.service, told))
        reply = self._agency.exchange(entry, message_id, octets, officer, CONTENT_TYPE)
        kind = reply.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind not in MEDIA_TYPES:
            # Such as a refusal that arose before the registry knew in which dialect it was asked.
            raise from_registry(reply.status, reply.body)
        code = "" if reply.status == 200 else _code_of(reply.body)
        later = reply.headers.get("retry-after", "")
        retry_after = later if re.fullmatch("[0-9]{1,5}", later) else ""
        return Answered(reply.status, reply.body, message_id, entry.service.value, code, retry_after)

    def _officer(self, fields: Fields) -> str:
        """The account code of whoever asks. The account's name counts only where there is no MaCanBo."""
        sent = fields.get("MaCanBo", "")
        found = self._tables.officers.get(sent) if sent else self._tables.accounts.get(fields.get("TaiKhoan", ""))
        if found is None and sent in self._officers:
            found = sent
        if found is None:
            raise Refusal("24", "MaCanBo, TaiKhoan: the gateway's table leads to no officer's account")
        return found

    def _unit(self, sent: str) -> str:
        unit = self._tables.units.get(sent, sent) or self._settings.unit or self._settings.organisation
        try:
            ours = OrganisationCode.parse(self._settings.organisation).covers(OrganisationCode.parse(unit))
        except InvalidIdentifier as error:
            raise Refusal("10", f"MaDonVi: {error}") from None
        if not ours:
            raise Refusal("22", "MaDonVi is neither this organisation nor beneath it")
        return unit


def _check_media_type(content_type: str) -> None:
    found = _CHARSET.search(content_type)
    charset = (found[1].strip().lower() or None) if found else None
    if content_type.partition(";")[0].strip().lower() not in MEDIA_TYPES or charset not in CHARSETS:
        raise Refusal("10", "Content-Type is not text/xml or application/xml in utf-8 or utf-16")


def _fault(refusal: Refusal, message_id: str, service: str) -> Answered:
    return Answered(FAULT_STATUS, write_fault(refusal), message_id, service, refusal.code)


def _refusal_of(error: KetnoiError) -> Refusal:
    if isinstance(error, Refused):
        return Refusal(error.code, error.problem.detail)
    if isinstance(error, Unreachable):
        return Refusal("network_error", "the agency's own security server")
    if isinstance(error, SettingsError):
        return Refusal("20", "the gateway's settings have no account for this system")
    return Refusal("inconsistent_response", "the answer cannot be understood")


def _code_of(body: bytes) -> str:
    """The code in a fault, for the log; nothing else of an answer is ever kept."""
    found = re.search(rb"<kn:Ma>([A-Za-z0-9_]{1,40})</kn:Ma>", body)
    return found[1].decode() if found else "fault"


def log_line(answered: Answered, seconds: float) -> str:
    """One call in the gateway's log: nothing about a person, nor who asked."""
    told = {
        "message_id": answered.message_id,
        "service": answered.service,
        "status": answered.status,
        "code": answered.code,
        "ms": round(seconds * 1000, 1),
    }
    return json.dumps({name: value for name, value in told.items() if value != ""})
