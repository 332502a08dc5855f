"""What tests of accounts begin with: an application in production, a unit's accepted commitment, requests."""

from __future__ import annotations

from ketnoi_pages import clock
from ketnoi_portal.accounts import actions
from ketnoi_portal.accounts.actions import Asked, take
from ketnoi_portal.accounts.models import Account
from ketnoi_portal.accounts.unit_actions import take_for_unit
from ketnoi_portal.accounts.writing import AccountGiven
from ketnoi_portal.agencies.models import Organisation
from ketnoi_portal.files.models import Blob
from ketnoi_portal.papers import verdicts
from ketnoi_portal.process.roles import Actor, DeskKind, Role
from ketnoi_portal.staff.inviting import accept
from ketnoi_portal.staff.models import Invitation, Person, hats_of
from ketnoi_protocol.services import Service

from .offices import at_agency, at_desk


def commitment(name: str) -> AccountGiven:
    """A commitment with a valid signature, as it is handed in."""
    blob = Blob.keep(f"%PDF-1.7 {name}".encode(), "application/pdf")
    verdict = verdicts.kept(verdicts.Verdict(state=verdicts.VALID, checked_at=clock.now()))
    return AccountGiven(file=blob, file_name=f"{name}.pdf", verdict=verdict)


def ask(unit: str, name: str, *services: Service) -> Asked:
    """A request for somebody of a unit; for one service unless told otherwise."""
    organisation = Organisation.objects.get(pk=unit)
    return Asked(organisation, name, "Chuyên viên", f"{name}@example.vn", services or (Service.LOOK_UP_CITIZEN,))


def ready_to_hand_over(rep: Actor, unit: str, name: str, *services: Service) -> Account:
    """A request with its commitment handed in."""
    account = actions.request(rep, ask(unit, name, *services))
    return take(rep, account, "file_commitment", given=commitment(name))


def commune_with_commitment() -> tuple[Actor, Actor, Actor, Actor]:
    """A commune's representative, its unit's commitment accepted; and the three desks of its route."""
    rep, unit = at_agency("H55.30.12"), Organisation.objects.get(pk="H55.30.12")
    desks = [at_desk(slug, Role.HANDLER) for slug in ("doi-h55-30", "pc06-h55", "c06")]
    take_for_unit(rep, unit, "file_unit_commitment", commitment("phuong"))
    take_for_unit(desks[0], unit, "accept_unit_commitment")
    return rep, desks[0], desks[1], desks[2]


def comes_in(account: Account) -> Actor:
    """The officer of an account that C06 has created takes the invitation; them, as an actor."""
    invitation = Invitation.objects.filter(email=account.email, used_at=None).first()
    if invitation is not None:
        stranger = Actor("invited", DeskKind.AGENCY, account.unit_id, frozenset())
        accept(stranger, invitation, full_name=account.full_name, password="long enough for a test 1")
    return hats_of(Person.objects.get(email=account.email))[f"agency:{account.unit_id}"]
