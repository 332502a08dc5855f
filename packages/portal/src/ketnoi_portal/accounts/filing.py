"""A commitment that somebody uploads: let in, examined, its signatures judged; and the form to sign."""

from __future__ import annotations

from ketnoi_pages import clock
from ketnoi_portal.accounts.models import Account
from ketnoi_portal.accounts.writing import AccountGiven
from ketnoi_portal.agencies.models import Organisation
from ketnoi_portal.files.examination import examine_safe, trust_list
from ketnoi_portal.files.models import Blob
from ketnoi_portal.files.uploads import PDF, admit
from ketnoi_portal.onboarding.registration import Contact
from ketnoi_portal.papers import contents, verdicts
from ketnoi_portal.papers.making import Form, make_pdf
from ketnoi_portal.process.charts import CHARTS, Level
from ketnoi_portal.process.roles import DESK_TITLES
from ketnoi_portal.settings import current
from ketnoi_protocol.services import Catalogue, Environment, System


def receive(name: str, data: bytes, expected: tuple[str, ...]) -> AccountGiven:
    """A signed commitment, kept with the verdict on it. `expected`: who should have signed. Raises UploadRefused."""
    upload = admit(name, data)
    at = clock.now()
    if upload.media_type == PDF:
        found = examine_safe(upload.data, trust_list(current()), at)
        verdict = verdicts.of_examination(found, at, expected)
    else:
        verdict = verdicts.of_picture(at)
    blob = Blob.keep(upload.data, upload.media_type)
    return AccountGiven(file=blob, file_name=upload.name, verdict=verdicts.kept(verdict))


def personal_form(account: Account) -> bytes:
    """The personal commitment of an account as a PDF to sign."""
    catalogue = Catalogue.load(current().profile)
    titles = [
        catalogue.entry(System.POPULATION, service, Environment.PRODUCTION).title_vi
        for service in sorted(account.service_set)
    ]
    person = {
        "key": str(account.pk)[:8],
        "name": account.full_name,
        "position": account.position,
        "unit": f"{account.unit.name} ({account.unit_id})",
        "email": account.email,
        "services": "; ".join(titles),
    }
    to = _desk_of(account.level, account.chart)
    data = contents.commitment_of_person(account.unit, System.POPULATION, person, to=to)
    return make_pdf(Form.COMMITMENT_PERSON, contents.marked(data, f"TK-{str(account.pk)[:8]}", "4"), clock.now())


def unit_form(unit: Organisation) -> bytes:
    """A unit's own commitment as a PDF to sign."""
    to = _desk_of(unit.level, current().chart)
    data = contents.commitment_of_organisation(unit, System.POPULATION, Contact(), to=to)
    return make_pdf(Form.COMMITMENT_ORGANISATION, contents.marked(data, unit.code, "3"), clock.now())


def _desk_of(level: str, chart: str) -> str:
    return f"{DESK_TITLES[CHARTS[chart].account_routes[Level(level)][0]].vi}."
