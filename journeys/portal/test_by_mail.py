"""An application by e-mail: SMTP in, a draft out, which is nobody's until its representative claims it.

The longest way that there is begins here: from a letter to the first call in production.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import msgspec
import pytest

from journeys.portal.browsing import BrowserVisitor
from journeys.portal.conftest import SitDown
from journeys.portal.dossier import rightly_and_wrongly
from journeys.portal.hands import Hands
from journeys.portal.pictures import Pictures
from ketnoi_portal.onboarding.registration import Registration
from ketnoi_protocol.services import Environment, Service, System
from ketnoi_testbed.cast import CONSTRUCTION, HANDLER, HAU_GIANG, HEALTH
from ketnoi_testbed.country import MAILBOXES, Country
from ketnoi_testbed.forms import registration
from ketnoi_testbed.mailing import filled, letter
from ketnoi_testbed.server_office import enforce
from ketnoi_testbed.show import evidence
from ketnoi_testbed.visitor import Visitor
from ketnoi_testbed.walk import NOT_LICENSED, Walk, filled_in

PROVINCE_SERVICES = (Service.CONFIRM_IDENTITY_NUMBER, Service.LOOK_UP_CITIZEN)


@dataclass(frozen=True)
class Answered:
    """What the sender was told: the draft's number, its key on the portal, and the whole letter."""

    number: str
    key: str
    text: str


def apply_by_mail(country: Country, sender: str, code: str, form: Registration, system: System) -> Answered:
    """Somebody takes the empty form from the public page, fills it in, mails it, and waits for the answer."""
    with Visitor(country.portal.url) as anybody:
        page = anybody.open(f"/ket-noi/?system={system}")
        assert MAILBOXES[system] in page.text
        empty = page.follow("mau-phieu").content
    country.write(letter(sender, filled(empty, code, form, system), system), sender)
    country.test.until(lambda: country.post.letters(sender), within=90)
    (answer,) = country.post.letters(sender)
    assert answer["Auto-Submitted"] == "auto-generated"
    text = answer.get_content()
    number, key = re.search(r"KN-\d{4}-\d{6}", text), re.search(r"/ho-so/([0-9a-f-]{36})/", text)
    assert number is not None
    assert key is not None
    assert form.technical.name not in text, "an answer carries no data"
    return Answered(number[0], key[1], text)


def test_a_form_by_mail_is_claimed_and_sent(country: Country, sit_down: SitDown, pictures: Pictures) -> None:
    form = registration(list(country.worlds.values()), HEALTH.code, [Service.VERIFY_CITIZEN])
    told = apply_by_mail(country, "van-thu@bo-y-te.example", HEALTH.code, form, System.IDENTITY)
    assert "Phiếu không còn lỗi." in told.text

    # C06 sees it at its mail desk; another organisation's people do not see it at all.
    mail = sit_down(HANDLER).go("/thu/?state=opened").sees("Đăng ký sử dụng dịch vụ")
    pictures.take(mail, "mailroom")
    pictures.take(mail.follow("Đăng ký sử dụng dịch vụ"), "letter")
    sit_down(CONSTRUCTION.representative).go("/thu/cho-nhan/").sees_not(told.number)
    # The clerk may read it, and cannot claim it.
    clerk = sit_down(HEALTH.clerk).go("/thu/cho-nhan/").sees(told.number)
    assert clerk.page.locator("form[action$='/viec/claim/']").count() == 0

    desk = sit_down(HEALTH.representative).go("/thu/cho-nhan/").sees(told.number).is_accessible()
    # Unclaimed, it cannot even be edited; claimed, the form that was mailed is sent as it is.
    desk.go(f"/ho-so/{told.key}/phieu/").sees("Nhận bản đăng ký gửi qua thư")
    desk.go("/thu/cho-nhan/").send("/viec/claim/")
    desk.go(f"/ho-so/{told.key}/kiem-tra/").sees("Phiếu không còn lỗi nào ngăn việc gửi").send("/viec/submit/")
    sit_down(HANDLER).go(f"/ho-so/{told.key}/").sees(form.information_system)


def test_from_a_letter_to_the_first_call_in_production(
    country: Country, browse: Callable[[str], BrowserVisitor]
) -> None:
    hands = Hands(country)
    # Two officers let C06's servers be changed by what is approved. Nothing else is done at any server from here on.
    for instance in ("VDXP-TEST", "VDXP"):
        enforce(country, instance)
    walk = Walk(country, HAU_GIANG, sit=browse)

    # The letter: what a province's office knows by heart is in the form, certificates and one decision are not.
    form = registration(list(country.worlds.values()), HAU_GIANG.code, PROVINCE_SERVICES)
    mailed = msgspec.structs.replace(
        form,
        level_decision="",
        servers=tuple(msgspec.structs.replace(each, certificate="") for each in form.servers),
    )
    told = apply_by_mail(country, "van-thu@hau-giang.example", HAU_GIANG.code, mailed, System.POPULATION)
    assert "Còn phải hoàn thiện:" in told.text
    # The organisation's registered address hears of it too: the sender's proves nothing.
    country.test.until(lambda: country.post.letters("van-thu-so@hau-giang.example"), within=60)

    # The draft is nobody's, then the representative's; the clerk completes what the answer named.
    walk.key = told.key
    with pytest.raises(LookupError):
        walk.send_form()
    walk.claim(told.key, PROVINCE_SERVICES)
    with pytest.raises(LookupError):
        walk.send_form()
    first, second = filled_in(form)
    missing = {name: value for name, value in second.items() if name.endswith("-pem")}
    checked = walk.complete({"level_decision": first["level_decision"], **missing})
    assert "Phiếu không còn lỗi nào ngăn việc gửi" in checked.text
    walk.send_form()
    assert walk.stands() == "Chờ C06 tiếp nhận"
    assert form.services[0].purpose in walk.page(HANDLER).text, "what was mailed is what C06 reads"

    # The test environment.
    with pytest.raises(LookupError):
        walk.accept()
    walk.register_on(Environment.TEST)
    walk.accept()
    walk.take_account(Environment.TEST)
    walk.check_connection()
    tried = walk.try_out()
    assert {unit: code for unit, (_, code) in tried.items()} == rightly_and_wrongly(PROVINCE_SERVICES)
    walk.send_survey()
    walk.confirm_test()

    # Assessment and dossier.
    walk.assess()
    walk.list_account(HAU_GIANG.officer, HAU_GIANG.officer_email)
    signed = walk.sign_papers()
    assert [unit.partition("/")[0] for unit in signed] == ["1", "2", "3", "4"]
    walk.hand_in()
    walk.accept_papers(HAU_GIANG.pc06)
    walk.take(HAU_GIANG.pc06, "forward")
    walk.take(HANDLER, "submit_to_leadership")
    with pytest.raises(LookupError):
        walk.decide(2)
    walk.decide(1)
    walk.decide(2)

    # Production.
    with pytest.raises(LookupError):
        walk.take(HANDLER, "go_live")
    walk.register_on(Environment.PRODUCTION)
    walk.take(HANDLER, "go_live")
    assert walk.stands(HAU_GIANG.representative) == "Chạy chính thức"
    walk.take_account(Environment.PRODUCTION)
    officer = walk.activate(HAU_GIANG.officer)

    # The first call, and what is left of it.
    world = country.production
    message_id = walk.until_answered(Environment.PRODUCTION, Service.LOOK_UP_CITIZEN)
    (looked,) = world.run(evidence.looked(world, message_id))
    assert (looked.officer, looked.unit, looked.result) == (officer, HAU_GIANG.code, "00")
    assert set(looked.fields) == set(next(each.fields for each in form.services if each.fields))
    proofs = evidence.proofs(world, HAU_GIANG.code, message_id)
    consumer = world.server("VDXP", HAU_GIANG.code).party
    provider = world.provider("VDXP").party
    assert {each.kind: (each.message_id, each.signer) for each in proofs} == {
        "request": (message_id, str(consumer.member)),
        "response": (message_id, str(provider.member)),
    }

    # No right, no answer: another procedure, which the registry refuses, and a service that was not asked for, which
    # does not even get through C06's security server.
    _, code = walk.call(Environment.PRODUCTION, Service.LOOK_UP_CITIZEN, procedure=NOT_LICENSED)
    assert code == "23"
    refused_id, code = walk.call(Environment.PRODUCTION, Service.VERIFY_HOUSEHOLD)
    assert code == "access_denied"
    assert world.run(evidence.looked(world, refused_id)) == []

    # And no hand in any configuration: what was changed on servers and platforms, the portal's own keys have changed.
    assert hands.changed_settings == []
    assert hands.by_others == []
    changed = {each.where for each in hands.by_the_portal}
    assert changed >= {"VDXP-TEST", "VDXP", *(str(each.provider("VDXP").id) for each in country.worlds.values())}
