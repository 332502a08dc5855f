"""Pages of the agencies room: organisations as far as one sees them; import and desks for C06's server officers."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from ketnoi_portal.agencies import actions
from ketnoi_portal.agencies.forms import DeskForm, ImportForm, NewDeskForm
from ketnoi_portal.agencies.models import Desk, Import, Organisation
from ketnoi_portal.agencies.rules import may_keep, seen_root, sees_all
from ketnoi_portal.agencies.table import COLUMNS, UnreadableTable
from ketnoi_portal.process.charts import LEVEL_TITLES, Level
from ketnoi_portal.process.roles import DESK_TITLES, Actor, DeskKind
from ketnoi_portal.process.rules import StepRefused
from ketnoi_portal.site.refusing import tell

PAGE = 50


def _actor(request: HttpRequest) -> Actor:
    actor: Actor | None = request.actor  # type: ignore[attr-defined]
    if actor is None:
        raise Http404
    return actor


def _keeper(request: HttpRequest) -> Actor:
    actor = _actor(request)
    if not may_keep(actor):
        raise Http404
    return actor


def _seen(actor: Actor) -> QuerySet[Organisation]:
    """The organisations that somebody may look at."""
    if sees_all(actor):
        return Organisation.objects.all()
    root = seen_root(actor)
    return Organisation.objects.filter(Q(code=root) | Q(code__startswith=f"{root}."))


@login_required
def organisations(request: HttpRequest) -> HttpResponse:
    """The organisations that one sees, by code, name, level."""
    actor = _actor(request)
    found = _seen(actor).select_related("parent")
    words, level = request.GET.get("q", "").strip()[:100], request.GET.get("level", "")
    if words:
        found = found.filter(
            Q(code__istartswith=words) | Q(name__icontains=words) | Q(former_codes__code=words.upper())
        )
    if level in set(Level):
        found = found.filter(level=level)
    if request.GET.get("open"):
        found = found.filter(closed_on=None)
    page = Paginator(found.distinct().order_by("code"), PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "q": words, "level": level, "levels": LEVEL_TITLES.items(), "keeps": may_keep(actor)}
    return render(request, "agencies/organisations.html", context)


@login_required
def organisation(request: HttpRequest, code: str) -> HttpResponse:
    """One organisation. A former code leads to the present one."""
    actor = _actor(request)
    found = _seen(actor).select_related("parent", "successor").filter(pk=code).first()
    if found is None:
        found = get_object_or_404(_seen(actor), former_codes__code=code)
        return redirect("agencies:page", found.code)
    context = {
        "organisation": found,
        "former": found.former_codes.all(),
        "units": found.units.all()[:200],
        "predecessors": found.predecessors.all(),
        "people": found.assignments.select_related("person").filter(until=None, person__is_active=True),
        "desks": [desk for kind in _RECEIVING if (desk := Desk.responsible(kind, found.code)) is not None],
    }
    return render(request, "agencies/organisation.html", context)


_RECEIVING = (DeskKind.COMMUNE_POLICE, DeskKind.DISTRICT_POLICE, DeskKind.PC06, DeskKind.C06)


@login_required
def take_table(request: HttpRequest) -> HttpResponse:
    """Import a table; what was taken before, with its rejects."""
    actor = _keeper(request)
    form = ImportForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            done = actions.import_organisations(actor, file.name, file.read())
            return redirect("agencies:imported", done.pk)
        except UnreadableTable as unreadable:
            form.add_error("file", unreadable.text.in_(request.LANGUAGE_CODE))  # type: ignore[attr-defined]
    context = {"form": form, "imports": Import.objects.all()[:20], "columns": COLUMNS.items()}
    return render(request, "agencies/import.html", context)


@login_required
def imported(request: HttpRequest, pk: int) -> HttpResponse:
    """What came of one import."""
    _keeper(request)
    return render(request, "agencies/imported.html", {"done": get_object_or_404(Import, pk=pk)})


@login_required
def rejects(request: HttpRequest, pk: int) -> HttpResponse:
    """The lines of an import that were not taken, as a file."""
    _keeper(request)
    done = get_object_or_404(Import.objects.select_related("rejects"), pk=pk)
    if done.rejects is None:
        raise Http404
    response = HttpResponse(done.rejects.content, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="rejects-{done.pk}.csv"'
    return response


@login_required
def desks(request: HttpRequest) -> HttpResponse:
    """Every desk, and how many people work there."""
    _keeper(request)
    rows = []
    for desk in Desk.objects.prefetch_related("assignments").order_by("closed_on", "kind", "area"):
        people = {each.person_id for each in desk.assignments.all() if each.until is None}
        rows.append((desk, DESK_TITLES[DeskKind(desk.kind)], len(people)))
    order = list(DeskKind)
    rows.sort(key=lambda row: (row[0].closed_on is not None, order.index(DeskKind(row[0].kind)), row[0].area))
    return render(request, "agencies/desks.html", {"rows": rows})


@login_required
def new_desk(request: HttpRequest) -> HttpResponse:
    """Open a desk."""
    actor = _keeper(request)
    form = NewDeskForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = dict(form.cleaned_data)
        slug, kind = given.pop("slug"), DeskKind(given.pop("kind"))
        try:
            actions.open_desk(actor, slug, actions.DeskFacts(kind=kind, **given))
            return redirect("agencies:desks")
        except StepRefused as refused:
            tell(request, refused)
    return render(request, "agencies/desk.html", {"form": form, "desk": None})


@login_required
def desk(request: HttpRequest, slug: str) -> HttpResponse:
    """Change a desk's title or address."""
    actor = _keeper(request)
    found = get_object_or_404(Desk, pk=slug)
    form = DeskForm(request.POST or None, initial={"title": found.title, "email": found.email})
    if request.method == "POST" and form.is_valid():
        actions.change_desk(actor, found, form.cleaned_data["title"], form.cleaned_data["email"])
        return redirect("agencies:desks")
    return render(request, "agencies/desk.html", {"form": form, "desk": found})


@require_POST
@login_required
def close_desk(request: HttpRequest, slug: str) -> HttpResponse:
    """Close a desk that nobody works at."""
    actor = _keeper(request)
    try:
        actions.close_desk(actor, get_object_or_404(Desk, pk=slug, closed_on=None))
    except StepRefused as refused:
        tell(request, refused)
    return redirect("agencies:desks")
