"""Callers: many questions at once over kept connections, each signed by the account, each answer looked at."""

from __future__ import annotations

import asyncio
import itertools
import ssl
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter

from ketnoi_client.account import AccountKey
from ketnoi_client.settings import Settings as AgencySettings
from ketnoi_protocol import soap_answers, soap_requests
from ketnoi_protocol.envelope import Answer, LookUpAnswer, LookUpRequest, decode_answer, encode_request
from ketnoi_protocol.services import CatalogueEntry
from ketnoi_securityserver import outbound

DEADLINE = 30.0


@dataclass(frozen=True)
class Person:
    """Whom a question is about; every one of them exists. `consent` is what they have agreed to, where that counts."""

    personal_number: str
    name: str
    birth: str
    consent: str | None = None


@dataclass(frozen=True)
class Target:
    """Where questions go: an address under mutual TLS, and the path to post to."""

    host: str
    port: int
    path: str
    context: ssl.SSLContext


class Questions:
    """One agency's look-ups, each with its own MaYeuCau and message id, without end."""

    media_type = "application/json"

    def __init__(
        self, settings: AgencySettings, entry: CatalogueEntry, key: AccountKey, people: Sequence[Person]
    ) -> None:
        self._settings = settings
        self.entry = entry
        self._key = key
        self._people = itertools.cycle(people)
        self._client = settings.client_id(entry).slash
        self.officer = settings.officer

    def next(self, target: Target) -> tuple[bytes, Person]:
        """The octets of the next question's HTTP request, and about whom it is."""
        person = next(self._people)
        body = self.write(self.about(person))
        message_id = f"{self.entry.instance}-{uuid.uuid4()}"
        headers = {
            "X-Road-Client": self._client,
            "X-Road-Id": message_id,
            "X-Road-UserId": self.officer,
            "Content-Type": self.media_type,
            **self._key.headers(body, message_id),
        }
        return outbound.head("POST", target.path, target.host, list(headers.items()), body) + body, person

    def about(self, person: Person) -> LookUpRequest:
        """The question about a person."""
        settings = self._settings
        return LookUpRequest(
            ma_yeu_cau=uuid.uuid4().hex,
            ma_dvc=settings.procedure,
            ma_tich_hop=self.entry.ma_tich_hop,
            ma_don_vi=settings.unit or settings.organisation,
            ma_can_bo=self.officer,
            personal_number=person.personal_number,
            name=person.name,
            birth_text=person.birth,
            consent=person.consent,
        )

    def check(self, body: bytes, person: Person) -> None:
        """Raises RuntimeError unless the answer names the person: a fast wrong answer is no answer."""
        answer = self.read(body)
        if not isinstance(answer, LookUpAnswer) or answer.citizen is None:
            raise RuntimeError("an answer did not find the person")
        if answer.citizen.personal_number != person.personal_number:
            raise RuntimeError("an answer found another person")

    def write(self, request: LookUpRequest) -> bytes:
        """The question's body."""
        return encode_request(request)

    def read(self, body: bytes) -> Answer:
        """The answer in a body."""
        return decode_answer(self.entry.answer_shape, body)


class SoapQuestions(Questions):
    """The same questions in SOAP."""

    media_type = "text/xml; charset=utf-8"

    def write(self, request: LookUpRequest) -> bytes:
        """The question's envelope."""
        assert self.entry.soap is not None, "the profile offers it in SOAP"
        return soap_requests.encode_request(self.entry.soap, request)

    def read(self, body: bytes) -> Answer:
        """The answer in an envelope."""
        assert self.entry.soap is not None, "the profile offers it in SOAP"
        return soap_answers.decode_answer(self.entry.soap, self.entry.answer_shape, "", body)


class Load:
    """`callers` ask side by side, each the next question when the last is answered."""

    def __init__(self, target: Target, questions: Questions, callers: int) -> None:
        self._target = target
        self._questions = questions
        self._callers = callers

    def run(self, seconds: float) -> list[float]:
        """Ask for about `seconds`; the latency of every answer. Raises RuntimeError at the first that is none."""
        return asyncio.run(self._run(seconds))

    async def _run(self, seconds: float) -> list[float]:
        latencies: list[float] = []
        until = perf_counter() + seconds
        await asyncio.gather(*(self._ask(until, latencies.append) for _ in range(self._callers)))
        return latencies

    async def _ask(self, until: float, keep: Callable[[float], None]) -> None:
        target, loop = self._target, asyncio.get_running_loop()
        reached = await outbound.reach(target.host, target.port, DEADLINE)
        connection = await outbound.connect(target, reached, target.context, DEADLINE)
        try:
            while perf_counter() < until:
                request, person = self._questions.next(target)
                begun = perf_counter()
                answer = await connection.exchange(
                    "POST", request, longest_body=1 << 20, deadline=loop.time() + DEADLINE
                )
                if answer.status != 200:
                    raise RuntimeError(f"status {answer.status}: {answer.body[:300]!r}")
                self._questions.check(answer.body, person)
                keep(perf_counter() - begun)
        finally:
            connection.close()


def presenting(certificate: str, key: str) -> ssl.SSLContext:
    """For calling with a client certificate. Whom it reaches is not checked: all of it is this machine's."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.load_cert_chain(certificate, key)
    return context
