"""Another certificate for a security server that stays in use: the next one stands beside the old one meanwhile.

The guidance says nothing of it; X-Road lets a server have several authentication certificates, so that keys change
without a pause. What is asked is our choice [OC]: the platform's own operator registers the next certificate, one
connection check under it passes, and only then the operator retires the old one. Nothing that was approved changes. A
test that is still under way counts for one certificate: with the old one it is over, and begins anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ketnoi_pages.text import Text
from ketnoi_portal.process import effects
from ketnoi_portal.process.case import OVER, Case, Rotation, Stage
from ketnoi_portal.process.effects import platform_of
from ketnoi_portal.process.requirements import OUR_CHOICE
from ketnoi_portal.process.roles import DeskKind, Role
from ketnoi_portal.process.step import BEFORE_PRODUCTION, RUNNING, Effect, Step, Units
from ketnoi_protocol.services import Environment

ROTATABLE: Final = BEFORE_PRODUCTION | RUNNING


def _standing(*states: Rotation | None) -> Units:
    """The registered servers whose next certificate stands so (None: there is none)."""

    def units(case: Case) -> Iterable[str]:
        return (unit for unit in effects.registered(case) if case.rotation(platform_of(unit)) in states)

    return units


def _to(state: Rotation | None) -> Effect:
    return lambda case, unit: case.with_rotation(platform_of(unit), state)


def retire(case: Case, unit: str) -> Case:
    """The next certificate is the only one from now on."""
    return new_certificate(case.with_rotation(platform_of(unit), None), unit)


def new_certificate(case: Case, unit: str) -> Case:
    """What a test has shown counts for the certificate of the test environment that it was made under."""
    return effects.untested(case) if platform_of(unit)[1] is Environment.TEST else case


ROTATION_STEPS: Final[tuple[Step, ...]] = (
    Step(
        "offer_certificate",
        Text("Nộp chứng thư kế tiếp của máy chủ bảo mật", "Hand in the server's next certificate"),
        Role.REPRESENTATIVE,
        DeskKind.AGENCY,
        ROTATABLE,
        None,
        ("1/2", "1/3"),
        OUR_CHOICE,
        effect=_to(Rotation.OFFERED),
        units=_standing(None, Rotation.OFFERED),
    ),
    Step(
        "register_beside",
        Text("Đăng ký chứng thư kế tiếp bên cạnh chứng thư cũ", "Register the next certificate beside the old one"),
        Role.OPERATOR,
        None,
        ROTATABLE,
        None,
        ("1/2", "1/3"),
        OUR_CHOICE,
        effect=_to(Rotation.BESIDE),
        units=_standing(Rotation.OFFERED),
        desk_of=effects.registrar,
        decides=True,
    ),
    Step(
        "drop_certificate",
        Text("Không nhận hoặc gỡ chứng thư kế tiếp", "Turn the next certificate down, or take it off again"),
        Role.OPERATOR,
        None,
        ROTATABLE,
        None,
        ("1/2", "1/3"),
        OUR_CHOICE,
        effect=_to(None),
        units=_standing(Rotation.OFFERED, Rotation.BESIDE),
        desk_of=effects.registrar,
        decides=True,
        needs_reason=True,
    ),
    Step(
        "give_up_certificate",
        Text("Rút chứng thư kế tiếp", "Give the next certificate up"),
        Role.REPRESENTATIVE,
        DeskKind.AGENCY,
        ROTATABLE,
        None,
        ("1/2", "1/3"),
        OUR_CHOICE,
        effect=_to(None),
        units=_standing(Rotation.OFFERED, Rotation.BESIDE, Rotation.CHECKED),
        needs_reason=True,
    ),
    Step(
        "pass_rotation_check",
        Text("Kiểm tra kết nối dưới chứng thư kế tiếp: đạt", "Connection check under the next certificate: passed"),
        Role.SYSTEM,
        None,
        ROTATABLE,
        None,
        ("2.1/2",),
        OUR_CHOICE,
        effect=_to(Rotation.CHECKED),
        units=_standing(Rotation.BESIDE),
        desk_of=lambda case, unit: DeskKind.AGENCY,
    ),
    Step(
        "fail_rotation_check",
        Text(
            "Kiểm tra kết nối dưới chứng thư kế tiếp: không đạt", "Connection check under the next certificate: failed"
        ),
        Role.SYSTEM,
        None,
        ROTATABLE,
        None,
        ("2.1/2",),
        OUR_CHOICE,
        effect=_to(Rotation.BESIDE),
        units=_standing(Rotation.CHECKED),
        desk_of=lambda case, unit: DeskKind.AGENCY,
    ),
    Step(
        "retire_certificate",
        Text("Gỡ chứng thư cũ", "Retire the old certificate"),
        Role.OPERATOR,
        None,
        ROTATABLE,
        None,
        ("1/2", "1/3"),
        OUR_CHOICE,
        effect=retire,
        units=_standing(Rotation.CHECKED),
        desk_of=effects.registrar,
        decides=True,
    ),
    Step(
        "follow_certificate",
        Text("Theo chứng thư mới của cùng máy chủ", "Follow the new certificate of the same server"),
        Role.SYSTEM,
        None,
        frozenset(Stage) - OVER,
        None,
        ("1/2", "1/3"),
        OUR_CHOICE,
        effect=new_certificate,
        units=effects.each_platform,
        desk_of=lambda case, unit: DeskKind.AGENCY,
    ),
)
