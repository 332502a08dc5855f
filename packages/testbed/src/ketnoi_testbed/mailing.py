"""A registration that is sent by e-mail: the portal's own form, filled in as in a word processor, and its letter."""

from __future__ import annotations

from email.message import EmailMessage
from email.utils import make_msgid
from io import BytesIO

from docx import Document

from ketnoi_portal.mailroom.form_rows import titles
from ketnoi_portal.onboarding.registration import Registration
from ketnoi_protocol.services import DEFAULT_PROFILE, System
from ketnoi_testbed.country import MAILBOXES


def filled(empty: bytes, code: str, form: Registration, system: System) -> bytes:
    """The empty form (DOCX) with an organisation's registration in its boxes."""
    document = Document(BytesIO(empty))
    told = _boxes(code, form)
    paths = {row.number: path for path, row in titles(system, DEFAULT_PROFILE).items()}
    for table in document.tables:
        for row in table.rows:
            path = paths.get(row.cells[0].text.strip("[] "), "")
            if told.get(path):
                row.cells[-1].text = told[path]
    written = BytesIO()
    document.save(written)
    return written.getvalue()


def _boxes(code: str, form: Registration) -> dict[str, str]:
    told = {"organisation": code}
    for name in form.__struct_fields__:
        value = getattr(form, name)
        if isinstance(value, str | int):
            told[name] = str(value)
    for who in ("technical", "head"):
        person = getattr(form, who)
        told |= {f"{who}.{name}": getattr(person, name) for name in person.__struct_fields__}
    for service in form.services:
        at = f"services.{service.service}"
        told |= {f"{at}.chosen": "x", f"{at}.purpose": service.purpose}
        told |= {f"{at}.{name}": "; ".join(getattr(service, name)) for name in ("procedures", "fields", "match_fields")}
    for server in form.servers:
        at = f"servers.{server.platform}.{server.environment}"
        told |= {f"{at}.{name}": getattr(server, name) for name in ("server", "subsystem", "address")}
        told[f"{at}.certificate"] = server.certificate or server.request
    return told


def letter(sender: str, document: bytes, system: System) -> EmailMessage:
    """The letter to C06's mailbox of a system, with the filled form."""
    message = EmailMessage()
    message["From"], message["To"] = sender, MAILBOXES[system]
    message["Subject"] = "Đăng ký sử dụng dịch vụ và kiểm thử kết nối"
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2])
    message.set_content("Kính gửi Cục C06, cơ quan chúng tôi gửi kèm phiếu đăng ký.")
    message.add_attachment(
        document,
        maintype="application",
        subtype="vnd.openxmlformats-officedocument.wordprocessingml.document",
        filename="phieu-dang-ky.docx",
    )
    return message
