"""A citizen's consent, without which the identity system answers nothing.

asked = consents.request(
    agency, person, Service.LOOK_UP_CITIZEN, fields=["HoVaTen", "ThuongTru"], purpose="Đăng ký thường trú"
)
code = asked.answer.consent
...                                     # the citizen is shown it in the app, and decides
if consents.state(agency, code, Service.LOOK_UP_CITIZEN).answer.state is ConsentState.AGREED:
    agency.look_up_citizen(person, system=System.IDENTITY, consent=code)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Unpack

from ketnoi_client.agency import Agency, Call, Person, Sent, claim_of
from ketnoi_client.problems import UnusableInput, printable
from ketnoi_protocol.consent_messages import (
    WITH_FIELDS,
    AskConsent,
    ConsentBegun,
    ConsentStanding,
    RequestConsent,
    decode_consent_answer,
    encode_message,
)
from ketnoi_protocol.services import ConsentOperation, Service

A_DAY: Final = 86_400


def request(
    agency: Agency,
    person: Person,
    service: Service,
    *,
    purpose: str,
    fields: Sequence[str] = (),
    one_time: bool = True,
    lasts: int = A_DAY,
    waits: int | None = None,
    **call: Unpack[Call],
) -> Sent[ConsentBegun]:
    """Ask a citizen. `purpose` is shown to them as it stands, beside the procedure and every field.

    `fields` are those of a look-up, or the claims of a verification. A `one_time` consent is used up by the first
    question; `lasts` is for how many seconds it holds once it is agreed to. `waits` is for how many the citizen can
    answer: from a minute to seven days; None leaves it to the identity system (a quarter of an hour). The answer is the
    same for anybody, also for whom there is not. Raises what `Agency.ask` raises, and UnusableInput
    for a name that is no field.
    """
    known = WITH_FIELDS.get(service, ())
    unknown = [name for name in fields if name not in known]
    if unknown and known:
        raise UnusableInput(
            f"CacTruong: {service} không có trường · has no field {', '.join(map(printable, unknown))}; "
            f"có · there are: {', '.join(known)}"
        )

    def write(header: Mapping[str, Any]) -> bytes:
        told = RequestConsent(
            **header,
            **claim_of(person),
            service=service,
            fields=tuple(fields),
            purpose=purpose,
            one_time=one_time,
            lasts=lasts,
            waits=waits,
        )
        return encode_message(told)

    def read(body: bytes) -> ConsentBegun:
        answer = decode_consent_answer(ConsentOperation.REQUEST, body)
        assert isinstance(answer, ConsentBegun)
        return answer

    settings = agency.settings
    entry = settings.catalogue.consent_entry(ConsentOperation.REQUEST, settings.environment)
    return agency.send(entry, call, write, read)


def state(agency: Agency, code: str, service: Service, **call: Unpack[Call]) -> Sent[ConsentStanding]:
    """How the consent of this code stands, which we asked for; `service` is the one that it is for.

    Raises what `Agency.ask` raises.
    """

    def write(header: Mapping[str, Any]) -> bytes:
        return encode_message(AskConsent(**header, service=service, consent=code))

    def read(body: bytes) -> ConsentStanding:
        answer = decode_consent_answer(ConsentOperation.STATE, body)
        assert isinstance(answer, ConsentStanding)
        return answer

    settings = agency.settings
    entry = settings.catalogue.consent_entry(ConsentOperation.STATE, settings.environment)
    return agency.send(entry, call, write, read)
