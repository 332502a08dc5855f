"""What can go wrong with a call, told so that somebody knows what to do.

A refusal's class says who must act; its row in the one table says what happened and how to mend it, in Vietnamese and
English. Nothing here ever quotes a personal number.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from ketnoi_protocol.errors import Row, Who, row, row_of_fault

Hop = Literal["own software", "own security server", "provider's security server", "registry"]

HOPS_VI: dict[Hop, str] = {
    "own software": "phần mềm của cơ quan, trước khi gửi",
    "own security server": "máy chủ bảo mật của cơ quan",
    "provider's security server": "máy chủ bảo mật của bên cung cấp",
    "registry": "CSDLQG về dân cư",
}

ACTORS: dict[Who, str] = {
    "agency": "cơ quan khai thác · the agency",
    "officer": "cán bộ khai thác · the officer",
    "provider": "bên cung cấp · the provider",
    "platform": "đơn vị vận hành nền tảng · the platform's operator",
    "c06": "C06",
}


class KetnoiError(Exception):
    """Anything that a call can fail with.

    `message_id` (X-Road-Id) and `request_code` (MaYeuCau) are those of the call, empty when there was none. They are
    what a question is repeated by, and what an operator asks for.
    """

    message_id: str = ""
    request_code: str = ""


class SettingsError(KetnoiError):
    """The settings file, or a file that it names, cannot be used; the text says which and how to mend it."""


class UnusableInput(KetnoiError):  # noqa: N818
    """What was given is no question, no evidence, or no configuration to judge it by; the text says what is missing."""


class Unreachable(KetnoiError):  # noqa: N818
    """The agency's own security server did not answer. `sent` tells whether a byte of the question had been sent.

    When nothing was sent the same call may be made again at once. Otherwise repeat it with a new message id and the
    same MaYeuCau (`request_code`): the registry gives a repeated question its first answer and refuses a changed one.
    """

    def __init__(self, text: str, *, sent: bool) -> None:
        super().__init__(text)
        self.sent = sent


class UnusableAnswer(KetnoiError):  # noqa: N818
    """An answer came whose form cannot be understood, or that belongs to another question."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One refusal as it arrived.

    `type` is X-Road's or the registry's own word for it, `hop` who refused, `log_id` the UUID under which that
    server's log tells more (empty when it gave none).
    """

    row: Row
    type: str
    detail: str
    hop: Hop
    log_id: str = ""


class Refused(KetnoiError):  # noqa: N818
    """The call was refused. The subclass says who must act."""

    who: ClassVar[Who]

    retry_after: float = 0.0
    """Seconds after which it may be worth asking again, as the refusing server says; 0 when it says nothing."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.problem = problem

    @property
    def code(self) -> str:
        """The code of the table of refusals."""
        return self.problem.row.code

    def __str__(self) -> str:
        """What happened, who refused, and what to do; Vietnamese first."""
        known = self.problem
        lines = [
            f"[{known.row.code}] {known.row.title_vi}",
            f"    {known.row.title_en}",
            f"  nơi từ chối · refused by: {HOPS_VI[known.hop]} · {known.hop}",
            f"  ai xử lý · who must act: {ACTORS[known.row.who]}",
            f"  cách xử lý · what to do: {known.row.mend_vi}",
            f"    {known.row.mend_en}",
        ]
        if self.retry_after:
            lines.append(f"  thử lại sau · retry after: {self.retry_after:.0f} giây · seconds")
        if known.detail:
            lines.append(f"  chi tiết · detail: {known.detail}")
        if known.log_id:
            lines.append(f"  tra nhật ký với mã · in that server's log: {known.log_id}")
        return "\n".join(lines)


class AgencyMustAct(Refused):
    """The agency's own settings, keys, server or question."""

    who = "agency"


class OfficerMustAct(Refused):
    """The officer's account."""

    who = "officer"


class ProviderMustAct(Refused):
    """Whoever runs the asked information system."""

    who = "provider"


class PlatformMustAct(Refused):
    """The operator of VDXP or NDXP."""

    who = "platform"


class C06MustAct(Refused):
    """C06, which opens services, procedures and fields."""

    who = "c06"


_CLASSES: dict[Who, type[Refused]] = {
    kind.who: kind for kind in (AgencyMustAct, OfficerMustAct, ProviderMustAct, PlatformMustAct, C06MustAct)
}


def is_unusable(error: KetnoiError) -> bool:
    """Whether nothing was sent because the question, the settings or a file must be mended first."""
    refused_here = isinstance(error, Refused) and error.problem.hop == "own software"
    return refused_here or isinstance(error, SettingsError | UnusableInput)


_PROBLEM_TYPE = "urn:ketnoi:error:"
# What another server or a file says is shown in terminals: nothing of it may steer one.
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def refused(problem: Problem) -> Refused:
    """The exception for a refusal, of the class that says who must act."""
    return _CLASSES[problem.row.who](problem)


def from_x_road(error_type: str, body: bytes) -> Refused:
    """A refusal by a security server: `X-Road-Error`, in either spelling, and the JSON beside it (PR-REST 4.6)."""
    told = _object(body)
    hop: Hop = "provider's security server" if "serverproxy" in error_type.lower() else "own security server"
    found = row_of_fault(error_type)
    return refused(Problem(found, error_type, _text(told, "message"), hop, _text(told, "detail")))


def from_registry(status: int, body: bytes) -> Refused | UnusableAnswer:
    """A refusal by the registry: RFC 9457 problem details with our own types."""
    told = _object(body)
    code = _text(told, "type").removeprefix(_PROBLEM_TYPE)
    try:
        found = row(code)
    except LookupError:
        return UnusableAnswer(
            f"hệ thống của bên cung cấp trả lời HTTP {status} không hiểu được · "
            f"the provider's system answered HTTP {status} with nothing that can be understood"
        )
    return refused(Problem(found, code, _text(told, "detail"), "registry"))


def _object(body: bytes) -> dict[str, Any]:
    try:
        told = read_json(body)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def read_json(body: bytes) -> Any:
    """What another server wrote as JSON. Raises ValueError, also for what nobody can nest so deep."""
    try:
        return json.loads(body)
    except RecursionError:
        raise ValueError("the JSON is nested too deep") from None


def _text(told: dict[str, Any], name: str) -> str:
    value = told.get(name)
    return printable(value[:500]) if isinstance(value, str) else ""


def printable(text: str) -> str:
    """The text without what could steer a terminal or turn the order of letters."""
    return _UNPRINTABLE.sub("·", text)
