"""What people do here: take an integration account, ask for a check, hand in test calls. The actor comes first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.db import transaction

from ketnoi_pages import clock
from ketnoi_pages.text import Text
from ketnoi_portal.audit.models import record
from ketnoi_portal.connection import account_keys, handout
from ketnoi_portal.connection.models import AskedCheck, HandedIn
from ketnoi_portal.connection.permission import HAND_IN, RUN_CHECK, may
from ketnoi_portal.onboarding import actions
from ketnoi_portal.onboarding.models import Application, ConnectionCheck
from ketnoi_portal.onboarding.writing import Given
from ketnoi_portal.process.effects import each_call
from ketnoi_portal.process.roles import Actor
from ketnoi_portal.process.rules import Reason, StepRefused, check_step
from ketnoi_portal.process.workflow import STEP
from ketnoi_protocol.personal_number import holds_personal_number

LONGEST_ID: Final = 255
MOST_WAITING: Final = 20
"""Messages of one application whose evidence is being fetched at one time."""


def take_account(actor: Actor, application: Application, environment: str, public_key: str) -> Application:
    """The representative gives the account a key of the agency's own (PEM: public key or CSR); it replaces any other.

    Raises StepRefused, KeyRefused: the rules first, since a bad key concerns nobody who may not take the account.
    """
    check_step(STEP["take_account"], application.case(), environment, actor)
    key = account_keys.read(public_key)
    with transaction.atomic():
        taken = actions.take(actor, application, "take_account", environment, Given(public_key=key))
        account_keys.check_unused(taken.integration_accounts.get(environment=environment), key)
    return taken


def take_account_with_new_key(actor: Actor, application: Application, environment: str) -> bytes:
    """A key pair is made for the account; what comes back, once and never again, is the package for the agency.

    Raises StepRefused.
    """
    private_key, public_key = account_keys.make()
    with transaction.atomic():
        taken = actions.take(actor, application, "take_account", environment, Given(public_key=public_key))
        account = taken.integration_accounts.get(environment=environment)
        return handout.package(taken, account, private_key)


def ask_check(actor: Actor, application: Application, messages: Mapping[str, str]) -> ConnectionCheck:
    """Have the worker run the connection check; `messages` has the id of a message that was sent, by platform.

    Raises StepRefused.
    """
    with transaction.atomic():
        locked = Application.objects.select_for_update().get(pk=application.pk)
        may(actor, locked, RUN_CHECK)
        if locked.connection_checks.filter(ended_at=None).exists():
            raise StepRefused([_RUNNING])
        given = {name: _message_id(text) for name, text in messages.items() if text.strip()}
        check = ConnectionCheck.objects.create(application=locked, began_at=clock.now(), asked_by=actor.person)
        AskedCheck.objects.create(check_run=check, messages=given)
        record(actor, "ask_connection_check", "application", locked.pk, after={"check": check.pk, "messages": given})
    return check


def hand_in_call(actor: Actor, application: Application, unit: str, message_id: str) -> HandedIn:
    """Name a message as the test call of a unit such as `look_up_citizen/answered`; the worker fetches its evidence.

    Raises StepRefused.
    """
    with transaction.atomic():
        locked = _for_a_call(actor, application, unit)
        named = _message_id(message_id)
        waiting = locked.handed_in.filter(passed=None)
        if waiting.filter(unit=unit, message_id=named).exists():
            raise StepRefused([_HANDED_IN])
        if waiting.count() >= MOST_WAITING:
            raise StepRefused([_TOO_MANY])
        return _handed(actor, locked, unit, named, uploaded=False)


def hand_in_containers(actor: Actor, application: Application, unit: str) -> HandedIn:
    """Note that containers were uploaded for a unit; what they prove is judged by proving.settle_upload at once.

    Raises StepRefused.
    """
    with transaction.atomic():
        return _handed(actor, _for_a_call(actor, application, unit), unit, "", uploaded=True)


def _for_a_call(actor: Actor, application: Application, unit: str) -> Application:
    locked = Application.objects.select_for_update().get(pk=application.pk)
    may(actor, locked, HAND_IN)
    if unit not in set(each_call(locked.case())):
        raise StepRefused([_NO_SUCH_CALL])
    return locked


def _handed(actor: Actor, application: Application, unit: str, message_id: str, *, uploaded: bool) -> HandedIn:
    handed = HandedIn.objects.create(
        application=application,
        unit=unit,
        message_id=message_id,
        uploaded=uploaded,
        handed_at=clock.now(),
        handed_by=actor.person,
    )
    after = {"unit": unit, "message": message_id, "uploaded": uploaded}
    record(actor, "hand_in_call", "application", application.pk, after=after)
    return handed


def _message_id(text: str) -> str:
    named = text.strip()
    if not 0 < len(named) <= LONGEST_ID or not named.isascii() or not named.isprintable():
        raise StepRefused([_NO_ID])
    if holds_personal_number(named):
        raise StepRefused([_NUMBER_IN_ID])
    return named


_RUNNING = Reason(
    "check_running",
    Text("Một lần kiểm tra đang chạy", "A check is running"),
    Text("Chờ kết quả, thường trong vòng một phút", "Wait for its result, mostly within a minute"),
)
_HANDED_IN = Reason(
    "handed_in_already",
    Text("Mã thông điệp này đang được xác minh", "This message is being verified"),
    Text("Chờ kết quả rồi tải lại trang", "Wait for the result and load the page again"),
)
_TOO_MANY = Reason(
    "too_many_waiting",
    Text("Quá nhiều thông điệp đang chờ xác minh", "Too many messages wait to be verified"),
    Text("Chờ các kết quả trước rồi nhập tiếp", "Wait for the earlier results, then go on"),
)
_NO_SUCH_CALL = Reason(
    "no_such_call",
    Text("Đăng ký này không có dịch vụ đó", "This application does not ask for that service"),
    Text("Chọn một trong các dịch vụ đã đăng ký", "Choose one of the services that it asks for"),
)
_NO_ID = Reason(
    "no_message_id",
    Text("Mã thông điệp trống hoặc sai dạng", "The message id is empty or has a wrong form"),
    Text("Chép nguyên giá trị của X-Road-Id, ví dụ VDXP-TEST-…", "Copy the whole X-Road-Id, such as VDXP-TEST-…"),
)
_NUMBER_IN_ID = Reason(
    "personal_number_in_message_id",
    Text("Mã thông điệp chứa số định danh cá nhân", "The message id holds a personal number"),
    Text("Sửa phần mềm để mã thông điệp là mã ngẫu nhiên", "Mend the software: ids are made at random"),
)
