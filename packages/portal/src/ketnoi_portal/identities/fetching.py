"""The worker's task: objections are fetched and told to whoever answers them; answers are handed over."""

from __future__ import annotations

from typing import Final

from django.db import transaction
from django.urls import reverse

from ketnoi_pages import clock
from ketnoi_pages.text import Text
from ketnoi_portal.identities.identity_client import AnswerRefusedError, IdentityClient, IdentityError
from ketnoi_portal.identities.models import IdentitySource, Objection, ObjectionAnswer
from ketnoi_portal.notices.models import Letter
from ketnoi_portal.process.roles import DeskKind, Role
from ketnoi_portal.settings import Identity, current
from ketnoi_portal.staff.models import Assignment
from ketnoi_portal.staff.places import addresses_of
from ketnoi_portal.worker.locks import only_one
from ketnoi_protocol.citizens import AnswerGiven
from ketnoi_protocol.citizens import Objection as Told
from ketnoi_protocol.citizens import Objections as Page

PAGES: Final = 20
"""So many answers of one system are taken at a time [our choice]; the rest comes the next time."""
_DISORDER: Final = Text("phản ánh không đúng thứ tự", "the objections are not in their order")


def exchange() -> None:
    """Every identity system. One that cannot be asked holds up none of the others; what went wrong stands with it."""
    for told in current().identities:
        with only_one(f"objections {told.name}") as mine:
            if mine:
                _exchange(told)


def _exchange(told: Identity) -> None:
    source, _ = IdentitySource.objects.get_or_create(name=told.name)
    try:
        with IdentityClient(told) as client:
            for _ in range(PAGES):
                page = client.objections(source.last_objection, source.last_made_at)
                _keep(source, page)
                if not page.more:
                    break
            _hand_over(client, told.name)
    except IdentityError as error:
        source.ask_trouble_vi, source.ask_trouble = error.told.vi[:200], error.told.en[:200]
        source.save(update_fields=["ask_trouble", "ask_trouble_vi"])


def _keep(source: IdentitySource, page: Page) -> None:
    """Objections, their letters and how far one has come: all or none. Raises IdentityError.

    Where the system's database was restored everything is told anew: what is known here is not kept twice, and answers
    that were lost there are handed over again.
    """
    last, made_at = (0, None) if page.anew else (source.last_objection, source.last_made_at)
    for each in page.objections:
        if each.id <= last:
            raise IdentityError(_DISORDER)
        last, made_at = each.id, each.made_at
    with transaction.atomic():
        for each in page.objections:
            known = Objection.objects.filter(source=source.name, number=each.id, made_at=each.made_at).first()
            if known is None:
                kept = _kept(source, each)
                if len(each.answers) < len(ObjectionAnswer.SIDES):
                    _tell(kept)
            else:
                there = [given.by for given in each.answers]
                known.answers.filter(refused=False).exclude(by__in=there).update(sent_at=None)
        source.last_objection, source.last_made_at, source.asked_at = last, made_at, clock.now()
        source.ask_trouble = source.ask_trouble_vi = ""
        source.save(update_fields=["last_objection", "last_made_at", "asked_at", "ask_trouble", "ask_trouble_vi"])


def _kept(source: IdentitySource, told: Told) -> Objection:
    kept = Objection.objects.create(
        source=source.name,
        number=told.id,
        organisation=told.organisation[:100],
        unit=(told.unit or "")[:100],
        message_id=told.message_id[:255],
        system=told.system,
        service=told.service,
        procedure=(told.procedure or "")[:100],
        looked_at=told.looked_at,
        reason=told.reason,
        made_at=told.made_at,
        due_at=told.due_at,
        fetched_at=clock.now(),
    )
    for given in told.answers:
        # Known there already: this portal's database is an older one.
        ObjectionAnswer.objects.create(
            objection=kept, by=given.by, words=given.words, person="", at=given.at, sent_at=given.at
        )
    return kept


def _tell(objection: Objection) -> None:
    """A letter to each who answers, with a link and without a word of the citizen's."""
    link = current().public(reverse("identities:list"))
    due = objection.due_at.astimezone(clock.HANOI)
    subject = f"Phản ánh của công dân, trả lời trước {due:%H:%M %d/%m/%Y}"
    body = (
        f"Một công dân phản ánh một lượt khai thác dữ liệu. Phải trả lời trước {due:%H:%M ngày %d/%m/%Y}.\n"
        f"A citizen objects to a look at their data. An answer is due by {due:%Y-%m-%d %H:%M} (Hanoi).\n\n{link}\n"
    )
    key = f"objection:{objection.source}:{objection.number}:{objection.made_at.timestamp():.6f}"
    for address in sorted({*handlers(), *agencys(objection.organisation)}):
        Letter.write(address, subject, body, key=key)


def handlers() -> list[str]:
    """The addresses of C06's handlers who are there now."""
    return addresses_of(Assignment.objects.filter(role=Role.HANDLER, desk__kind=DeskKind.C06))


def agencys(organisation: str) -> list[str]:
    """The addresses of an agency's representatives who are there now."""
    return addresses_of(Assignment.objects.filter(role=Role.REPRESENTATIVE, organisation_id=organisation))


def _hand_over(client: IdentityClient, name: str) -> None:
    waiting = ObjectionAnswer.objects.filter(objection__source=name, sent_at=None, refused=False)
    for each in waiting.select_related("objection").order_by("at"):
        given = AnswerGiven(
            by=ObjectionAnswer.C06 if each.by == ObjectionAnswer.C06 else ObjectionAnswer.AGENCY,
            organisation=each.objection.organisation,
            words=each.words,
            made_at=each.objection.made_at,
        )
        try:
            client.answer(each.objection.number, given)
        except AnswerRefusedError:
            each.refused = True
        else:
            each.sent_at = clock.now()
        each.save(update_fields=["sent_at", "refused"])
