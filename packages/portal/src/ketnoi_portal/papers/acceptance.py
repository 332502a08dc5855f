"""No paper is accepted on a signature that does not hold; an unsigned one only on a named officer's own word.

This stands in the transaction of the step itself, whoever takes it.
"""

from __future__ import annotations

from typing import Final

from ketnoi_pages.text import Text
from ketnoi_portal.onboarding.actions import after_every_step
from ketnoi_portal.onboarding.models import Application, Paper
from ketnoi_portal.papers.verdicts import INVALID, VALID
from ketnoi_portal.process.effects import paper_of
from ketnoi_portal.process.roles import Actor
from ketnoi_portal.process.rules import Reason, StepRefused


def objection(paper: Paper, *, as_scan: bool) -> Reason | None:
    """Why a paper cannot be accepted this way, or None."""
    state = paper.verdict.get("state")
    if state == VALID:
        return _SIGNED if as_scan else None
    if state == INVALID:
        return _INVALID
    return None if as_scan else _UNSIGNED


@after_every_step
def check_acceptance(application: Application, step_name: str, unit: str, actor: Actor) -> None:
    """Raises StepRefused, which undoes the step, where there is an objection."""
    if step_name != "accept_paper":
        return
    number, account = paper_of(unit)
    paper = application.papers.get(number=number, unit=account, current=True)
    if (reason := objection(paper, as_scan=paper.scan)) is not None:
        raise StepRefused([reason])


_INVALID: Final = Reason(
    "signature_invalid",
    Text("Chữ ký trên giấy tờ này không hợp lệ", "The signature on this paper is not valid"),
    Text("Không chấp nhận, nêu lý do để cơ quan ký lại", "Reject it with the reason; the agency has it signed anew"),
)
_UNSIGNED: Final = Reason(
    "paper_unsigned",
    Text("Giấy tờ này chưa được ký số", "This paper is not digitally signed"),
    Text(
        "Đối chiếu bản giấy rồi chấp nhận như bản quét, có nêu lý do; hoặc trả lại",
        "Compare the paper itself and accept it as a scan with a reason; or reject it",
    ),
)
_SIGNED: Final = Reason(
    "not_a_scan",
    Text("Giấy tờ này có chữ ký số hợp lệ", "This paper is validly signed"),
    Text("Chấp nhận bình thường", "Accept it the usual way"),
)
