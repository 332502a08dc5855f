"""An application whose servers really run: a world beside the portal's database, and what a test asks in it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec.structs import force_setattr

from ketnoi_client.problems import Refused
from ketnoi_client.soap_gateway import Gateway, Tables
from ketnoi_portal.connection.checking import run_waiting
from ketnoi_portal.onboarding.models import Application, ConnectionCheck
from ketnoi_portal.process.case import Stage
from ketnoi_portal.settings import Settings, current
from ketnoi_protocol import rest
from ketnoi_protocol.envelope import LookUpRequest
from ketnoi_protocol.services import Environment, Platform, Service
from ketnoi_protocol.soap_requests import encode_request
from ketnoi_runtime.settings import load_settings
from ketnoi_testbed.asking import birth_of, person_of
from ketnoi_testbed.parts.portal import PortalPart
from ketnoi_testbed.world import World

from .applications import an_application

NEIGHBOURS = ("base", "servers", "exchanges", "directories", "registries", "identities")
HOST = "127.0.0.1"


@contextmanager
def neighbours_of(world: World) -> Iterator[Path]:
    """The portal's settings name this world's servers, as the test bed tells a portal of them; the folder of keys."""
    part, own = PortalPart("postgresql://nowhere", HOST, 1), current()
    before = {name: getattr(own, name) for name in NEIGHBOURS}
    try:
        world.run(part.meet(world))
        told = load_settings(part.settings, Settings)
        for name in NEIGHBOURS:
            force_setattr(own, name, getattr(told, name))
        yield part.folder
    finally:
        for name, value in before.items():
            force_setattr(own, name, value)
        part.remove()


def connected(
    world: World,
    code: str = "H55",
    *,
    number: str = "KN-2026-000001",
    stage: Stage = Stage.OPENING,
    services: tuple[Service, ...] = (Service.LOOK_UP_CITIZEN,),
) -> Application:
    """An application of an agency of the world, whose account is the one in the directory there."""
    made = an_application(code, number=number, stage=stage, services=services)
    listed = next(world.agencies[code].accounts())
    made.integration_accounts.filter(environment=Environment.TEST).update(name=listed.id, public_key=listed.public_key)
    return made


def metaservice_id(world: World, code: str = "H55", platform: Platform = Platform.VDXP) -> str:
    """Ask C06's server what one may do, as `ketnoi doctor` does; the id of that message."""
    agency = world.agency(code)
    entry = next(each for each in agency.settings.entries() if each.platform is platform)
    reply = agency.connection(platform).request(
        "GET",
        f"/r1/{agency.settings.provider_id(entry).service('allowedMethods').slash}",
        headers={"X-Road-Client": agency.settings.client_id(entry).slash},
    )
    assert reply.status == 200
    return str(reply.headers[rest.ID])


def answered_id(world: World, code: str = "H55") -> str:
    """Look somebody up; the id of that message."""
    return world.agency(code).look_up_citizen(person_of(world.people.full)).message_id


def refused_id(world: World, code: str = "H55", **call: str) -> str:
    """Ask for a procedure that nobody has licensed; the id of that message."""
    try:
        world.agency(code).look_up_citizen(person_of(world.people.full), procedure="KHONG-CO", **call)
    except Refused as refused:
        assert refused.message_id
        return refused.message_id
    raise AssertionError("it was answered")


def soap_id(world: World, procedure: str = "", code: str = "H55") -> str:
    """Look somebody up through the agency's gateway for SOAP; the id of that message."""
    agency, someone = world.agency(code), world.people.full
    entry = agency.settings.entry("population", "look_up_citizen")
    assert entry.soap is not None
    request = LookUpRequest(
        ma_yeu_cau=uuid.uuid4().hex,
        ma_dvc=procedure or agency.settings.procedure,
        ma_tich_hop=entry.ma_tich_hop,
        ma_don_vi=agency.settings.unit or agency.settings.organisation,
        ma_can_bo=agency.settings.officer,
        personal_number=someone.personal_number,
        name=someone.full_name,
        birth_text=birth_of(someone),
    )
    gateway = Gateway(agency, Tables(officers={"motcua": agency.settings.officer}))
    answered = gateway.answer("text/xml", encode_request(entry.soap, request))
    assert answered.code == ("23" if procedure else "")
    return answered.message_id


def failed_items(check: ConnectionCheck) -> set[str]:
    """The items that failed though they were examined."""
    return {each["item"] for each in check.items if not each["passed"] and "Chưa kiểm tra" not in each["detail_vi"]}


def newest_check(made: Application) -> ConnectionCheck:
    """The newest check, once the worker has been by."""
    run_waiting()
    check = made.connection_checks.latest("pk")
    made.refresh_from_db()
    return check
