"""One call as the access log keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal


@dataclass(frozen=True, slots=True)
class Subject:
    """A person the call was about: the pseudonym, and whether they were asked for or claimed as a member."""

    pseudonym: bytes
    role: Literal["asked", "claimed_member"] = "asked"


@dataclass(frozen=True, slots=True)
class Call:
    """One call: who, for whom, when, which procedure and service, what left, under which message.

    `request_digest` and `content_digest` are keyed digests of MaYeuCau and of the content asked. With `claims` set,
    the MaYeuCau is taken by this call, which keeps its sealed `answer`, or recognised as one taken before. `repeats`
    marks a call that is answered with a kept answer. `service` may be a consent operation's name. `consent` is the
    one that the message named, and `officer_identity` who vouches for the officer, where one is named. No field holds
    a personal number.
    """

    at: datetime
    instance: str
    consumer: str
    service: str
    message_id: str
    result_code: str
    released_fields: tuple[str, ...] = ()
    subject_key_id: str = ""
    subjects: tuple[Subject, ...] = ()
    integration_account: str | None = None
    unit: str | None = None
    officer: str | None = None
    procedure_code: str | None = None
    request_digest: bytes | None = None
    content_digest: bytes | None = None
    claims: bool = False
    answer: bytes | None = None
    repeats: bool = False
    system: str | None = None
    consent: str | None = None
    officer_identity: Literal["asserted_by_agency", "proved_by_eid"] = "asserted_by_agency"


@dataclass(frozen=True, slots=True)
class Earlier:
    """The MaYeuCau of a call was taken before, within the window: by the same content, whose sealed answer this is,
    or by another, which has none."""

    same: bool
    answer: bytes | None
