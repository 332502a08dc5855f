"""The four services, as an agency's software calls them.

    with Agency.open("agency.toml") as agency:
        answer = agency.look_up_citizen(Person("9…", name="Nguyễn Văn An", birth="1989-04-17"))
        if answer.citizen is not None:
            print(answer.citizen.name)

Each call goes through the agency's own security server, signed with its integration account, and is either answered or
raises one exception from ketnoi_client.problems that says who must do what.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Generic, Self, TypeVar

import msgspec

from ketnoi_client.account import AccountKey
from ketnoi_client.clock import Now, system_now
from ketnoi_client.connection import Connection, Reply
from ketnoi_client.problems import Problem, UnusableAnswer, from_registry, from_x_road, refused
from ketnoi_client.settings import Settings, load
from ketnoi_protocol import rest
from ketnoi_protocol.citizen import Citizen
from ketnoi_protocol.envelope import (
    REQUESTS,
    Answer,
    ClaimedMember,
    CountAnswer,
    ExistsAnswer,
    HouseholdAnswer,
    LookUpAnswer,
    MemberAnswer,
    decode_answer,
    encode_request,
)
from ketnoi_protocol.errors import Refusal
from ketnoi_protocol.services import CatalogueEntry, Platform, Service, System

A = TypeVar("A", bound=Answer)

_PROBLEM: Final = "application/problem+json"


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
class Sent(Generic[A]):
    """An answer, and what is needed to find its evidence: message id, MaYeuCau, instance."""

    answer: A
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

    def confirm_identity_number(self, person: Person, **call: Any) -> Sent[ExistsAnswer]:
        """Service 1: do these numbers and this name belong to one person? `call` is as in `ask`."""
        return self.ask(ExistsAnswer, Service.CONFIRM_IDENTITY_NUMBER, person, **call)

    def verify_household(self, person: Person, members: Sequence[Member], **call: Any) -> Sent[HouseholdAnswer]:
        """Service 2: do these members live in this person's household, in these relations to its head?"""
        claimed = tuple(
            ClaimedMember(
                personal_number=each.personal_number,
                old_number=each.old_number,
                name=each.name,
                birth_text=each.birth,
                relation=each.relation,
            )
            for each in members
        )
        return self.ask(HouseholdAnswer, Service.VERIFY_HOUSEHOLD, person, more={"members": claimed}, **call)

    def look_up_citizen(self, person: Person, **call: Any) -> Sent[LookUpAnswer]:
        """Service 3: what the register knows about this person, as far as our licence goes."""
        return self.ask(LookUpAnswer, Service.LOOK_UP_CITIZEN, person, **call)

    def verify_citizen(
        self, person: Person, attributes: Mapping[str, str] | None = None, **call: Any
    ) -> Sent[CountAnswer]:
        """Service 4: is there this person? `attributes` are further claims, answered yes or no where licensed."""
        more = {"attributes": dict(attributes)} if attributes else {}
        return self.ask(CountAnswer, Service.VERIFY_CITIZEN, person, more=more, **call)

    def ask(
        self,
        kind: type[A],
        service: Service,
        person: Person,
        *,
        system: System = System.POPULATION,
        officer: str | None = None,
        procedure: str | None = None,
        unit: str | None = None,
        request_code: str | None = None,
        message_id: str | None = None,
        issue: str | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> Sent[A]:
        """Ask one question.

        `officer` (MaCanBo), `procedure` (MaDVC) and `unit` (MaDonVi) are the settings' unless given. A question is
        repeated safely by giving the same `request_code` (MaYeuCau) again with a new message id; both are made here
        unless given. `issue` goes into X-Road-Issue, for the agency's own case number (no personal data).

        Raises a subclass of Refused, Unreachable, UnusableAnswer, or SettingsError.
        """
        settings = self.settings
        entry = settings.entry(system, service)
        settings.gate(entry)  # says what is missing
        message_id = message_id or f"{entry.instance}-{uuid.uuid4()}"
        request_code = request_code or uuid.uuid4().hex
        officer = officer or settings.officer
        body = self._body(
            entry,
            message_id,
            personal_number=person.personal_number,
            old_number=person.old_number,
            name=person.name,
            birth_text=person.birth,
            ma_yeu_cau=request_code,
            ma_dvc=procedure or settings.procedure,
            ma_tich_hop=entry.ma_tich_hop,
            ma_don_vi=unit or settings.unit or settings.organisation,
            ma_can_bo=officer,
            **(more or {}),
        )
        settings.account(system)  # likewise
        headers = {
            "X-Road-Client": settings.client_id(entry).slash,
            "X-Road-Id": message_id,
            "X-Road-UserId": officer,
            "Content-Type": "application/json",
            "Accept": "application/json",
            **self._keys[system].headers(body, message_id),
        }
        if issue:
            headers["X-Road-Issue"] = issue
        target = f"/r1/{settings.provider_id(entry).service(entry.service_code).slash}"
        reply = self._connections[entry.platform].request("POST", target, headers=headers, body=body)
        answer = self._answer(kind, entry, reply, message_id)
        if answer.ma_yeu_cau != request_code:
            raise UnusableAnswer("câu trả lời thuộc câu hỏi khác · the answer belongs to another question")
        return Sent(answer, message_id, request_code, entry.instance)

    def _body(self, entry: CatalogueEntry, message_id: str, **fields: Any) -> bytes:
        """The request's octets; what the registry would refuse for its form is refused here, before it is sent."""
        try:
            return encode_request(REQUESTS[entry.service](**fields))
        except Refusal as refusal:
            problem = Problem(refusal.row, refusal.code, refusal.detail, "registry", "", message_id)
            raise refused(problem) from None
        except (ValueError, msgspec.ValidationError) as error:
            detail = str(error) if isinstance(error, ValueError) else ""
            problem = Problem(Refusal("10").row, "10", detail, "registry", "", message_id)
            raise refused(problem) from None

    def _answer(self, kind: type[A], entry: CatalogueEntry, reply: Reply, message_id: str) -> A:
        error_type = reply.headers.get("x-road-error")
        if error_type:
            raise from_x_road(error_type, reply.body, message_id)
        if reply.headers.get("content-type", "").startswith(_PROBLEM) or reply.status != 200:
            raise from_registry(reply.status, reply.body, message_id)
        if reply.headers.get(rest.ID, message_id) != message_id:
            raise UnusableAnswer("câu trả lời thuộc câu hỏi khác · the answer belongs to another question")
        try:
            answer = decode_answer(entry.answer_shape, reply.body)
        except Refusal as refusal:
            raise UnusableAnswer(f"không đọc được câu trả lời · the answer cannot be read: {refusal.detail}") from None
        assert isinstance(answer, kind), "the catalogue gives every service one answer"
        return answer

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


__all__ = ["Agency", "Citizen", "Member", "MemberAnswer", "Person", "Sent"]
