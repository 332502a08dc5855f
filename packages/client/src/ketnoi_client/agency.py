"""The four services, as an agency's software calls them.

    with Agency.open("agency.toml") as agency:
        sent = agency.look_up_citizen(Person("9…", name="Nguyễn Văn An", birth="1989-04-17"))
        if sent.answer.citizen is not None:
            print(sent.answer.citizen.fields)

Each call goes through the agency's own security server, signed with its integration account, and is either answered or
raises one exception from ketnoi_client.problems that says who must do what.
"""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Generic, Self, TypedDict, TypeVar, Unpack

from ketnoi_client.account import AccountKey
from ketnoi_client.clock import Now, system_now
from ketnoi_client.connection import Connection, Reply
from ketnoi_client.problems import KetnoiError, Problem, Refused, UnusableAnswer, from_registry, from_x_road, refused
from ketnoi_client.settings import Settings, load
from ketnoi_protocol import rest
from ketnoi_protocol.consent_messages import ConsentAnswer
from ketnoi_protocol.envelope import (
    REQUESTS,
    Answer,
    ClaimedMember,
    CountAnswer,
    ExistsAnswer,
    HouseholdAnswer,
    LookUpAnswer,
    decode_answer,
    encode_request,
)
from ketnoi_protocol.errors import Refusal, row
from ketnoi_protocol.personal_number import holds_personal_number
from ketnoi_protocol.services import CatalogueEntry, ConsentEntry, Platform, Service, System

A = TypeVar("A", bound=Answer)
M = TypeVar("M", bound=Answer | ConsentAnswer)

_PROBLEM: Final = "application/problem+json"
_HEADER_TEXT: Final = re.compile(r"[!-~](?:[ -~]{0,253}[!-~])?")
_ANOTHER: Final = "câu trả lời thuộc câu hỏi khác · the answer belongs to another question"


class Call(TypedDict, total=False):
    """What any call may give beside its question.

    `officer` (MaCanBo), `procedure` (MaDVC) and `unit` (MaDonVi) are the settings' unless given. A question is repeated
    safely by giving the same `request_code` (MaYeuCau) again with a new `message_id` (X-Road-Id); both are made unless
    given. `issue` goes into X-Road-Issue: the agency's own case number, never a personal number. `system` is the
    population unless given. The identity system needs a `consent` (MaGiaoDichDongY, see consents.py), and in production
    an `officer_token` (TheCanBo) that was issued for this very message: the token for the `message_id` that is given,
    or a function that gets one for a message id.
    """

    system: System
    officer: str | None
    procedure: str | None
    unit: str | None
    request_code: str | None
    message_id: str | None
    issue: str | None
    consent: str | None
    officer_token: str | Callable[[str], str] | None


@dataclass(frozen=True, slots=True, repr=False)
class Person:
    """Whom a question is about: at least one of the two numbers, the name, and (but for service 1) the birth date.

    `birth` is `yyyy-mm-dd`, or `yyyy` for whom only the year is known. `repr` tells nothing.
    """

    personal_number: str | None = None
    old_number: str | None = None
    name: str = ""
    birth: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Member(Person):
    """Somebody who is said to live in the household, and the code of their relation to its head (QH00 … )."""

    relation: str = ""


@dataclass(frozen=True, slots=True)
class Sent(Generic[M]):
    """An answer, and what is needed to find its evidence: message id, MaYeuCau, instance."""

    answer: M
    message_id: str
    request_code: str
    instance: str


class Agency:
    """One information system of an agency in one environment. Safe to use from several threads."""

    def __init__(self, settings: Settings, now: Now = system_now) -> None:
        """Read the keys and certificates that `settings` name. Raises SettingsError."""
        self.settings = settings
        self.now = now
        self._keys = {system: AccountKey(settings, account, now) for system, account in settings.accounts.items()}
        self._connections = {name: Connection(settings, gate) for name, gate in settings.platforms.items()}

    @classmethod
    def open(cls, file: str | os.PathLike[str], now: Now = system_now) -> Agency:
        """By a settings file. Raises SettingsError."""
        return cls(load(file), now)

    def confirm_identity_number(self, person: Person, **call: Unpack[Call]) -> Sent[ExistsAnswer]:
        """Service 1: do these numbers and this name belong to one person? Raises what `ask` raises."""
        return self.ask(ExistsAnswer, Service.CONFIRM_IDENTITY_NUMBER, person, **call)

    def verify_household(
        self, person: Person, members: Sequence[Member], **call: Unpack[Call]
    ) -> Sent[HouseholdAnswer]:
        """Service 2: do these members live in this person's household, in these relations to its head?

        Raises what `ask` raises.
        """
        with _refusing_here():
            claimed = tuple([ClaimedMember(**claim_of(each), relation=each.relation) for each in members])
        return self.ask(HouseholdAnswer, Service.VERIFY_HOUSEHOLD, person, {"members": claimed}, **call)

    def look_up_citizen(self, person: Person, **call: Unpack[Call]) -> Sent[LookUpAnswer]:
        """Service 3: what the register knows about this person, as far as licensed. Raises what `ask` raises."""
        return self.ask(LookUpAnswer, Service.LOOK_UP_CITIZEN, person, **call)

    def verify_citizen(
        self, person: Person, attributes: Mapping[str, str] | None = None, **call: Unpack[Call]
    ) -> Sent[CountAnswer]:
        """Service 4: is there this person? `attributes` are further claims, answered yes or no where licensed.

        Raises what `ask` raises.
        """
        return self.ask(CountAnswer, Service.VERIFY_CITIZEN, person, {"attributes": dict(attributes or {})}, **call)

    def ask(
        self,
        kind: type[A],
        service: Service,
        person: Person,
        more: Mapping[str, Any] | None = None,
        **call: Unpack[Call],
    ) -> Sent[A]:
        """Ask one question, once: nothing is ever sent a second time by itself.

        Raises a subclass of Refused, Unreachable, UnusableAnswer, or SettingsError; each carries the message id and
        MaYeuCau, so that the question can be repeated with the same MaYeuCau.
        """
        entry = self.settings.entry(call.get("system", System.POPULATION), service)

        def write(header: Mapping[str, Any]) -> bytes:
            consent = call.get("consent")
            return encode_request(REQUESTS[service](**header, **claim_of(person), consent=consent, **(more or {})))

        def read(body: bytes) -> A:
            answer = decode_answer(entry.answer_shape, body)
            assert isinstance(answer, kind), "the catalogue gives every service one answer"
            return answer

        return self.send(entry, call, write, read)

    def send(
        self,
        entry: CatalogueEntry | ConsentEntry,
        call: Call,
        write: Callable[[Mapping[str, Any]], bytes],
        read: Callable[[bytes], M],
    ) -> Sent[M]:
        """One message of any kind, whose body is made of its header's fields, and its answer. Raises what `ask` does.

        What the registry would refuse for its form is refused here, before it is sent.
        """
        settings = self.settings
        message_id = call.get("message_id") or f"{entry.instance}-{uuid.uuid4()}"
        request_code = call.get("request_code") or uuid.uuid4().hex
        officer = call.get("officer") or settings.officer
        try:
            token = call.get("officer_token")
            header = {
                "ma_yeu_cau": request_code,
                "ma_dvc": call.get("procedure") or settings.procedure,
                "ma_tich_hop": entry.ma_tich_hop,
                "ma_don_vi": call.get("unit") or settings.unit or settings.organisation,
                "ma_can_bo": officer,
                "officer_token": token(message_id) if callable(token) else token,
            }
            with _refusing_here():
                body = write(header)
            reply = self.exchange(entry, message_id, body, officer, "application/json", call.get("issue"))
            answer = _read(reply, read)
            if answer.ma_yeu_cau != request_code:
                raise UnusableAnswer(_ANOTHER)
        except KetnoiError as error:
            error.message_id, error.request_code = message_id, request_code
            raise
        return Sent(answer, message_id, request_code, entry.instance)

    def exchange(
        self,
        entry: CatalogueEntry | ConsentEntry,
        message_id: str,
        body: bytes,
        officer: str,
        media_type: str,
        issue: str | None = None,
    ) -> Reply:
        """One message in any dialect, signed with our account; what the registry replied, answer or refusal.

        Raises a subclass of Refused for a refusal on the way, Unreachable, UnusableAnswer or SettingsError.
        """
        settings = self.settings
        settings.account(entry.system)  # says what is missing
        headers = {
            "X-Road-Client": settings.client_id(entry).slash,
            "X-Road-Id": message_id,
            "X-Road-UserId": officer,
            "Content-Type": media_type,
            "Accept": media_type,
        }
        if issue:
            headers["X-Road-Issue"] = issue
        for name, value in headers.items():
            if not _HEADER_TEXT.fullmatch(value):
                raise _refused_here("bad_request", name)
            if name.startswith("X-Road-") and holds_personal_number(value):
                raise _refused_here("personal_number_in_header", name)
        target = f"/r1/{settings.provider_id(entry).service(entry.service_code).slash}"
        signed = self._keys[entry.system].headers(body, message_id)
        reply = self._connections[entry.platform].request("POST", target, headers={**headers, **signed}, body=body)
        error_type = reply.headers.get("x-road-error")
        if error_type:
            raise _later(from_x_road(error_type, reply.body), reply)
        if reply.headers.get(rest.ID, message_id) != message_id:
            raise UnusableAnswer(_ANOTHER)
        return reply

    def connection(self, platform: Platform) -> Connection:
        """The kept connections to our security server on a platform. Raises KeyError when the settings have none."""
        return self._connections[platform]

    def close(self) -> None:
        """Close all connections."""
        for connection in self._connections.values():
            connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _read(reply: Reply, read: Callable[[bytes], M]) -> M:
    if reply.headers.get("content-type", "").startswith(_PROBLEM) or reply.status != 200:
        raise _later(from_registry(reply.status, reply.body), reply)
    try:
        return read(reply.body)
    except Refusal as refusal:
        raise UnusableAnswer(f"không đọc được câu trả lời · the answer cannot be read: {refusal.detail}") from None


def _later(error: Refused | UnusableAnswer, reply: Reply) -> Refused | UnusableAnswer:
    """The same, with what Retry-After says in seconds (RFC 9110, 10.2.3); its other form, a date, is passed over."""
    said = reply.headers.get("retry-after", "")
    if isinstance(error, Refused) and re.fullmatch("[0-9]{1,5}", said):
        error.retry_after = float(said)
    return error


def claim_of(person: Person) -> dict[str, Any]:
    """The fields of a message that say whom it is about."""
    return {
        "personal_number": person.personal_number,
        "old_number": person.old_number,
        "name": person.name,
        "birth_text": person.birth,
    }


@contextmanager
def _refusing_here() -> Iterator[None]:
    """What cannot be written as a question is refused before it is sent."""
    try:
        yield
    except Refusal as refusal:
        raise _refused_here(refusal.code, refusal.detail) from None
    except ValueError as error:
        raise _refused_here("10", str(error)) from None


def _refused_here(code: str, detail: str) -> Refused:
    return refused(Problem(row(code), code, detail, "own software"))
