"""One call: through the gates, to the service, into the access log, and only then out."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ketnoi_protocol import soap_schema
from ketnoi_protocol.consent import IDENTITY_UNAVAILABLE
from ketnoi_protocol.consent_messages import AskConsent, ConsentMessage, encode_consent_answer
from ketnoi_protocol.envelope import Request
from ketnoi_protocol.errors import Refusal
from ketnoi_protocol.services import CatalogueEntry, ConsentEntry, Service, System
from ketnoi_runtime.clock import Clock
from ketnoi_runtime.database import DATABASE_ERRORS

from . import log_rows
from .access_log import AccessLog, AccessLogError, Call, Earlier
from .alarms.watch import Watch
from .dialects import Dialect
from .directory import DirectoryPoller, StaleDirectoryError
from .gates import GATES, Case
from .identity import OfficerCards
from .identity.consents import Consents
from .journey import Journey
from .looking_up import LookingUp
from .observer import Observer
from .quotas import Quotas
from .repeats import Claim, Kept, Taken, UnreadableAnswerError
from .services import Register
from .settings import Settings

_log = logging.getLogger(__name__)

Entry = CatalogueEntry | ConsentEntry


@dataclass(frozen=True, slots=True)
class Asked:
    """A call as it came in: the instance that the caller's certificate is bound to, headers by lower-case name."""

    instance: str
    service_code: str
    headers: dict[str, list[str]]
    body: bytes
    dialect: Dialect


@dataclass(frozen=True, slots=True)
class Identifying:
    """What a registry has that answers for the identity system too."""

    consents: Consents
    cards: OfficerCards


class Calls:
    """Answers calls. The order of things is the security of it: nothing is read from the register before the last
    gate, and nothing leaves before its row in the access log is durable."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        directory: DirectoryPoller,
        register: Register,
        looking: LookingUp,
        log: AccessLog,
        taken: Taken,
        quotas: Quotas,
        watch: Watch,
        identifying: Identifying | None = None,
        observer: Observer | None = None,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._directory = directory
        self._register = register
        self._looking = looking
        self._log = log
        self._taken = taken
        self._quotas = quotas
        self._watch = watch
        self._identifying = identifying
        self._observer = observer
        self._catalogue = settings.catalogue
        self._window = timedelta(seconds=settings.signature_window_seconds)

    async def answer(self, asked: Asked) -> bytes:
        """The answer's body. Raises Refusal."""
        entry = self._entry(asked.instance, asked.service_code)
        journey = Journey(self._clock.now(), self._register.pseudonyms)
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
        journey = Journey(self._clock.now(), self._register.pseudonyms)
        await self._record(log_rows.refused(instance, entry, journey, refusal, self._register), journey)

    def description(self, instance: str, service_code: str) -> bytes:
        """A service's WSDL. It says nothing that is not published. Raises Refusal `unknown_service`."""
        entry = self._entry(instance, service_code)
        if isinstance(entry, ConsentEntry) or entry.soap is None:
            raise Refusal("unknown_service", "the service is asked in JSON")
        return soap_schema.wsdl(entry, f"{soap_schema.GATEWAY}/{entry.service_code}")

    def _entry(self, instance: str, service_code: str) -> Entry:
        catalogue = self._catalogue
        entry = catalogue.by_code(instance, service_code) or catalogue.consent_by_code(instance, service_code)
        if (
            entry is None
            or entry.system not in self._settings.systems
            or entry.environment != self._settings.environment
        ):
            raise Refusal("unknown_service")
        return entry

    async def _answer(self, asked: Asked, entry: Entry, journey: Journey) -> bytes:
        try:
            case = self._case(asked, entry, journey)
            journey.case = case
            for gate in GATES:
                if gate.judge is not None:
                    journey.enter(gate.name)
                    gate.judge(case)
            journey.enter("repeat")
            claim = self._claim(case)
            earlier = await self._earlier(claim, journey.at)
            if earlier is None:
                journey.enter("quota")
                await self._quotas.take(case)
            agreed = await self._agreed(case, claim, journey)
            kept = await self._make(case, claim, agreed, journey) if earlier is None else None
        except Refusal as refusal:
            journey.enter("log")
            await self._record_refused(asked, entry, journey, refusal)
            raise
        journey.enter("log")
        if kept is not None:
            row = log_rows.answered(case, journey, kept, claim)
            if claim is not None:
                row = replace(row, claims=True, answer=claim.seal(kept))
            earlier = await self._record(row, journey)
        if claim is not None and earlier is not None:
            kept = await self._repeat(asked, journey, claim, earlier)
        assert kept is not None, "there is an answer, of this call or of an earlier one"
        journey.outcome = kept.result_code
        journey.enter("")
        return kept.body

    async def _earlier(self, claim: Claim | None, at: datetime) -> Earlier | None:
        """The earlier call with the same content. Raises Refusal `12` where it was another, `99`."""
        if claim is None:
            return None
        try:
            earlier = await self._taken.by(claim, at)
        except (*DATABASE_ERRORS, TimeoutError) as error:
            _log.error("whether a MaYeuCau is taken could not be read: %s", type(error).__name__)
            raise Refusal("99", "the register cannot be read at this moment") from None
        if earlier is not None and not earlier.same:
            raise Refusal("12")
        return earlier

    async def _agreed(self, case: Case, claim: Claim | None, journey: Journey) -> tuple[str, ...] | None:
        """Gate 9, of a question to the identity system: the fields that the citizen has agreed to show; else None.

        A repetition uses the consent too: what was taken back is not shown again. It is the same question, so it uses
        up nothing.
        """
        if case.entry.system is not System.IDENTITY or isinstance(case.entry, ConsentEntry):
            return None
        assert claim is not None, "a question of a service claims its MaYeuCau"
        journey.enter("consent")
        return await self._consents.use(case, claim)

    async def _repeat(self, asked: Asked, journey: Journey, claim: Claim, earlier: Earlier) -> Kept:
        """The answer of the first time, once its own row is written. Raises Refusal `12`, `26`, `99`."""
        case = journey.case
        assert case is not None, "it has passed the gates"
        if not earlier.same:  # found out by the statement that writes the log, which has written this too
            raise Refusal("12")
        try:
            kept = claim.open(earlier.answer or b"")
        except UnreadableAnswerError:
            refusal = Refusal("99", "the kept answer cannot be read")
            await self._record_refused(asked, case.entry, journey, refusal)
            raise refusal from None
        granted = case.grant.fields if case.service is Service.LOOK_UP_CITIZEN else case.grant.match_fields
        if not set(kept.released_fields) <= set(granted):
            refusal = Refusal("26", "the first answer shows more than is licensed now: ask under a new MaYeuCau")
            await self._record_refused(asked, case.entry, journey, refusal)
            raise refusal
        await self._record(replace(log_rows.answered(case, journey, kept, claim), repeats=True), journey)
        return kept

    def _case(self, asked: Asked, entry: Entry, journey: Journey) -> Case:
        try:
            directory = self._directory.current(journey.at)
        except StaleDirectoryError:
            raise Refusal("99", "the signed directory is not current") from None
        return Case(
            asked.instance,
            entry,
            asked.headers,
            asked.body,
            asked.dialect,
            journey.at,
            directory,
            self._window,
            self._identifying.cards if self._identifying is not None else None,
            self._settings.cards_required,
        )

    def _claim(self, case: Case) -> Claim | None:
        """The use of this MaYeuCau. Who asks how a consent stands wants to know it as it is now, so takes none."""
        if isinstance(case.request, AskConsent):
            return None
        entry = case.entry
        asked = entry.operation if isinstance(entry, ConsentEntry) else entry.service
        service = f"{entry.system} {asked}"
        return Claim.of(self._register.pseudonyms, case.organisation.value, service, case.dialect.name, case.request)

    async def _make(self, case: Case, claim: Claim | None, agreed: tuple[str, ...] | None, journey: Journey) -> Kept:
        """The answer of this call, as it is kept."""
        active = self._register.pseudonyms.active
        if isinstance(case.entry, ConsentEntry):
            journey.enter("consent")
            told, subjects = await self._consents.operation(case, claim)
            return Kept(encode_consent_answer(told), told.ma_ket_qua, (), active, subjects, told.consent)
        journey.enter("look up")
        outcome = await self._looking.answer(case, agreed)
        answer = outcome.answer
        body = case.dialect.write(case.entry, answer)
        return Kept(body, answer.ma_ket_qua, outcome.released_fields, active, outcome.subjects, answer.consent)

    @property
    def _consents(self) -> Consents:
        if self._identifying is None:
            raise Refusal(IDENTITY_UNAVAILABLE)
        return self._identifying.consents

    async def _record_refused(self, asked: Asked, entry: Entry, journey: Journey, refusal: Refusal) -> None:
        await self._record(log_rows.refused(asked.instance, entry, journey, refusal, self._register), journey)

    async def _record(self, call: Call, journey: Journey) -> Earlier | None:
        try:
            earlier = await self._log.record(call)
        except AccessLogError as error:
            _log.error("the access log was not written: %s", error)
            raise Refusal("99", "the access log cannot be written") from None
        case = journey.case
        request: Request | ConsentMessage | None = getattr(case, "request", None)
        if case is not None and request is not None and not isinstance(request, AskConsent):
            if earlier is None:
                self._watch.note(call, case.organisation.value, request)
            elif not earlier.same:
                self._watch.note(replace(call, result_code="12"), case.organisation.value, request)
        return earlier
