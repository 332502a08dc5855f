"""The public pages, printed from the tables of the process, the catalogue and the registry's own API document."""

from __future__ import annotations

from typing import TypeVar

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from ketnoi_pages.text import Text
from ketnoi_portal.process.charts import CHARTS, Level
from ketnoi_portal.process.requirements import REQUIREMENTS
from ketnoi_portal.settings import current
from ketnoi_portal.site.public import document, walk
from ketnoi_protocol import soap_schema
from ketnoi_protocol.services import Catalogue, Environment, System

Kind = TypeVar("Kind", System, Level)

SYSTEMS = {
    System.POPULATION: Text("Cơ sở dữ liệu quốc gia về dân cư", "National Population Database"),
    System.IDENTITY: Text("Định danh và xác thực điện tử", "Electronic identification and authentication"),
}


def home(request: HttpRequest) -> HttpResponse:
    """What this portal is, for whoever has not signed in."""
    return render(request, "site/home.html", {"systems": _catalogue()})


def services(request: HttpRequest) -> HttpResponse:
    """What can be asked, over which platform, under which codes."""
    return render(request, "site/services.html", {"systems": _catalogue(), "profile": current().profile})


def wsdl(request: HttpRequest) -> HttpResponse:
    """The description in SOAP of the service that the address names, as it is asked at an agency's own gateway."""
    asked = (request.GET.get("system"), request.GET.get("service"))
    for each in Catalogue.load(current().profile):
        if (each.system.value, each.service.value) == asked and each.soap is not None:
            body = soap_schema.wsdl(each, f"{soap_schema.GATEWAY}/{each.service_code}")
            return HttpResponse(body, content_type=soap_schema.CONTENT_TYPE)
    raise Http404


def api(request: HttpRequest) -> HttpResponse:
    """The registry's API, readable."""
    return render(request, "site/api.html", {"document": document.registry()})


def connect(request: HttpRequest) -> HttpResponse:
    """The steps to a connection, for a system and a level that the reader chooses."""
    own = current()
    system = _chosen(System, request.GET.get("system"), System.POPULATION)
    known = walk.levels(own.chart)
    level = _chosen(Level, request.GET.get("level"), Level.MINISTRY)
    if level not in dict(known):
        level = Level.MINISTRY
    return render(
        request,
        "site/connect.html",
        {
            "chapters": walk.chapters(system, level, own.chart, own.profile),
            "chart": CHARTS[own.chart],
            "system": system,
            "system_title": SYSTEMS[system],
            "level": level,
            "systems": SYSTEMS.items(),
            "levels": known,
            "papers": _papers(system),
            "mailboxes": [box for box in own.mailboxes if box.system is system],
        },
    )


def terms(request: HttpRequest) -> HttpResponse:
    """What everybody agrees to."""
    return render(request, "site/terms.html")


def _chosen(kind: type[Kind], given: str | None, otherwise: Kind) -> Kind:
    try:
        return kind(given or otherwise)
    except ValueError:
        return otherwise


def _papers(system: System) -> list[Text]:
    """The papers of the dossier, each once."""
    found: dict[int, Text] = {}
    for row in REQUIREMENTS:
        if row.paper is not None and system in row.systems:
            found.setdefault(row.paper, row.title)
    return [found[number] for number in sorted(found)]


def _catalogue() -> list[dict[str, object]]:
    """Each system with its services, test and production side by side."""
    catalogue = Catalogue.load(current().profile)
    return [
        {
            "key": system.value,
            "title": title,
            "services": [
                {
                    "entry": each,
                    "title": Text(each.title_vi, each.title_en),
                    "test": catalogue.entry(system, each.service, Environment.TEST),
                }
                for each in catalogue
                if each.system is system and each.environment is Environment.PRODUCTION
            ],
        }
        for system, title in SYSTEMS.items()
    ]
