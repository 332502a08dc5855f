"""Letters as agencies write them, filled forms, and the mailboxes that they go to."""

from __future__ import annotations

import socket
from email.message import EmailMessage
from io import BytesIO
from typing import TYPE_CHECKING, Any

import msgspec
from docx import Document

from ketnoi_portal import settings as portal_settings
from ketnoi_portal.mailroom.form_document import form_document
from ketnoi_portal.mailroom.form_rows import titles
from ketnoi_portal.mailroom.header import read_header
from ketnoi_portal.mailroom.models import Mail
from ketnoi_portal.mailroom.reader import read_letter
from ketnoi_portal.mailroom.reading import Order
from ketnoi_portal.mailroom.registering import register
from ketnoi_portal.settings import Mailbox
from ketnoi_protocol.services import System

if TYPE_CHECKING:
    import pytest

    from ketnoi_testbed.dovecot import Dovecot

POPULATION, IDENTITY = "ket-noi-dan-cu@c06.example", "ket-noi-dinh-danh@c06.example"
SENDER = "van-thu@thai-nguyen.example"
PROFILE = "2022-seed"
PDF = b"%PDF-1.7\n1 0 obj <<>> endobj\ntrailer <<>>\n%%EOF\n"
BOX = Mailbox(system=System.POPULATION, address=POPULATION, host="127.0.0.1", user=POPULATION, password_file="none")

FILLED = {
    "organisation": "H55",
    "organisation_name": "Tỉnh Thái Nguyên",
    "duties": "Giải quyết thủ tục hành chính",
    "information_system": "Cổng dịch vụ công",
    "information_system_code": "MOTCUA",
    "security_level": "Cấp độ 3",
    "level_decision": "12/QĐ-UBND",
    "level_decision_date": "05/03/2026",
    "services.look_up_citizen.chosen": "X",
    "services.look_up_citizen.procedures": "G15-TP110, G15-TP111",
    "services.look_up_citizen.fields": "Họ và tên; Ngày, tháng, năm sinh; ThuongTru",
    "services.look_up_citizen.purpose": "Đăng ký khai sinh\nthay cho giấy tờ",
    "servers.VDXP.test.server": "VDXP-TEST/GOV/H55/SS01",
    "servers.VDXP.test.subsystem": "MOTCUA",
    "servers.VDXP.test.address": "127.0.0.9",
    "servers.VDXP.test.certificate": "-----BEGIN CERTIFICATE REQUEST-----\nMII=\n-----END CERTIFICATE REQUEST-----",
    "per_day": "3.000",
    "peak_per_second": "5 lượt",
    "months": "24",
    "technical.name": "Nguyễn Kỹ Thuật",
    "technical.email": "kt@thai-nguyen.example",
    "head.name": "Trần Thủ Trưởng",
    "notify": "nhan@thai-nguyen.example",
}


def filled(values: dict[str, str] | None = None, system: System = System.POPULATION, **changes: str) -> bytes:
    """The form as a DOCX with these boxes filled in, as in a word processor."""
    document = Document(BytesIO(form_document(system, PROFILE)))
    paths = {row.number: path for path, row in titles(system, PROFILE).items()}
    told = {**(FILLED if values is None else values), **changes}
    for table in document.tables:
        for row in table.rows:
            path = paths.get(row.cells[0].text.strip("[] "))
            if path in told:
                row.cells[-1].text = told[path]
    written = BytesIO()
    document.save(written)
    return written.getvalue()


def letter(
    *enclosed: tuple[str, bytes, str],
    text: str = "Kính gửi C06, cơ quan chúng tôi gửi phiếu đăng ký kết nối.",
    sender: str = SENDER,
    to: str = POPULATION,
    number: str = "1",
    **headers: str,
) -> EmailMessage:
    """A letter with enclosures: name, bytes, media type."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, to, "Đăng ký kết nối"
    message["Message-ID"] = f"<{number}@thai-nguyen.example>"
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    for name, data, kind in enclosed:
        main, _, sub = kind.partition("/")
        message.add_attachment(data, maintype=main, subtype=sub, filename=name)
    return message


def with_form(data: bytes | None = None, **more: Any) -> EmailMessage:
    """A letter with the filled form."""
    return letter(("phieu.docx", filled() if data is None else data, "application/octet-stream"), **more)


def arrives(message: EmailMessage | bytes, box: Mailbox = BOX) -> Mail:
    """The letter goes through everything but the mail server."""
    raw = message if isinstance(message, bytes) else message.as_bytes()
    found = read_letter(Order(raw=raw, system=box.system, profile=PROFILE))
    return register(box, read_header(raw), raw, found, len(raw))


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def use(monkeypatch: pytest.MonkeyPatch, **changes: Any) -> None:
    """Other settings of the portal, in every module that asks for them."""
    portal_settings.current.cache_clear()
    changed = msgspec.structs.replace(portal_settings.current(), **changes)
    for module in ("polling", "answering"):
        monkeypatch.setattr(f"ketnoi_portal.mailroom.{module}.current", lambda: changed)


def boxes_of(server: Dovecot) -> tuple[Mailbox, ...]:
    """Both mailboxes, on this server."""
    common = {"host": server.host, "port": server.port, "certificate": str(server.certificate)}
    return tuple(
        Mailbox(system=system, address=address, user=address, password_file=str(server.folder / "word"), **common)
        for system, address in ((System.POPULATION, POPULATION), (System.IDENTITY, IDENTITY))
    )
