"""What a letter brings as a form: whose it is, for which system, and the registration itself."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from ketnoi_portal.mailroom.limits import MOST_JSON
from ketnoi_portal.onboarding.registration import Code, Line, Registration
from ketnoi_portal.onboarding.sign_in import MOST_ADDRESSES, holds_private_key
from ketnoi_protocol.identifiers import InvalidIdentifier, SecurityServerId
from ketnoi_protocol.services import Environment, System

_MOST: Final = {"servers": 16, "services": 16, "procedures": 400, "fields": 60, "match_fields": 60}
_LONGEST_NAME: Final = 60


class Refused(Exception):  # noqa: N818
    """Something is not taken; `code` is a row of the table of refusals."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


class Submission(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A filled form. `organisation` is the code as it was written; `system` None leaves it to the mailbox."""

    organisation: Code = ""
    organisation_name: Line = ""
    system: System | None = None
    form: Registration

    def claimed_code(self) -> str:
        """The organisation's code: as written, else the one that all of its security servers bear, else empty."""
        if self.organisation.strip():
            return self.organisation.strip()
        codes = set()
        for each in self.form.servers:
            try:
                codes.add(SecurityServerId.from_slash(each.server).member_code)
            except InvalidIdentifier:
                continue
        return codes.pop() if len(codes) == 1 else ""


def read_json(data: bytes) -> Submission:
    """A Submission, or a bare Registration, as JSON in UTF-8. Raises Refused."""
    if len(data) > MOST_JSON:
        raise Refused("form_too_long")
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        told: Any = msgspec.json.decode(data)
        if not isinstance(told, dict):
            raise Refused("json_invalid")
        submission = (
            msgspec.convert(told, Submission)
            if "form" in told
            else Submission(form=msgspec.convert(told, Registration, strict=True))
        )
    except (msgspec.DecodeError, msgspec.ValidationError, RecursionError) as error:
        raise Refused("json_invalid") from error
    return bounded(submission)


def bounded(submission: Submission) -> Submission:
    """The same, once nothing in it is too long, a private key, or a character that cannot be kept. Raises Refused."""
    form = submission.form
    if _holds_nul(msgspec.to_builtins(submission)):
        raise Refused("json_invalid")
    lists: list[tuple[str, tuple[Any, ...]]] = [("servers", form.servers), ("services", form.services)]
    for service in form.services:
        lists += [(name, getattr(service, name)) for name in ("procedures", "fields", "match_fields")]
    for name, entries in lists:
        if len(entries) > _MOST[name] or any(isinstance(each, str) and len(each) > _LONGEST_NAME for each in entries):
            raise Refused("form_too_long")
    if not all(-1 < number < 10**9 for number in (form.per_day, form.peak_per_second, form.months)):
        raise Refused("json_invalid")
    if len(form.sign_in) > len(Environment) or any(len(each.redirects) > MOST_ADDRESSES for each in form.sign_in):
        raise Refused("form_too_long")
    pems = [pem for server in form.servers for pem in (server.certificate, server.request)]
    if any(holds_private_key(text) for text in (*pems, *(each.key for each in form.sign_in))):
        raise Refused("mail_private_key")
    return submission


def _holds_nul(told: Any) -> bool:
    if isinstance(told, dict):
        return any(_holds_nul(each) for each in told.values())
    if isinstance(told, list | tuple):
        return any(_holds_nul(each) for each in told)
    return isinstance(told, str) and any(letter == "\0" or "\ud800" <= letter <= "\udfff" for letter in told)
