"""What stands in each paper: the data of its form, from an application or from plain arguments.

The day is not part of it: it is written when the paper is signed. So the same application makes the same paper, and
`digest` tells whether a signed one still says what the application says.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from hashlib import sha256
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from ketnoi_pages import clock
from ketnoi_portal.agencies.models import Organisation
from ketnoi_portal.onboarding.models import Application, ListedAccount
from ketnoi_portal.onboarding.registration import Contact, ServerEntry, entries
from ketnoi_portal.onboarding.sign_in import SignInEntry, thumbprint
from ketnoi_portal.papers.letterhead import full_name, issuer_of, place_and_date, place_of, signature_of
from ketnoi_portal.papers.making import Form
from ketnoi_portal.process.effects import paper_of
from ketnoi_protocol.services import Environment, Service, System

TO_C06: Final = "Cục Cảnh sát quản lý hành chính về trật tự xã hội (C06), Bộ Công an."
SYSTEMS: Final = {
    System.POPULATION: "Cơ sở dữ liệu quốc gia về dân cư",
    System.IDENTITY: "Hệ thống định danh và xác thực điện tử",
}
BASES: Final = {
    System.POPULATION: [
        "Căn cứ Thông tư số 46/2022/TT-BCA ngày 04/11/2022 của Bộ trưởng Bộ Công an;",
        "Căn cứ Công văn số 761/VPCP-KSTT ngày 29/01/2022 của Bộ Công an và Văn phòng Chính phủ.",
    ],
    System.IDENTITY: [
        "Căn cứ Nghị định số 69/2024/NĐ-CP ngày 25/6/2024 của Chính phủ quy định về định danh và xác thực điện tử."
    ],
}
ENVIRONMENTS: Final = {Environment.TEST: "thử nghiệm", Environment.PRODUCTION: "chính thức"}
MARK: Final = "ketnoi"


def digest(data: dict[str, Any]) -> str:
    """What a paper says, as 16 hexadecimal digits: everything but the year and the mark itself."""
    told = {name: value for name, value in data.items() if name not in ("place-and-date", "mark", "keywords")}
    return sha256(json.dumps(told, ensure_ascii=False, sort_keys=True).encode()).hexdigest()[:16]


def marked(data: dict[str, Any], dossier: str, unit: str) -> dict[str, Any]:
    """The data with the mark by which an uploaded paper is known again: dossier, paper, digest of what it says."""
    what = digest(data)
    return {**data, "mark": f"{dossier} · {unit} · {what}", "keywords": [MARK, dossier, unit, what]}


def framed(
    organisation: Organisation,
    kind: str,
    subject: str,
    *,
    to: str = TO_C06,
    head: Contact,
    recipients: Iterable[str] = ("Như trên", "Lưu: VT"),
) -> dict[str, Any]:
    """Everything around the text of a paper that an organisation issues."""
    above, own = issuer_of(organisation)
    listed = [f"{each};" for each in recipients]
    return {
        "title": f"{kind} {subject[:1].lower()}{subject[1:]}".replace("\n", " "),
        "author": full_name(organisation),
        "kind": kind,
        "subject": subject,
        "superior": above,
        "issuer": own,
        "number": "\u2003\u2003\u2003/\u2003\u2003\u2003",
        "place-and-date": place_and_date(place_of(organisation), clock.today().year),
        "to": to,
        "organisation": full_name(organisation),
        "code": organisation.code,
        "recipients": [*listed[:-1], listed[-1].rstrip(";") + "."] if listed else [],
        "signature": signature_of(organisation, head.position, head.name),
        "draft": False,
        "mark": "",
        "keywords": [],
    }


def paper(application: Application, unit: str) -> tuple[Form, dict[str, Any]]:
    """The form and the data of paper 1 to 4 (`4/<account>`). Raises KeyError when there is no such account."""
    number, key = paper_of(unit)
    if number == 1:
        form, data = Form.REGISTRATION, registration(application)
    elif number == 2:
        form, data = Form.ACCOUNTS, accounts(application)
    elif number == 3:
        form = Form.COMMITMENT_ORGANISATION
        data = commitment_of_organisation(
            application.organisation, System(application.system), application.registration.head
        )
    else:
        form, data = Form.COMMITMENT_PERSON, commitment_of_listed(application, key)
    return form, marked(data, application.number, unit)


def registration(application: Application) -> dict[str, Any]:
    """(1) Đăng ký sử dụng dịch vụ."""
    form, system = application.registration, System(application.system)
    decided = form.level_decision_date
    return {
        **framed(
            application.organisation,
            "Phiếu đăng ký",
            f"Sử dụng dịch vụ được cung cấp từ\n{SYSTEMS[system]}",
            head=form.head,
        ),
        "basis": BASES[system],
        "system": SYSTEMS[system],
        "address": application.organisation.address,
        "duties": form.duties,
        "information_system": form.information_system,
        "information_system_code": form.information_system_code,
        "security_level": f"Cấp độ {form.security_level}" if form.security_level else "",
        "level_decision": form.level_decision + (f" ngày {decided:%d/%m/%Y}" if decided else ""),
        "servers": [_server(each) for each in form.servers],
        "services": services_of(application),
        "per_day": _count(form.per_day),
        "peak": _count(form.peak_per_second),
        "months": f"{form.months} tháng",
        "technical": _reach(form.technical),
        "notify": form.notify,
        # Without any the paper says what it said before there was signing in, to the letter.
        **({"sign_in": [_sign_in(each) for each in form.sign_in]} if form.sign_in else {}),
    }


def accounts(application: Application) -> dict[str, Any]:
    """(2) Đăng ký tài khoản: everybody who is listed now."""
    system = System(application.system)
    listed = application.listed_accounts.filter(removed_at=None).select_related("unit").order_by("pk")
    return {
        **framed(
            application.organisation,
            "Bản đăng ký",
            f"Tài khoản sử dụng dịch vụ được cung cấp từ\n{SYSTEMS[system]}",
            head=application.registration.head,
        ),
        "basis": BASES[system],
        "system": SYSTEMS[system],
        "accounts": [_account(application, each) for each in listed],
    }


def commitment_of_organisation(
    organisation: Organisation, system: System, head: Contact, *, to: str = TO_C06
) -> dict[str, Any]:
    """(3) Cam kết của tổ chức; also that of a unit, to the desk that manages it (`to`, ending with a full stop)."""
    return {
        **framed(
            organisation, "Bản cam kết", "Bảo đảm an ninh, an toàn và bảo mật thông tin của tổ chức", to=to, head=head
        ),
        "basis": BASES[system],
        "system": SYSTEMS[system],
    }


def commitment_of_listed(application: Application, key: str) -> dict[str, Any]:
    """(4) Cam kết của cá nhân, for one of the accounts that paper 2 lists. Raises KeyError."""
    account = application.listed_accounts.filter(key=key, removed_at=None).select_related("unit").first()
    if account is None:
        raise KeyError(key)
    return commitment_of_person(account.unit, System(application.system), _account(application, account))


def commitment_of_person(
    unit: Organisation, system: System, person: dict[str, str], *, to: str = TO_C06
) -> dict[str, Any]:
    """(4) Cam kết của cá nhân from plain arguments; `person` has name, position, unit, email, key, services."""
    data = framed(
        unit,
        "Bản cam kết",
        "Bảo đảm an ninh, an toàn và bảo mật thông tin của cá nhân",
        to=to,
        head=Contact(name=person["name"]),
        recipients=(),
    )
    return {
        **data,
        "author": person["name"],
        "signature": {"office": ["Người cam kết"], "how": "(Ký, ghi rõ họ tên)", "name": person["name"]},
        "basis": BASES[system],
        "system": SYSTEMS[system],
        "person": person,
    }


def _sign_in(entry: SignInEntry) -> dict[str, str]:
    where = ENVIRONMENTS[entry.environment]
    return {"where": where, "addresses": ", ".join(entry.redirects), "key": thumbprint(entry.key)}


def services_of(application: Application) -> list[dict[str, str]]:
    """The services that are asked for, as a table's rows."""
    titles = _titles(application)
    return [
        {
            "title": titles[each.service],
            "procedures": ", ".join(each.procedures),
            "fields": ", ".join(each.fields or each.match_fields) or "Theo dịch vụ",
            "purpose": each.purpose,
        }
        for each in application.registration.services
    ]


def _titles(application: Application) -> dict[Service, str]:
    found = entries(System(application.system), application.services, Environment.TEST, application.profile)
    return {each.service: each.title_vi for each in found}


def _account(application: Application, account: ListedAccount) -> dict[str, str]:
    titles = _titles(application)
    named = [titles.get(Service(each), each) for each in account.services] if account.services else titles.values()
    return {
        "key": account.key,
        "name": account.full_name,
        "position": account.position,
        "unit": full_name(account.unit),
        "email": account.email,
        "services": "; ".join(named),
    }


def _server(entry: ServerEntry) -> dict[str, str]:
    return {
        "where": f"{entry.platform}, {ENVIRONMENTS[entry.environment]}",
        "identifier": entry.server + (f" ({entry.subsystem})" if entry.subsystem else ""),
        "address": entry.address,
        "fingerprint": _fingerprint(entry.certificate),
    }


def _fingerprint(certificate: str) -> str:
    try:
        found = x509.load_pem_x509_certificate(certificate.encode()).fingerprint(hashes.SHA256()).hex().upper()
    except ValueError:
        return "(nộp yêu cầu cấp chứng thư)"
    return " ".join(found[at : at + 4] for at in range(0, len(found), 4))


def _count(number: int) -> str:
    return f"{number:,}".replace(",", ".") if number else ""


def _reach(contact: Contact) -> str:
    return ", ".join(each for each in (contact.name, contact.position, contact.phone, contact.email) if each.strip())
