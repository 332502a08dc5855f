"""Whether an uploaded PDF is the paper that it is handed in as, told by the mark of a paper made here."""

from __future__ import annotations

from typing import Final

from ketnoi_pages.text import Text
from ketnoi_portal.files.uploads import UploadRefused
from ketnoi_portal.onboarding.models import Application
from ketnoi_portal.papers.contents import MARK, paper
from ketnoi_portal.process.rules import Reason


def check_mark(application: Application, unit: str, keywords: tuple[str, ...]) -> None:
    """Raises UploadRefused for another dossier's paper, another paper, or one that says what is no longer so.

    A document that was not made here has no mark; whoever accepts it has to read it.
    """
    if keywords[:1] != (MARK,) or len(keywords) < 4:
        return
    _, dossier, paper_unit, said = keywords[:4]
    if dossier != application.number or paper_unit != unit:
        raise UploadRefused(
            Reason(
                "another_paper",
                Text(
                    f"Đây là giấy tờ {paper_unit} của hồ sơ {dossier}, không phải giấy tờ {unit} của hồ sơ này",
                    f"This is paper {paper_unit} of {dossier}, not paper {unit} of this application",
                ),
                Text("Chọn đúng tệp, hoặc tải lên ở đúng mục", "Choose the right file, or upload it where it belongs"),
            )
        )
    if said != paper(application, unit)[1]["keywords"][3]:
        raise UploadRefused(_OUTDATED)


_OUTDATED: Final = Reason(
    "outdated_paper",
    Text("Nội dung đã thay đổi sau khi lập giấy tờ này", "What it says has changed since it was made"),
    Text("Lập lại giấy tờ, ký lại rồi tải lên", "Make it anew, have it signed, and upload that"),
)
