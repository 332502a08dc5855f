"""What an agency gets with its new key: one ZIP with the private key, the settings for `ketnoi`, and what to do."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Final

from ketnoi_pages import clock
from ketnoi_portal.onboarding.models import Application, IntegrationAccount
from ketnoi_portal.onboarding.registration import ServerEntry
from ketnoi_portal.publication.desired import stand_in_code
from ketnoi_portal.settings import current
from ketnoi_protocol.services import Environment, System

SETTINGS: Final = "agency.toml"
PRIVATE: Final = 0o600 << 16


def key_file(system: System) -> str:
    """Where the settings look for the private key."""
    return "account.pem" if system is System.POPULATION else f"account-{system}.pem"


def package(application: Application, account: IntegrationAccount, private_key: bytes) -> bytes:
    """The ZIP file. It is made in memory, sent once, and kept nowhere."""
    written = io.BytesIO()
    system = System(application.system)
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in (
            (key_file(system), private_key),
            (SETTINGS, settings(application, account).encode()),
            ("DOC-TRUOC.txt", _READ_FIRST.encode()),
        ):
            entry = zipfile.ZipInfo(name, clock.now().astimezone(clock.HANOI).timetuple()[:6])
            entry.external_attr = PRIVATE
            archive.writestr(entry, content)
    return written.getvalue()


def settings(application: Application, account: IntegrationAccount) -> str:
    """`agency.toml` for the command `ketnoi`: all of it that the portal can know."""
    system, environment = System(application.system), Environment(account.environment)
    form = application.registration
    servers = [each for each in form.servers if each.environment is environment]
    subsystem = next((each.subsystem for each in servers if each.subsystem), form.information_system_code)
    procedures = [code for service in form.services for code in service.procedures]
    officer = stand_in_code(application.number, system, environment) or ""
    lines = [
        f"# {application.number} · {account.name}",
        f"environment = {_text(environment)}",
        f"organisation = {_text(application.organisation_id)}",
        f"subsystem = {_text(subsystem)}",
        f"unit = {_text(application.organisation_id)}",
        "# MaCanBo: mã tài khoản của cán bộ khai thác · the account code of the officer who asks",
        f"officer = {_text(officer)}",
        f"procedure = {_text(procedures[0] if procedures else '')}",
        f"member_class = {_text(current().member_class)}",
        f"profile = {_text(application.profile)}",
        "",
        f"[accounts.{system}]",
        f"id = {_text(account.name)}",
        f"key = {_text(key_file(system))}",
    ]
    for server in servers:
        lines += ["", *_gate(server)]
    return "\n".join(lines) + "\n"


def _gate(server: ServerEntry) -> list[str]:
    provider = next(
        (
            each.subsystem.split(":", 1)[1].replace(":", "/")
            for each in current().servers
            if (each.platform, each.environment) == (server.platform, server.environment)
        ),
        "GOV/G01.C06/DANCU",
    )
    address, code = server.address or "ss.example", server.server.rpartition("/")[2] or "SS01"
    return [
        f"[platforms.{server.platform}]",
        "# Địa chỉ máy chủ bảo mật mà hệ thống của cơ quan gọi tới; chứng thư và khóa TLS của hệ thống đó;",
        "# chứng thư nội bộ của máy chủ · your security server as your system calls it; your system's TLS certificate",
        "# and key; the server's internal certificate",
        f"security_server = {_text(f'https://{address}:8443')}",
        'certificate = "tls.pem"',
        'key = "tls-key.pem"',
        f"trusted = {_text(f'{code}.pem')}",
        f"provider = {_text(provider)}",
    ]


def _text(value: str) -> str:
    # A basic string of TOML is written as one of JSON is.
    return json.dumps(str(value), ensure_ascii=False)


_READ_FIRST: Final = """\
TÀI KHOẢN TÍCH HỢP · INTEGRATION ACCOUNT

Tệp khóa (.pem) là khóa bí mật của cơ quan. Cổng không giữ bản nào và không đưa lại lần nữa.
Mất hoặc lộ khóa: nhận lại tài khoản trên cổng; khóa mới thay khóa cũ trong vòng một phút.

1. Đặt các tệp này vào một thư mục chỉ hệ thống thông tin đọc được.
2. Thêm tls.pem, tls-key.pem của hệ thống và chứng thư nội bộ của máy chủ bảo mật; sửa địa chỉ trong agency.toml.
3. Chạy: ketnoi doctor --settings agency.toml

The key file (.pem) is your private key. The portal keeps no copy and gives it out only once.
Lost or known to others: take the account again; the new key replaces the old one within a minute.

1. Put these files into a folder that only your information system can read.
2. Add your system's tls.pem and tls-key.pem and the security server's certificate; mend the address in agency.toml.
3. Run: ketnoi doctor --settings agency.toml
"""
