"""Being a citizen of a world that stands already, from another process: what one says at its police desk."""

from __future__ import annotations

import msgspec
import psycopg

from ketnoi_identity.accounts.registering import Applicant
from ketnoi_identity.consent.content import Decision
from ketnoi_protocol.citizen import Personal
from ketnoi_runtime.clock import SystemClock
from ketnoi_runtime.settings import SettingsError
from ketnoi_testbed.citizens import NotDone
from ketnoi_testbed.desk import Desk
from ketnoi_testbed.parts.identity import IdentityFolder
from ketnoi_testbed.parts.premises import folders


class Question(Personal, forbid_unknown_fields=True, frozen=True):
    """Who one is: the question that `ketnoi-testbed person` prints."""

    personal_number: str = msgspec.field(name="SoDinhDanh")
    name: str = msgspec.field(name="HoVaTen")
    birth: str = msgspec.field(name="NgayThangNamSinh")


def say(question: bytes, consent: str, decision: Decision) -> None:
    """Decide about a consent as the person of this question, in whichever world it was asked for. Raises NotDone."""
    try:
        told = msgspec.json.decode(question, type=Question)
    except (msgspec.DecodeError, UnicodeDecodeError):
        # Nothing of it is quoted: it holds a number.
        raise NotDone(
            "--input: cần SoDinhDanh, HoVaTen, NgayThangNamSinh như `ketnoi-testbed person` in ra"
            " · a question as `ketnoi-testbed person` prints it is needed"
        ) from None
    person = Applicant(told.personal_number, told.name, told.birth)
    Desk(_asked_in(consent), SystemClock()).write_down(consent, person, decision)


def _asked_in(consent: str) -> IdentityFolder:
    """The world in which a consent was asked for; of several that stand, or have left their folder behind."""
    for folder in folders():
        side = IdentityFolder(folder / "identity")
        try:
            with side.cursor() as cursor:
                cursor.execute("SELECT 1 FROM consent WHERE id = %s", [consent])
                if cursor.fetchone():
                    return side
        except (SettingsError, psycopg.Error):
            continue
    raise NotDone(
        "không môi trường nào đang chạy có mã giao dịch này · no world that is up knows this transaction: make demo"
    )
