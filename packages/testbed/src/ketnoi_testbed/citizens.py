"""Invented citizens with eID accounts, who decide as their phones do: a passcode, and a key that stays on the phone.

They act through the identity side's own functions, without a browser: for stories and measurements that have no page.
"""

from __future__ import annotations

import base64
import secrets
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ketnoi_identity.accounts import challenges, changing, device_keys, proofs, registering, terms
from ketnoi_identity.accounts import records as accounts
from ketnoi_identity.consent import receipts, records
from ketnoi_identity.consent.content import Decision, challenge_of
from ketnoi_protocol.consent import ConsentState
from ketnoi_registry.store.people import PersonRow
from ketnoi_runtime.clock import Clock
from ketnoi_testbed.asking import birth_of
from ketnoi_testbed.parts.identity import IdentitySide

if TYPE_CHECKING:
    from ketnoi_testbed.world import World

LEVEL: Final = 2
"""Of an account whose holder may decide; a desk attests it (desk.py)."""
_MOST: Final = 100


class NotDone(Exception):  # noqa: N818
    """The identity side did not take what a citizen did; the text says why."""


@dataclass(repr=False)
class Citizen:
    """One account's holder. `passcode` and the phone's key are theirs alone."""

    side: IdentitySide
    clock: Clock
    row: PersonRow
    account: uuid.UUID
    passcode: str
    phone: uuid.UUID = field(default_factory=uuid.uuid4)
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    @property
    def applicant(self) -> registering.Applicant:
        """Who they are, as they would type it."""
        return registering.Applicant(self.row.personal_number, self.row.full_name, birth_of(self.row))

    def consents(self) -> list[records.Kept]:
        """What agencies have asked for, those that wait first."""
        with self.side.cursor() as cursor:
            return records.of_person(cursor, self.row.personal_number, self.clock.now(), _MOST)

    def waiting(self) -> list[str]:
        """The consents that wait for an answer."""
        at = self.clock.now()
        return [each.id for each in self.consents() if records.state(each, at) is ConsentState.WAITING]

    def agree(self, consent: str) -> str:
        """Agree to all that is shown; the receipt. Raises NotDone, also below level 2, as the pages refuse it."""
        at = self.clock.now()
        with self._deciding(consent, Decision.AGREE, at) as (cursor, kept, proof):
            holder = accounts.by_id(cursor, self.account, for_update=True)
            if holder is None or holder.level < LEVEL:
                raise NotDone("cần tài khoản mức 2 · an account at level 2 is needed")
            settings = self.side.settings
            told = records.as_agreed(kept, str(self.account), at)
            names = receipts.Names(kept.organisation, kept.service.value, {})
            key = receipts.signing_key(settings.path(settings.keys), at)
            receipt = receipts.write(told, str(self.account), names, settings.base_url, at, key)
            if not records.agree(cursor, kept, str(self.account), proof, receipt, at):
                raise NotDone("it does not wait any more")
        return receipt

    def refuse(self, consent: str) -> None:
        """Refuse. Raises NotDone."""
        at = self.clock.now()
        with self._deciding(consent, Decision.REFUSE, at) as (cursor, kept, proof):
            if not records.refuse(cursor, kept, str(self.account), proof, at):
                raise NotDone("it does not wait any more")

    def take_back(self, consent: str) -> None:
        """Take back what was agreed to. Raises NotDone."""
        at = self.clock.now()
        with self._deciding(consent, Decision.TAKE_BACK, at) as (cursor, kept, _):
            if not records.take_back(cursor, kept, str(self.account), at):
                raise NotDone("there is nothing to take back")

    @contextmanager
    def _deciding(
        self, consent: str, decision: Decision, at: datetime
    ) -> Iterator[tuple[Any, records.Kept, dict[str, Any]]]:
        """The consent, held, and the proof by phone and passcode that its holder decides so."""
        with self.side.cursor() as cursor:
            kept = records.one(cursor, consent, self.row.personal_number, for_update=True)
            if kept is None:
                raise NotDone("there is no such consent of theirs")
            challenge = challenges.Challenge(f"consent:{decision}", challenge_of(kept, decision))
            browser = secrets.token_urlsafe(16)
            value = challenges.issue(cursor, browser, challenge, at)
            nonce = challenges.take(cursor, browser, challenge, value, at)
            assert nonce is not None, "it was issued a moment ago"
            r, s = decode_dss_signature(self.key.sign(value, ec.ECDSA(SHA256())))
            signed = base64.urlsafe_b64encode(r.to_bytes(32, "big") + s.to_bytes(32, "big")).rstrip(b"=").decode()
            proof = proofs.by_device(
                cursor, challenge, value, nonce, str(self.phone), signed, self.passcode, at, self.account
            )
            if isinstance(proof, proofs.Denied):
                raise NotDone(proof.reason.en)
            yield cursor, kept, proof.jsonable()


class Citizens:
    """Who has an account in one world; `enrol` makes one."""

    def __init__(self, side: IdentitySide, clock: Clock) -> None:
        self._side, self._clock = side, clock
        self._known: dict[str, Citizen] = {}

    @classmethod
    def of(cls, world: World) -> Citizens:
        """Those of a world that has the identity system."""
        return cls(world.identity, world.clock)

    def enrol(self, row: PersonRow) -> Citizen:
        """Somebody's account at level 1, made when first asked for: terms accepted, a phone, a passcode."""
        known = self._known.get(row.personal_number)
        if known is None:
            known = self._known[row.personal_number] = self._made(row)
        return known

    def _made(self, row: PersonRow) -> Citizen:
        at = self._clock.now()
        made = Citizen(self._side, self._clock, row, uuid.uuid4(), f"{secrets.randbelow(900_000) + 100_000}")
        public = made.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        with self._side.cursor() as cursor:
            if not registering.create(cursor, made.account, made.applicant, at, made.account):
                raise NotDone("người này đã có tài khoản · this person has an account already")
            terms.accept(cursor, made.account, terms.current(cursor, at).version, at)
            changing.set_passcode(cursor, made.account, made.passcode, at, made.account)
            device_keys.add(cursor, made.account, made.phone, public, "Điện thoại", at, made.account)
        return made
