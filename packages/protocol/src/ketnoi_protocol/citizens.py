"""What the registry, the identity system and the portal say to each other for citizens.

The identity system asks the registry as its citizens' page (`/citizens/…`); the portal writes the agencies that are
clients there, reads who accepted which terms, and carries objections to whoever answers them (`/v1/…`). No public text
describes any of it [NF]; paths, shapes and limits are our choice [OC]. Moments are aware, in UTC.
"""

from __future__ import annotations

import datetime
from typing import Annotated, Any, Final, Literal, TypeAlias

import msgspec

from ketnoi_protocol.citizen import Personal
from ketnoi_protocol.citizen_shapes import C06Citizen
from ketnoi_protocol.services import Service, System

MATCH_PATH: Final = "/citizens/match"
RECORD_PATH: Final = "/citizens/record"
LOOKS_PATH: Final = "/citizens/looks"
ANSWERED_PATH: Final = "/citizens/answered"
NAMES_PATH: Final = "/citizens/names"

MOST_LOOKS: Final = 100
MOST_NAMES: Final = 200
LONGEST_REASON: Final = 1_000
LONGEST_ANSWER: Final = 4_000

Number: TypeAlias = Annotated[str, msgspec.Meta(pattern="^[0-9]{12}$(?!\\n)")]
Cursor: TypeAlias = Annotated[str, msgspec.Meta(pattern="^[0-9]{1,17}[.][0-9]{1,19}$(?!\\n)")]
"""Where a page of looks ended: a moment in microseconds and a number. It says nothing about anybody."""
MessageText: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
Digest: TypeAlias = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$(?!\\n)")]

ASKED: Final = "asked"
CLAIMED_MEMBER: Final = "claimed_member"


class Person(Personal, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Identity → registry, `POST /citizens/match` and `/citizens/record`: whom an account is about.

    `birth` is `yyyy-mm-dd`, `yyyy-mm` or `yyyy`. A database behind the registry finds nobody by the number alone, and
    no account should see the record of somebody who has its number but another name.
    """

    personal_number: Number
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=300)]
    birth: Annotated[str, msgspec.Meta(min_length=4, max_length=10)]


class Matched(msgspec.Struct, frozen=True, kw_only=True):
    """Answer to match: whether number, name (level E) and birth date are one person's, and nothing else."""

    matches: bool


class Record(Personal, frozen=True, kw_only=True):
    """Answer to record: the citizen's own data with every field, in the shape of service 037.

    `units` are the names of the administrative units that it names by code, `relations` those of relations to the head
    of a household, Vietnamese and English; both as far as the registry knows them.
    """

    citizen: C06Citizen
    as_of: datetime.datetime
    units: dict[str, str] = msgspec.field(default_factory=dict)
    relations: dict[str, tuple[str, str]] = msgspec.field(default_factory=dict)


class LooksAsked(Person, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Identity → registry, `POST /citizens/looks`: the next looks at a person's data, newest first."""

    before: Cursor | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=MOST_LOOKS)] = 50


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """One call about the person, as the registry's access log has it.

    `place` is where it stands in the log: asked for what is before the next place, it comes first. `role`
    `claimed_member`: an agency verified somebody's household and named this person in it. Then nothing else is told
    than when, which agency and which system, since everything else is that other person's matter. `result` is the
    answer's code, that of a refusal, or None where it is not told. `officer_identity` says who vouches for the
    officer. `sealed_until` stands where the look was kept from the person until that moment, by lawful secrecy.
    """

    at: datetime.datetime
    place: Cursor
    system: System
    service: Service
    organisation: str
    message_id: str
    role: Literal["asked", "claimed_member"]
    unit: str | None = None
    procedure: str | None = None
    fields: tuple[str, ...] = ()
    result: str | None = None
    consent: str | None = None
    officer_identity: str | None = None
    sealed_until: datetime.datetime | None = None


class Looks(msgspec.Struct, frozen=True, kw_only=True):
    """Answer to looks. `before` asks for the next page; None where there is none."""

    looks: tuple[Look, ...]
    before: Cursor | None = None


class AnsweredAsked(Person, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Identity → registry, `POST /citizens/answered`: were these messages about the person answered?"""

    messages: Annotated[tuple[MessageText, ...], msgspec.Meta(max_length=MOST_LOOKS)]


class AnsweredCall(msgspec.Struct, frozen=True, kw_only=True):
    """One message that stands in the access log, whether it is sealed or not: the citizen knows of it anyway."""

    organisation: str
    message_id: str
    result: str


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """Its answer. A message that is not here was not answered: a consent was used, and then nothing left."""

    answered: tuple[AnsweredCall, ...]


class NamesAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Identity → registry, `POST /citizens/names`: how these organisations are called."""

    organisations: Annotated[tuple[str, ...], msgspec.Meta(max_length=MOST_NAMES)]


class Names(msgspec.Struct, frozen=True, kw_only=True):
    """Its answer: organisation code → name, for those in the signed directory."""

    names: dict[str, str]


class Client(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One agency's system to which citizens and officers sign in. `jwks` are its public keys (JWK Set)."""

    client_id: Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9._-]{1,100}$(?!\\n)")]
    organisation: str
    name_vi: str
    name_en: str
    redirect_uris: Annotated[tuple[str, ...], msgspec.Meta(min_length=1, max_length=20)]
    jwks: dict[str, Any]


class Clients(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Portal → identity, `PUT /v1/clients`: all clients there shall be. An older version than the last is refused."""

    version: Annotated[int, msgspec.Meta(ge=1)]
    clients: tuple[Client, ...]


class ClientsTaken(msgspec.Struct, frozen=True, kw_only=True):
    """Its answer: the version that now holds."""

    version: int


class TermsVersion(msgspec.Struct, frozen=True, kw_only=True):
    """Terms of use of eID accounts, which hold the personal security commitment."""

    version: str
    sha256: Digest
    valid_from: datetime.datetime


class Acceptance(msgspec.Struct, frozen=True, kw_only=True):
    """Terms that an officer of the organisation accepted; `officer` is the pairwise code.

    `closed_at`: since then the officer's account is closed; what was accepted before stays told.
    """

    officer: str
    version: str
    sha256: Digest
    accepted_at: datetime.datetime
    closed_at: datetime.datetime | None = None


class TermsStanding(msgspec.Struct, frozen=True, kw_only=True):
    """Identity → portal, `GET /v1/terms?organisation=CODE`: every acceptance, of the earlier terms too."""

    current: TermsVersion
    acceptances: tuple[Acceptance, ...] = ()


class ObjectionAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What C06 or the agency answered."""

    by: Literal["c06", "agency"]
    words: str
    at: datetime.datetime


class Objection(msgspec.Struct, frozen=True, kw_only=True):
    """A citizen's objection to one look, without the citizen's name: the message's id finds the look.

    `unit` and `procedure` are None where they were not told to the citizen either. `due_at` is the end of the second
    working day after it (law 91/2025/QH15).
    """

    id: int
    organisation: str
    unit: str | None
    message_id: str
    system: System
    service: Service
    procedure: str | None
    looked_at: datetime.datetime
    reason: str
    made_at: datetime.datetime
    due_at: datetime.datetime
    answers: tuple[ObjectionAnswer, ...] = ()


class Objections(msgspec.Struct, frozen=True, kw_only=True):
    """Identity → portal, `GET /v1/objections?after=ID&made=MOMENT`, in the order of their ids; `more` when there are
    others.

    `made` is when the objection of that id was made (RFC 3339), as it was told. Where there is no such one here, this
    database is an older one (it was restored): `anew` then, and all objections are told from the first on.
    """

    objections: tuple[Objection, ...]
    more: bool = False
    anew: bool = False


class AnswerGiven(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Portal → identity, `POST /v1/objections/{id}/answers`. `organisation` is the agency's, also where C06 answers.

    `made_at` is when the objection was made: after a database was restored another one may have its id.
    """

    by: Literal["c06", "agency"]
    organisation: str
    words: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_ANSWER)]
    made_at: datetime.datetime | None = None
