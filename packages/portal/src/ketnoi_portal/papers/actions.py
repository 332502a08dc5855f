"""What people do with papers. Each act is a step of the process, taken by onboarding.actions.take."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from django.db import transaction

from ketnoi_pages import clock
from ketnoi_pages.text import Text
from ketnoi_portal.agencies.models import Organisation
from ketnoi_portal.audit.models import record
from ketnoi_portal.files.examination import examine_safe, trust_list
from ketnoi_portal.files.models import Blob
from ketnoi_portal.files.uploads import PDF, Upload
from ketnoi_portal.mailroom.models import MailDraft
from ketnoi_portal.mailroom.seeing import reads
from ketnoi_portal.onboarding.actions import take
from ketnoi_portal.onboarding.models import Application
from ketnoi_portal.onboarding.writing import Given
from ketnoi_portal.papers.contents import paper
from ketnoi_portal.papers.exporting import pack
from ketnoi_portal.papers.letterhead import full_name
from ketnoi_portal.papers.making import make_pdf
from ketnoi_portal.papers.marks import check_mark
from ketnoi_portal.papers.signing import sign_in_rehearsal
from ketnoi_portal.papers.verdicts import Verdict, kept, of_examination, of_picture
from ketnoi_portal.process.effects import paper_of
from ketnoi_portal.process.roles import Actor, DeskKind
from ketnoi_portal.process.rules import Reason, StepRefused, check_step
from ketnoi_portal.process.workflow import STEP
from ketnoi_portal.settings import current
from ketnoi_protocol.identifiers import OrganisationCode
from ketnoi_protocol.personal_number import holds_personal_number

MOST_LISTED: Final = 500
"""Accounts in one paper 2. Further ones are asked for one by one, or from a spreadsheet, once it runs."""


def made(application: Application, unit: str) -> bytes:
    """The PDF of a paper, for signature. Raises KeyError for an account that is not listed."""
    form, data = paper(application, unit)
    # The day of the application, so that the same data make the same bytes whenever they are asked for.
    return make_pdf(form, data, application.began_at)


def hand_in(
    actor: Actor, application: Application, unit: str, upload: Upload, *, revision: int | None = None
) -> Application:
    """Put an uploaded paper into the dossier, with the verdict on its signatures.

    Raises UploadRefused, StepRefused, Changed.
    """
    # Asked first, so that nobody has files examined that they may not hand in.
    check_step(STEP["file_paper"], application.case(), unit, actor)
    verdict = _judged(application, unit, upload)
    with transaction.atomic():
        given = Given(file=Blob.keep(upload.data, upload.media_type), file_name=upload.name, verdict=kept(verdict))
        return take(actor, application, "file_paper", unit, given, revision=revision)


def sign_here(actor: Actor, application: Application, unit: str, *, revision: int | None = None) -> Application:
    """In a rehearsal: have the paper signed by a test certificate in the name of whoever has to, and hand it in.

    Raises NoRehearsal, StepRefused, Changed.
    """
    check_step(STEP["file_paper"], application.case(), unit, actor)
    organisation = full_name(application.organisation)
    signed = sign_in_rehearsal(
        current(), made(application, unit), expected_signers(application, unit)[0], organisation, clock.now()
    )
    name = f"giay-to-{unit.replace('/', '-')}-da-ky.pdf"
    return hand_in(actor, application, unit, Upload(name, PDF, signed), revision=revision)


def accept(actor: Actor, application: Application, unit: str, *, revision: int | None = None) -> Application:
    """Accept a paper whose signatures hold. Raises StepRefused, Changed."""
    return take(actor, application, "accept_paper", unit, revision=revision)


def accept_scan(
    actor: Actor, application: Application, unit: str, reason: str, *, revision: int | None = None
) -> Application:
    """Accept an unsigned scan on one's own word, with the reason. Raises StepRefused, Changed."""
    if not reason.strip():
        raise StepRefused([_REASON])
    return take(actor, application, "accept_paper", unit, Given(scan=True, reason=reason), revision=revision)


def reject(
    actor: Actor, application: Application, unit: str, reason: str, *, revision: int | None = None
) -> Application:
    """Send one paper back. Raises StepRefused, Changed."""
    return take(actor, application, "reject_paper", unit, Given(reason=reason), revision=revision)


def withdraw(
    actor: Actor, application: Application, unit: str, reason: str, *, revision: int | None = None
) -> Application:
    """Take a personal commitment back. Raises StepRefused, Changed."""
    return take(actor, application, "withdraw_commitment", unit, Given(reason=reason), revision=revision)


def list_account(actor: Actor, application: Application, given: Given, *, revision: int | None = None) -> Application:
    """Add somebody to paper 2, under the next free key. Raises StepRefused with every reason, Changed."""
    if reasons := _account_defects(application, given):
        raise StepRefused(reasons)
    key = f"TK{application.listed_accounts.count() + 1}"
    told = replace(given, full_name=" ".join(given.full_name.split()), email=given.email.strip().lower())
    return take(actor, application, "list_account", key, told, revision=revision)


def unlist_account(actor: Actor, application: Application, key: str, *, revision: int | None = None) -> Application:
    """Take somebody off paper 2; their commitment goes too. Raises StepRefused, Changed."""
    return take(actor, application, "unlist_account", key, revision=revision)


def export(actor: Actor, application: Application) -> bytes:
    """The whole dossier as ZIP. That it was taken out is itself recorded, and stands in it as the last event."""
    with transaction.atomic():
        locked = (
            Application.objects.select_for_update(of=("self",)).select_related("organisation").get(pk=application.pk)
        )
        record(actor, "export_dossier", "application", locked.pk, after={"revision": locked.revision})
        names_of = locked.organisation_id if actor.desk is DeskKind.AGENCY else ""
        return pack(locked, clock.now(), names_of=names_of, reads_letter=_reads_letter(actor, locked))


def _reads_letter(actor: Actor, application: Application) -> bool:
    """Whether somebody may read the letter that an application came by, as the mailroom's own pages judge it."""
    draft = MailDraft.objects.select_related("mail").filter(application=application).first()
    return draft is None or reads(actor, draft.mail)


def expected_signers(application: Application, unit: str) -> tuple[str, ...]:
    """Who should have signed a paper: the account's person, or the head, or the organisation by its seal."""
    number, key = paper_of(unit)
    if number == 4:
        account = application.listed_accounts.filter(key=key).first()
        return (account.full_name if account else "",)
    organisation = application.organisation
    return (application.registration.head.name or organisation.name, full_name(organisation), organisation.name)


def _judged(application: Application, unit: str, upload: Upload) -> Verdict:
    at = clock.now()
    if upload.media_type != PDF:
        return of_picture(at)
    found = examine_safe(upload.data, trust_list(current()), at)
    check_mark(application, unit, found.keywords)
    return of_examination(found, at, expected_signers(application, unit))


def _account_defects(application: Application, given: Given) -> list[Reason]:
    listed = application.listed_accounts.filter(removed_at=None)
    found = []
    if not given.full_name.strip() or "@" not in given.email or not given.position.strip():
        found.append(_INCOMPLETE)
    if any(holds_personal_number(each) for each in (given.full_name, given.position, given.email)):
        found.append(_PERSONAL_NUMBER)
    if listed.filter(email__iexact=given.email.strip()).exists():
        found.append(_LISTED_TWICE)
    if given.organisation is None or not _is_within(application.organisation, given.organisation):
        found.append(_OTHER_ORGANISATION)
    if not given.services or not set(given.services) <= application.services:
        found.append(_SERVICES)
    if listed.count() >= MOST_LISTED:
        found.append(_TOO_MANY)
    return found


def _is_within(whole: Organisation, part: Organisation) -> bool:
    return OrganisationCode.parse(whole.code).covers(OrganisationCode.parse(part.code)) and part.is_open(clock.today())


_REASON: Final = Reason(
    "reason_missing",
    Text("Chấp nhận bản quét thì phải nêu lý do", "Accepting a scan needs a reason"),
    Text("Viết đã đối chiếu bản giấy nào, khi nào", "Say which paper you compared it with, and when"),
)
_INCOMPLETE: Final = Reason(
    "account_incomplete",
    Text("Thiếu họ tên, chức vụ hoặc thư điện tử", "Name, position or e-mail address is missing"),
    Text("Điền đủ ba mục", "Fill all three in"),
)
_PERSONAL_NUMBER: Final = Reason(
    "personal_number",
    Text("Không ghi số định danh cá nhân ở đây", "No personal numbers here"),
    Text("Chỉ ghi họ tên, chức vụ, thư công vụ", "Give name, position and office e-mail only"),
)
_LISTED_TWICE: Final = Reason(
    "listed_twice",
    Text("Thư điện tử này đã có trong danh sách", "This e-mail address is listed already"),
    Text("Mỗi người một tài khoản, một địa chỉ thư riêng", "Each person has one account and their own address"),
)
_OTHER_ORGANISATION: Final = Reason(
    "other_organisation",
    Text("Đơn vị không thuộc cơ quan đăng ký", "The unit does not belong to the applicant"),
    Text("Chọn cơ quan đăng ký hoặc đơn vị trực thuộc", "Choose the applicant or a unit beneath it"),
)
_SERVICES: Final = Reason(
    "services_beyond",
    Text("Dịch vụ của tài khoản phải nằm trong dịch vụ đăng ký", "An account's services are among those asked for"),
    Text("Chọn ít nhất một dịch vụ đã đăng ký", "Choose at least one of the registered services"),
)
_TOO_MANY: Final = Reason(
    "too_many_accounts",
    Text(f"Giấy tờ số 2 nêu nhiều nhất {MOST_LISTED} tài khoản", f"Paper 2 lists at most {MOST_LISTED} accounts"),
    Text("Đăng ký thêm sau khi chạy chính thức", "Ask for more once it is in production"),
)
