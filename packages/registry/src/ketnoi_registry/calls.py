"""One call: through the gates, to the service, into the access log, and only then out."""

from __future__ import annotations

import asyncio
import logging
import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from time import perf_counter

from ketnoi_protocol import soap_schema
from ketnoi_protocol.envelope import Request
from ketnoi_protocol.errors import Refusal
from ketnoi_protocol.services import CatalogueEntry, NameMatch, Service
from ketnoi_runtime.clock import Clock
from ketnoi_runtime.database import DATABASE_ERRORS
from ketnoi_runtime.logs import redact

from .access_log import AccessLog, AccessLogError, Call, Earlier
from .alarms.watch import Watch
from .dialects import Dialect
from .directory import DirectoryPoller, StaleDirectoryError
from .gates import GATES, Case
from .matching import Matching
from .observer import CallEvent, Observer
from .quotas import Quotas
from .repeats import Claim, Kept, Taken, UnreadableAnswerError
from .services import SERVICES, Outcome, Question, Register
from .settings import Settings

_log = logging.getLogger(__name__)
_UNKNOWN = "unknown"
_UUID = re.compile("([0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})")


@dataclass(frozen=True, slots=True)
class Asked:
    """A call as it came in: the instance that the caller's certificate is bound to, headers by lower-case name."""

    instance: str
    service_code: str
    headers: dict[str, list[str]]
    body: bytes
    dialect: Dialect


class Calls:
    """Answers calls. The order of things is the security of it: nothing is read from the register before the last
    gate, and nothing leaves before its row in the access log is durable."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        directory: DirectoryPoller,
        register: Register,
        log: AccessLog,
        taken: Taken,
        quotas: Quotas,
        watch: Watch,
        observer: Observer | None = None,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._directory = directory
        self._register = register
        self._log = log
        self._taken = taken
        self._quotas = quotas
        self._watch = watch
        self._observer = observer
        self._catalogue = settings.catalogue
        self._window = timedelta(seconds=settings.signature_window_seconds)

    async def answer(self, asked: Asked) -> bytes:
        """The answer's body. Raises Refusal."""
        entry = self._entry(asked.instance, asked.service_code)
        journey = _Journey(self._clock.now())
        try:
            return await self._answer(asked, entry, journey)
        except Refusal as refusal:
            journey.outcome = refusal.code
            raise
        finally:
            if self._observer is not None:
                self._observer(journey.event(self._settings.node_id, entry))

    async def turned_away(self, instance: str, service_code: str, refusal: Refusal) -> None:
        """A call that is refused before its message was read leaves its row too. Raises Refusal `99` without it."""
        entry = self._entry(instance, service_code)
        at = self._clock.now()
        await self._record(Call(at, instance, _UNKNOWN, entry.service.value, "", refusal.code), _Journey(at))

    def description(self, instance: str, service_code: str) -> bytes:
        """A service's WSDL. It says nothing that is not published. Raises Refusal `unknown_service`."""
        entry = self._entry(instance, service_code)
        if entry.soap is None:
            raise Refusal("unknown_service", "the service is asked in JSON")
        return soap_schema.wsdl(entry, f"{soap_schema.GATEWAY}/{entry.service_code}")

    def _entry(self, instance: str, service_code: str) -> CatalogueEntry:
        entry = self._catalogue.by_code(instance, service_code)
        if (
            entry is None
            or entry.system not in self._settings.systems
            or entry.environment != self._settings.environment
        ):
            raise Refusal("unknown_service")
        return entry

    async def _answer(self, asked: Asked, entry: CatalogueEntry, journey: _Journey) -> bytes:
        try:
            case = self._case(asked, entry, journey)
            journey.case = case
            for gate in GATES:
                journey.enter(gate.name)
                gate.judge(case)
            journey.enter("repeat")
            claim = Claim.of(self._register.pseudonyms, case.organisation.value, case.dialect.name, case.request)
            earlier = await self._earlier(claim, journey.at)
            if earlier is None:
                journey.enter("quota")
                await self._quotas.take(case)
                journey.enter("look up")
                outcome = await self._look_up(case)
                body = asked.dialect.write(entry, outcome.answer)
        except Refusal as refusal:
            journey.enter("log")
            await self._record(self._refused(asked, entry, journey, refusal), journey)
            raise
        journey.enter("log")
        if earlier is None:
            code, fields = outcome.answer.ma_ket_qua, outcome.released_fields
            kept = Kept(body, code, fields, self._register.pseudonyms.active, outcome.subjects)
            row = self._answered(case, journey.at, claim, kept)
            earlier = await self._record(replace(row, claims=True, answer=claim.seal(kept)), journey)
        if earlier is not None:
            kept = await self._repeat(asked, journey, claim, earlier)
        journey.outcome = kept.result_code
        journey.enter("")
        return kept.body

    async def _earlier(self, claim: Claim, at: datetime) -> Earlier | None:
        """The earlier call with the same content. Raises Refusal `12` where it was another, `99`."""
        try:
            earlier = await self._taken.by(claim, at)
        except (*DATABASE_ERRORS, TimeoutError) as error:
            _log.error("whether a MaYeuCau is taken could not be read: %s", type(error).__name__)
            raise Refusal("99", "the register cannot be read at this moment") from None
        if earlier is not None and not earlier.same:
            raise Refusal("12")
        return earlier

    async def _repeat(self, asked: Asked, journey: _Journey, claim: Claim, earlier: Earlier) -> Kept:
        """The answer of the first time, once its own row is written. Raises Refusal `12`, `26`, `99`."""
        case = journey.case
        assert case is not None, "it has passed the gates"
        if not earlier.same:  # found out by the statement that writes the log, which has written this too
            raise Refusal("12")
        try:
            kept = claim.open(earlier.answer or b"")
        except UnreadableAnswerError:
            refusal = Refusal("99", "the kept answer cannot be read")
            await self._record(self._refused(asked, case.entry, journey, refusal), journey)
            raise refusal from None
        granted = case.grant.fields if case.entry.service is Service.LOOK_UP_CITIZEN else case.grant.match_fields
        if not set(kept.released_fields) <= set(granted):
            refusal = Refusal("26", "the first answer shows more than is licensed now: ask under a new MaYeuCau")
            await self._record(self._refused(asked, case.entry, journey, refusal), journey)
            raise refusal
        await self._record(replace(self._answered(case, journey.at, claim, kept), repeats=True), journey)
        return kept

    def _case(self, asked: Asked, entry: CatalogueEntry, journey: _Journey) -> Case:
        try:
            directory = self._directory.current(journey.at)
        except StaleDirectoryError:
            raise Refusal("99", "the signed directory is not current") from None
        return Case(
            asked.instance, entry, asked.headers, asked.body, asked.dialect, journey.at, directory, self._window
        )

    async def _look_up(self, case: Case) -> Outcome:
        entry = case.entry
        matching = Matching(entry.name_match is NameMatch.LEGACY, entry.year_only_permitted)
        question = Question(case.request, case.grant, matching, case.at)
        try:
            async with asyncio.timeout(self._settings.lookup_timeout_seconds):
                return await SERVICES[entry.service](question, self._register)
        except TimeoutError:
            raise Refusal("41") from None
        except Refusal:
            raise
        except Exception as error:
            # The text of a database's error may quote what was asked.
            _log.error("a look-up failed: %s", type(error).__name__)
            raise Refusal("99") from None

    async def _record(self, call: Call, journey: _Journey) -> Earlier | None:
        try:
            earlier = await self._log.record(call)
        except AccessLogError as error:
            _log.error("the access log was not written: %s", error)
            raise Refusal("99", "the access log cannot be written") from None
        case = journey.case
        request: Request | None = getattr(case, "request", None)
        if case is not None and request is not None:
            if earlier is None:
                self._watch.note(call, case.organisation.value, request)
            elif not earlier.same:
                self._watch.note(replace(call, result_code="12"), case.organisation.value, request)
        return earlier

    def _answered(self, case: Case, at: datetime, claim: Claim, kept: Kept) -> Call:
        request = case.request
        return Call(
            at,
            case.instance,
            redact(case.consumer.slash),
            case.entry.service.value,
            _shown(case.message_id),
            kept.result_code,
            kept.released_fields,
            kept.subject_key_id,
            kept.subjects,
            case.account.id,
            case.unit.value,
            request.ma_can_bo,
            request.ma_dvc,
            claim.request_digest,
            claim.content_digest,
            system=case.entry.system.value,
        )

    def _refused(self, asked: Asked, entry: CatalogueEntry, journey: _Journey, refusal: Refusal) -> Call:
        case = journey.case
        consumer = getattr(case, "consumer", None)
        account = getattr(case, "account", None)
        request: Request | None = getattr(case, "request", None)
        call = Call(
            journey.at,
            asked.instance,
            redact(consumer.slash) if consumer is not None else _UNKNOWN,
            entry.service.value,
            journey.message_id,
            refusal.code,
            integration_account=account.id if account is not None else None,
            system=entry.system.value,
        )
        if request is None:
            return call
        return replace(
            call,
            subject_key_id=self._register.pseudonyms.active,
            subjects=self._register.subjects(request),
            unit=redact(request.unit.value),
            officer=redact(request.ma_can_bo),
            procedure_code=redact(request.ma_dvc),
        )


def _shown(message_id: str) -> str:
    """A message id as logs keep it: an information system that puts somebody's number there finds asterisks. The last
    twelve places of a UUID may all be digits by chance; they stay."""
    parts = _UUID.split(message_id)
    return "".join(part if number % 2 else redact(part) for number, part in enumerate(parts))


class _Journey:
    """How far one call has come, and how long each step took."""

    __slots__ = ("_began", "_entered", "_name", "_steps", "at", "case", "outcome")

    def __init__(self, at: datetime) -> None:
        self.at = at
        self.case: Case | None = None
        self.outcome = "99"
        self._steps: list[tuple[str, float]] = []
        self._name = ""
        self._began = self._entered = perf_counter()

    @property
    def message_id(self) -> str:
        return _shown(getattr(self.case, "message_id", ""))

    def enter(self, name: str) -> None:
        now = perf_counter()
        if self._name:
            self._steps.append((self._name, now - self._entered))
        self._name, self._entered = name, now

    def event(self, node: str, entry: CatalogueEntry) -> CallEvent:
        self.enter("")
        seconds = perf_counter() - self._began
        return CallEvent(
            node, entry.instance, entry.service.value, self.message_id, self.at, seconds, tuple(self._steps),
            self.outcome,
        )  # fmt: skip
