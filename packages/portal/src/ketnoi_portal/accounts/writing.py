"""What the steps of an account write: the facts behind the AccountCase, and what goes with them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import connection

from ketnoi_pages import clock
from ketnoi_pages.text import Text
from ketnoi_portal.accounts import codes
from ketnoi_portal.accounts.inviting import invite, take_leave
from ketnoi_portal.accounts.models import Account, PersonalCommitment
from ketnoi_portal.files.models import Blob
from ketnoi_portal.papers import verdicts
from ketnoi_portal.process.account_case import AccountCase, AccountState
from ketnoi_portal.process.account_step import place_of
from ketnoi_portal.process.case import PaperState
from ketnoi_portal.process.deadlines import ACCOUNT_DAYS, LONGEST_ACCOUNT_DAYS
from ketnoi_portal.process.roles import Actor
from ketnoi_portal.process.rules import Reason, StepRefused


@dataclass(frozen=True, slots=True)
class AccountGiven:
    """What comes with a step of an account; each step reads what it needs."""

    reason: str = ""
    file: Blob | None = None
    file_name: str = ""
    verdict: dict[str, Any] = field(default_factory=dict)
    scan: bool = False
    due: date | None = None


Write = Callable[[Account, str, Actor, AccountGiven], None]
WRITES: dict[str, Write] = {}


def _writes(*steps: str) -> Callable[[Write], Write]:
    def keep(write: Write) -> Write:
        WRITES.update(dict.fromkeys(steps, write))
        return write

    return keep


def write(account: Account, after: AccountCase, given: AccountGiven) -> None:
    """Put into the account what the case says; the caller saves it."""
    if account.state != after.state:
        account.suspended_for = given.reason[:300] if after.state is AccountState.SUSPENDED else ""
    if (account.state, account.route_position) != (after.state, after.position):
        begin_turn(account, after.state)
    account.state = after.state
    account.unit_id = after.unit
    account.level = after.level
    account.route_position = after.position
    account.desk = after.desk if after.state is AccountState.WITH_DESK else ""
    account.suspended_by = after.suspended_by or ""
    account.activated = after.activated
    account.review_due = None if after.reviewed else account.review_due


def begin_turn(account: Account, state: AccountState) -> None:
    """The account begins to wait in a state, or at another desk: since now, for as many days as the table says."""
    account.state_since = clock.now()
    days = ACCOUNT_DAYS.get(state)
    account.due_at = None if days is None else account.state_since + timedelta(days=days)
    account.told_at = account.reminded_at = account.escalated_at = None


def touch_directory(account: Account) -> None:
    """The signed directory must look at this account again. Only after the act was recorded: see next_revision."""
    if account.code:
        account.bucket = account.bucket or codes.bucket(account.code)
        account.revision = next_revision()


def next_revision() -> int:
    """The number of a change to the directory; later changes have larger ones.

    Acts are recorded one after another until they commit (audit.record), and this is asked for after the act was
    recorded: so nobody who has read up to a number will ever miss a smaller one that commits later.
    """
    return next_revisions(1)[0]


def next_revisions(count: int) -> list[int]:
    """So many of them, for as many changes of one act."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('accounts_directory_revision') FROM generate_series(1, %s)", [count])
        return [int(number) for (number,) in cursor.fetchall()]


@_writes("file_commitment")
def _file_commitment(account: Account, unit: str, actor: Actor, given: AccountGiven) -> None:
    assert given.file is not None
    if PersonalCommitment.objects.filter(file=given.file, current=True).exclude(account=account).exists():
        raise StepRefused([_ANOTHERS])
    _take_out(account, "")
    PersonalCommitment.objects.create(
        account=account,
        file=given.file,
        file_name=given.file_name,
        verdict=given.verdict,
        scan=given.scan,
        filed_at=clock.now(),
        filed_by=actor.person,
    )


@_writes("accept_commitment")
def _accept_commitment(account: Account, unit: str, actor: Actor, given: AccountGiven) -> None:
    commitment = account.commitments.get(current=True)
    check_signed(commitment.verdict, given)
    commitment.state = PaperState.ACCEPTED
    commitment.scan = verdicts.needs_a_scan(commitment.verdict)
    commitment.accepted_at, commitment.accepted_by = clock.now(), actor.person
    commitment.save(update_fields=["state", "scan", "accepted_at", "accepted_by"])


def check_signed(verdict: dict[str, Any], given: AccountGiven) -> None:
    """What carries no valid signature is accepted by a named officer's word alone. Raises StepRefused."""
    if verdicts.needs_a_scan(verdict) and not (given.scan and given.reason.strip()):
        raise StepRefused([_NOT_SIGNED])


@_writes("reject_commitment", "withdraw_commitment", "withdraw_own_commitment")
def _remove_commitment(account: Account, unit: str, actor: Actor, given: AccountGiven) -> None:
    _take_out(account, given.reason)


@_writes("ask_again")
def _ask_again(account: Account, unit: str, actor: Actor, given: AccountGiven) -> None:
    _read_again(account, unit, actor, given)
    account.valid_until = account.end_told_at = None


@_writes("return_request")
def _read_again(account: Account, unit: str, actor: Actor, given: AccountGiven) -> None:
    account.commitments.filter(current=True).update(state=PaperState.FILED, accepted_at=None, accepted_by="")


@_writes("transfer")
def _transfer(account: Account, unit: str, actor: Actor, given: AccountGiven) -> None:
    _ask_again(account, unit, actor, given)
    take_leave(account)
    account.unit_id = place_of(unit)[0]


@_writes("create")
def _create(account: Account, unit: str, actor: Actor, given: AccountGiven) -> None:
    make(actor, account)


@_writes("activate")
def _activate(account: Account, unit: str, actor: Actor, given: AccountGiven) -> None:
    # Whoever was invited is a person from the moment when they took the invitation.
    account.person_id = int(actor.person)


@_writes("close", "close_by_desk")
def _close(account: Account, unit: str, actor: Actor, given: AccountGiven) -> None:
    take_leave(account)


@_writes("open_review")
def _open_review(account: Account, unit: str, actor: Actor, given: AccountGiven) -> None:
    assert given.due is not None
    account.review_due = given.due


@_writes("renew")
def _renew(account: Account, unit: str, actor: Actor, given: AccountGiven) -> None:
    today = clock.today()
    if given.due is None or not today < given.due <= today + timedelta(days=LONGEST_ACCOUNT_DAYS):
        raise StepRefused([_NO_SUCH_END])
    # To the end of that day, as people read a date.
    account.valid_until = datetime.combine(given.due, time(23, 59, 59), clock.HANOI)
    account.end_told_at = None


def make(actor: Actor, account: Account) -> None:
    """Give the account its code, and its officer a way in."""
    account.person = invite(actor, account)
    account.valid_from, account.valid_until, account.end_told_at = clock.now(), None, None
    if account.code is None:
        account.code = codes.new_codes(account.unit_id, 1)[0]


def _take_out(account: Account, reason: str) -> None:
    account.commitments.filter(current=True).update(current=False, removed_for=reason)


_NOT_SIGNED = Reason(
    "not_signed",
    Text("Bản cam kết không có chữ ký số hợp lệ", "The commitment has no valid digital signature"),
    Text(
        "Xem bản giấy, đánh dấu chấp nhận bản quét và nêu lý do; hoặc trả lại",
        "See the paper itself, tick that you accept the scan and say why; or return it",
    ),
)
_NO_SUCH_END = Reason(
    "end_date_wrong",
    Text(
        f"Ngày hết hạn phải sau hôm nay và trong {LONGEST_ACCOUNT_DAYS // 365} năm tới",
        f"The end date must lie after today and within {LONGEST_ACCOUNT_DAYS // 365} years",
    ),
    Text("Chọn ngày khác", "Choose another date"),
)
_ANOTHERS = Reason(
    "commitment_of_another",
    Text("Tệp này đã là bản cam kết của một tài khoản khác", "This file is the commitment of another account already"),
    Text("Mỗi tài khoản một bản cam kết: tải lên bản của đúng người này", "Upload this account's own"),
)
