"""The registration form as a DOCX to be filled in and sent by e-mail."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO
from typing import Final

from docx import Document
from docx.document import Document as Doc
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt
from docx.table import Table, _Cell
from docx.text.paragraph import Paragraph

from ketnoi_pages.fields import FIELDS, SENSITIVE
from ketnoi_pages.text import Text
from ketnoi_portal.mailroom.form_rows import MARK, Part, parts
from ketnoi_portal.onboarding.models import SYSTEM_TITLES
from ketnoi_protocol.services import System

_WIDTHS: Final = (Cm(1.6), Cm(6.4), Cm(8.5))


def form_document(system: System, profile: str) -> bytes:
    """The empty form of a system, in the layout of Nghị định 30/2020."""
    document = Document()
    document.core_properties.keywords = f"{MARK} {system}"
    document.core_properties.title = "Phiếu đăng ký sử dụng dịch vụ"
    document.core_properties.author = "C06"
    # The day of the letter that the form belongs to, not of this download.
    document.core_properties.created = document.core_properties.modified = datetime(2022, 1, 29, tzinfo=UTC)
    _page(document)
    _letterhead(document)
    _title(document, system)
    for part in parts(system, profile):
        _part(document, part)
    _signature(document)
    _fields(document)
    written = BytesIO()
    document.save(written)
    return written.getvalue()


def _page(document: Doc) -> None:
    section = document.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.top_margin = section.bottom_margin = Cm(2)
    section.left_margin, section.right_margin = Cm(3), Cm(1.5)
    style = document.styles["Normal"]
    style.font.name, style.font.size = "Times New Roman", Pt(13)
    style.element.rPr.rFonts.set(qn("w:eastAsia"), "Times New Roman")
    style.paragraph_format.space_after = Pt(3)


def _letterhead(document: Doc) -> None:
    table = document.add_table(rows=1, cols=2)
    table.alignment = WD_TABLE_ALIGNMENT.CENTER
    left, right = table.rows[0].cells
    _line(left.paragraphs[0], "TÊN CƠ QUAN, TỔ CHỨC", bold=True, size=12)
    _line(left.add_paragraph(), "Số: ……/……", size=13)
    _line(right.paragraphs[0], "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", bold=True, size=12)
    motto = right.add_paragraph()
    _line(motto, "Độc lập - Tự do - Hạnh phúc", bold=True, size=13)
    motto.runs[0].underline = True
    _line(right.add_paragraph(), "……, ngày …… tháng …… năm ……", italic=True, size=13)
    _narrow(table, (Cm(6.5), Cm(10)))


def _title(document: Doc, system: System) -> None:
    _line(document.add_paragraph(), "")
    _line(document.add_paragraph(), "PHIẾU ĐĂNG KÝ", bold=True, size=14)
    _line(document.add_paragraph(), "sử dụng dịch vụ và kiểm thử kết nối", bold=True, size=14)
    told = SYSTEM_TITLES[system]
    _line(document.add_paragraph(), told.vi, bold=True, size=13)
    _line(document.add_paragraph(), f"Registration for: {told.en}", italic=True, size=11)
    _line(document.add_paragraph(), "(Phụ lục 2, Công văn số 761/VPCP-KSTT)", italic=True, size=12)
    _line(document.add_paragraph(), "Kính gửi: Cục C06, Bộ Công an", size=13)
    note = document.add_paragraph()
    note.add_run("Điền vào cột bên phải, giữ nguyên các số trong ngoặc vuông; gửi tệp này kèm thư điện tử. ")
    _english(note, "Fill in the right column, keep the numbers in brackets, and send this file by e-mail.")


def _part(document: Doc, part: Part) -> None:
    heading = document.add_paragraph()
    heading.paragraph_format.keep_with_next = True
    heading.paragraph_format.space_before = Pt(8)
    heading.add_run(part.title.vi).bold = True
    _english(heading, f" · {part.title.en}")
    if part.help.vi:
        note = document.add_paragraph()
        note.paragraph_format.keep_with_next = True
        note.add_run(part.help.vi).font.size = Pt(11)
        _english(note, f" · {part.help.en}")
    table = document.add_table(rows=0, cols=3)
    table.style = "Table Grid"
    table.autofit = False
    for row in part.rows:
        cells = _whole_row(table)
        cells[0].paragraphs[0].add_run(f"[{row.number}]")
        label = cells[1].paragraphs[0]
        label.add_run(row.title.vi)
        _english(label, f" · {row.title.en}")
        if row.help.vi:
            note = cells[1].add_paragraph()
            note.add_run(row.help.vi).font.size = Pt(10)
    _narrow(table)


def _signature(document: Doc) -> None:
    document.add_paragraph()
    table = document.add_table(rows=1, cols=2)
    left, right = table.rows[0].cells
    left.paragraphs[0].add_run("Nơi nhận:").italic = True
    for told in ("- Như trên;", "- Lưu: VT."):
        left.add_paragraph().add_run(told).font.size = Pt(11)
    _line(right.paragraphs[0], "THỦ TRƯỞNG CƠ QUAN", bold=True, size=13)
    _line(right.add_paragraph(), "(Chữ ký, dấu hoặc chữ ký số)", italic=True, size=12)


def _fields(document: Doc) -> None:
    heading = document.add_paragraph()
    heading.paragraph_format.page_break_before = True
    heading.add_run("Phụ bảng: các trường thông tin").bold = True
    _english(heading, " · list of fields")
    note = document.add_paragraph()
    note.add_run("Ghi mã hoặc tên vào các ô [c], [d], cách nhau bằng dấu chấm phẩy. Chỉ chọn trường thật sự cần.")
    table = document.add_table(rows=0, cols=3)
    table.style = "Table Grid"
    table.autofit = False
    for name, title in FIELDS.items():
        cells = _whole_row(table)
        cells[0].paragraphs[0].add_run(name).font.size = Pt(11)
        cells[1].paragraphs[0].add_run(title.vi)
        _english(cells[1].paragraphs[0], f" · {title.en}")
        if name in SENSITIVE:
            mark = Text("dữ liệu nhạy cảm", "sensitive")
            cells[2].paragraphs[0].add_run(mark.both).font.size = Pt(11)
    _narrow(table, (Cm(5), Cm(7.5), Cm(4)))


def _whole_row(table: Table) -> tuple[_Cell, ...]:
    """A new row that no page break cuts in two."""
    row = table.add_row()
    row._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))
    return row.cells


def _narrow(table: Table, widths: tuple[Cm, ...] = _WIDTHS) -> None:
    # Word goes by the cells, LibreOffice by the columns.
    for column, width in zip(table.columns, widths, strict=True):
        column.width = width
    for row in table.rows:
        for cell, width in zip(row.cells, widths, strict=True):
            cell.width = width


def _line(paragraph: Paragraph, text: str, *, bold: bool = False, italic: bool = False, size: int = 13) -> None:
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    run = paragraph.add_run(text)
    run.bold, run.italic, run.font.size = bold, italic, Pt(size)


def _english(paragraph: Paragraph, text: str) -> None:
    run = paragraph.add_run(text)
    run.italic, run.font.size = True, Pt(10)
