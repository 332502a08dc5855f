"""Prints the pages of reference from the tables that the code itself reads.

python docs/reference/print.py            write the pages
python docs/reference/print.py --check    compare them; exit 1 when one differs
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from ketnoi_exchange.admin import openapi as exchange_admin
from ketnoi_portal.process import account_tables, drawing
from ketnoi_protocol.errors import TABLE
from ketnoi_protocol.services import Catalogue, profiles
from ketnoi_securityserver.admin import openapi as securityserver_admin

HERE = Path(__file__).parent
NOTE = "<!-- Printed by docs/reference/print.py from the tables in ketnoi_protocol; change those, then print again. -->"

WHO = {
    "agency": "cơ quan khai thác · agency",
    "officer": "cán bộ · officer",
    "provider": "bên cung cấp · provider",
    "platform": "nền tảng · platform",
    "c06": "C06",
}


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def errors() -> str:
    """The table of refusals."""
    rows = [
        (
            f"`{row.code}`",
            str(row.status),
            WHO[row.who],
            f"{row.title_vi}<br>*{row.title_en}*",
            f"{row.mend_vi}<br>*{row.mend_en}*",
            ", ".join(f"`{code}`" for code in row.also),
            "có · yes" if row.own else "",
        )
        for row in TABLE
    ]
    head = (
        "mã · code",
        "HTTP",
        "ai xử lý · who acts",
        "điều gì đã xảy ra · what happened",
        "cách xử lý · what to do",
        "gồm cả · also",
        "của Ketnoi · our choice",
    )
    return f"""{NOTE}
# Bảng mã từ chối · Table of refusals

Mã bằng số là của CSDLQG trong Ketnoi, mã bằng chữ là của X-Road; không tìm thấy bảng mã chính thức nào của C06.
Digits are the registry's codes, words are X-Road's; no official table of C06's was found. A security server puts its
code at the end of an X-Road type, such as `server.serverproxy.access_denied`, in the header `X-Road-Error`; the
registry answers with `application/problem+json` and the type `urn:ketnoi:error:CODE`, or in [SOAP](soap.md) with a
fault and HTTP 500. HTTP is the status at the place where the refusal arises; X-Road answers 500 for every type that
begins with `server.`, and 400 otherwise.

{table(head, rows)}
"""


def services() -> str:
    """The catalogue of each profile."""
    head = (
        "hệ thống · system",
        "dịch vụ · service",
        "nền tảng · platform",
        "môi trường · environment",
        "instance",
        "mã dịch vụ X-Road · service code",
        "MaTichHop",
        "SOAP",
        "dạng trả lời · answer",
        "so tên · names",
    )
    sections = []
    for profile in profiles():
        rows = [
            (
                each.system.value,
                f"{each.title_vi}<br>*{each.title_en}*",
                each.platform.value,
                each.environment.value,
                each.instance,
                f"`{each.service_code}`",
                each.ma_tich_hop,
                f"`{each.soap.request}`" if each.soap is not None else "",
                each.answer_shape.value,
                each.name_match.value,
            )
            for each in Catalogue.load(profile)
        ]
        rows += [
            (
                each.system.value,
                f"{each.title_vi}<br>*{each.title_en}*",
                each.platform.value,
                each.environment.value,
                each.instance,
                f"`{each.service_code}`",
                each.ma_tich_hop,
                "",
                f"`{each.operation}`",
                "",
            )
            for each in Catalogue.load(profile).consent_operations
        ]
        sections.append(f"## `{profile}`\n\n{table(head, rows)}\n")
    return f"""{NOTE}
# Dịch vụ · Services

Hai hệ thống, mỗi hệ thống bốn dịch vụ, theo từng nền tảng và môi trường. Mã lấy từ cách các bên đang gọi, không từ
văn bản chính thức; vì vậy chúng là dữ liệu của một *profile*.
Two systems, four services each, by platform and environment. The codes come from how callers call, not from an
official text; so they are data of a *profile*. SOAP: the [operation](soap.md) by which a service is asked there.
The last rows are no services: by them an agency asks for a [citizen's consent](consent.md) to a service of the
identity system, and how it stands.

{chr(10).join(sections)}"""


PROCESS_NOTE = (
    "<!-- Printed by docs/reference/print.py from ketnoi_portal.process; change its tables, then print again. -->"
)

PAGES = {
    "errors.md": errors,
    "services.md": services,
    "accounts.md": lambda: account_tables.accounts_page(PROCESS_NOTE),
    "process.md": lambda: drawing.process_page(PROCESS_NOTE),
    "process.svg": drawing.state_diagram,
    "securityserver-admin.openapi.json": lambda: securityserver_admin.document().decode(),
    "exchange-admin.openapi.json": lambda: exchange_admin.document().decode(),
}

# The portal ships the registry's API document, but does not import the registry.
API = HERE / "registry.openapi.json"
SHIPPED_API = HERE.parents[1] / "packages/portal/src/ketnoi_portal/site/static/portal/registry.openapi.json"


def main(arguments: Sequence[str]) -> int:
    """Write or compare the pages; the number of pages that differ, at most 1."""
    differing = []
    for name, text in PAGES.items():
        page = HERE / name
        if "--check" in arguments:
            if not page.exists() or page.read_text(encoding="utf-8") != text():
                differing.append(name)
        else:
            page.write_text(text(), encoding="utf-8")
    if "--check" not in arguments:
        SHIPPED_API.write_bytes(API.read_bytes())
    elif SHIPPED_API.read_bytes() != API.read_bytes():
        differing.append("registry.openapi.json (the portal's copy)")
    for name in differing:
        print(f"docs/reference/{name} differs from the tables: run python docs/reference/print.py")
    return 1 if differing else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
