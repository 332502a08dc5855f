"""Another certificate for a server that the platform's operator took off while the application runs.

A stolen key must go at once, so that nothing may wait beside it as in a rotation: the operator removes the server, and
everything that needs it is closed. The guidance does not say how it comes back. Our choice [OC], nothing by default:
the representative names a certificate that the application never had, the operator registers that alone, and only the
connection check under it opens again what was approved.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ketnoi_pages.text import Text
from ketnoi_portal.process import effects
from ketnoi_portal.process.case import Case, Rotation
from ketnoi_portal.process.effects import platform_of
from ketnoi_portal.process.requirements import OUR_CHOICE
from ketnoi_portal.process.roles import DeskKind, Role
from ketnoi_portal.process.step import RUNNING, Step


def _removed(case: Case) -> Iterable[str]:
    """What is approved and runs, or is suspended, names a server everywhere: one that is not registered was removed."""
    return effects.unregistered(case)


def _alone(case: Case) -> Iterable[str]:
    return (unit for unit in effects.registered(case) if case.rotation(platform_of(unit)) is Rotation.ALONE)


REMOVAL_STEPS: Final[tuple[Step, ...]] = (
    Step(
        "name_certificate",
        Text("Nêu chứng thư khác cho máy chủ đã bị gỡ", "Name another certificate for a removed server"),
        Role.REPRESENTATIVE,
        DeskKind.AGENCY,
        RUNNING,
        None,
        ("1/2", "1/3"),
        OUR_CHOICE,
        effect=lambda case, unit: case.with_rotation(platform_of(unit), Rotation.NAMED),
        units=_removed,
    ),
    Step(
        "pass_check_after_removal",
        Text("Kiểm tra kết nối dưới chứng thư mới: đạt", "Connection check under the new certificate: passed"),
        Role.SYSTEM,
        None,
        RUNNING,
        None,
        ("2.1/2",),
        OUR_CHOICE,
        effect=lambda case, unit: case.with_rotation(platform_of(unit), None),
        units=_alone,
        desk_of=lambda case, unit: DeskKind.AGENCY,
    ),
)
