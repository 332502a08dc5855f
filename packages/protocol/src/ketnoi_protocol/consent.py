"""What the registry and the identity system say to each other about citizens' consents, and the words of both.

What agencies say about them is in consent_messages.py. No public text describes any of it [NF]; shapes, codes and
names are our choice [OC]. The consent transaction is named by `MaGiaoDichDongY`, which then stands in every question
to a service of the identity system.
"""

from __future__ import annotations

import datetime
from enum import StrEnum
from typing import Annotated, Final, TypeAlias

import msgspec

from ketnoi_protocol.citizen import Personal
from ketnoi_protocol.services import ConsentOperation as ConsentOperation
from ketnoi_protocol.services import Service

LONGEST_PURPOSE: Final = 300
LONGEST_CONSENT: Final = 365 * 86_400
"""Seconds for which a consent may be asked at most."""
SHORTEST_WAIT: Final = 60
LONGEST_WAIT: Final = 7 * 86_400
"""Seconds for which a request can be asked to wait: somebody without a smartphone has to come to a police
desk."""
REPEAT_SECONDS: Final = 82_800
"""How long a question may be repeated under a one-time consent that it has used up: an hour less than a registry keeps
its answer, so that nobody is looked up a second time."""
MOST_USES: Final = 1_000
"""So many uses go in one request."""

ConsentCode: TypeAlias = Annotated[str, msgspec.Meta(pattern="^[A-Z2-7]{26}$(?!\\n)")]
"""MaGiaoDichDongY: 130 random bits in base32 letters."""


class ConsentState(StrEnum):
    """How a consent transaction stands, as it is written on the wire."""

    WAITING = "CHO_DONG_Y"
    AGREED = "DONG_Y"
    REFUSED = "TU_CHOI"
    EXPIRED = "HET_HAN"
    REVOKED = "THU_HOI"


NO_CONSENT: Final = "50"
STILL_WAITING: Final = "51"
REFUSED: Final = "52"
ANOTHER_AGENCYS: Final = "53"
ANOTHER_PERSONS: Final = "54"
WIDER_THAN_AGREED: Final = "55"
EXPIRED: Final = "56"
TAKEN_BACK: Final = "57"
USED_UP: Final = "58"
NO_MORE: Final = (
    NO_CONSENT, REFUSED, ANOTHER_AGENCYS, ANOTHER_PERSONS, WIDER_THAN_AGREED, EXPIRED, TAKEN_BACK, USED_UP,
)  # fmt: skip
"""What is said of a consent under which the same question will never be answered."""
ANOTHER_QUESTION: Final = "12"
NOT_PROVED_OFFICER: Final = "27"
IDENTITY_UNAVAILABLE: Final = "44"


class Begin(Personal, frozen=True, kw_only=True):
    """Registry → identity, `POST /v1/consents`: an agency that has passed the gates asks for a consent.

    `personal_number` is None where number, name and birth date are nobody's. `about` is a keyed digest of the number
    that was claimed, whoever holds it: by it is counted how often an agency asks, so that whether a number and a name
    belong together cannot be read off the limit. `question` is as in Use: a request that is repeated under its MaYeuCau
    begins nothing new for REPEAT_SECONDS, whatever its message id. `one_time` consents are used up by the first answer;
    `lasts_seconds` count from the decision, and are cut to the longest time that the identity system allows.
    `waits_seconds` is how long the request waits for its citizen, cut as well; None leaves it to the identity system.
    It is the agency's wish alone: were it longer for somebody without an account, it would tell who has one.
    """

    organisation: str
    unit: str
    officer: str
    message_id: str
    service: Service
    fields: tuple[str, ...]
    procedure_code: str
    purpose: str
    one_time: bool
    lasts_seconds: int
    personal_number: str | None
    about: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$(?!\\n)")] | None = None
    question: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$(?!\\n)")] | None = None
    waits_seconds: int | None = None


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    """Its answer. `code` is `02`; `12` where another request was made under this message id; or `30` where the agency
    asks too often, with `retry_after` seconds."""

    code: str
    consent: str = ""
    state: ConsentState = ConsentState.WAITING
    answer_by: datetime.datetime | None = None
    retry_after: int | None = None


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """Registry → identity, `POST /v1/consents/state`: how does it stand?"""

    organisation: str
    consent: str


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Its answer. `code` is `00`, `50` (there is none) or `53` (another agency's), with nothing else told then.

    `used_up`: it was agreed to for one time, and a question has used it.
    """

    code: str
    state: ConsentState | None = None
    service: Service | None = None
    fields: tuple[str, ...] = ()
    one_time: bool = False
    used_up: bool = False
    answer_by: datetime.datetime | None = None
    valid_until: datetime.datetime | None = None


class Use(Personal, frozen=True, kw_only=True):
    """One use of a consent, before anything is read. Each is judged as things stand at that moment.

    `fields` are those that the answer may show: of a look-up the licensed ones, of a verification the claimed
    attributes, else none. `personal_number` is the one asked about; with an old number alone it is that number's
    holder, None for nobody, which is another person's (`54`).

    `question` is the same (64 hexadecimal digits that tell nothing) for one question that is repeated under its
    MaYeuCau, and for no other. A one-time consent is used up by a question, not by a message, so that a question whose
    answer was lost can be repeated: for REPEAT_SECONDS after its first use, as long as the consent is not taken back
    or expired. A message makes one row; under another question than before its id is refused (`12`).
    """

    consent: str
    organisation: str
    message_id: str
    question: str
    unit: str
    officer: str
    procedure_code: str
    service: Service
    fields: tuple[str, ...]
    personal_number: str | None


class Uses(Personal, frozen=True, kw_only=True):
    """Registry → identity, `POST /v1/uses`: those that wait together. Each is durable before it is answered."""

    uses: Annotated[tuple[Use, ...], msgspec.Meta(max_length=MOST_USES)]


class Verdicts(msgspec.Struct, frozen=True, kw_only=True):
    """Its answer: for each use `00`, or the code that it is refused with, in the same order.

    `fields` are, of a use that is not refused, those of its fields that were agreed to, in the same order. A look-up
    shows these alone; it is wider than agreed where none is left. A verification is wider where one is missing.
    """

    codes: tuple[str, ...]
    fields: tuple[tuple[str, ...], ...]
