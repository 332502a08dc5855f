"""Many applications at once, as rows that the process would have written."""

from __future__ import annotations

from datetime import timedelta

from ketnoi_portal.agencies.models import Organisation
from ketnoi_portal.day.models import SearchText, StageSpan, Waiting
from ketnoi_portal.day.plain import plain
from ketnoi_portal.onboarding.models import Application
from ketnoi_portal.process.case import Stage
from ketnoi_portal.site import clock

STAGES = [
    (Stage.DRAFT, "agency:H55", "submit"),
    (Stage.SUBMITTED, "desk:c06", "accept"),
    (Stage.TESTING, "agency:H55", "confirm_test"),
    (Stage.WITH_PC06, "desk:pc06-h55", "forward"),
    (Stage.WITH_C06, "desk:c06", "submit_to_leadership"),
    (Stage.LIVE, "", ""),
]


def crowd(many: int) -> None:
    """So many more applications, in every stage, of many units of one province."""
    start, now = Application.objects.count(), clock.now()
    units = [
        Organisation(code=f"H55.9{number // 99:03d}.{number % 99 + 1:02d}", name=f"Đơn vị số {number}", level="commune")
        for number in range(start, start + many)
    ]
    Organisation.objects.bulk_create(units)
    applications, waiting, spans, texts = [], [], [], []
    for index, unit in enumerate(units):
        stage, office, step = STAGES[index % len(STAGES)]
        began = now - timedelta(days=index % 200, minutes=index)
        application = Application(
            number=f"KN-2025-{start + index:06d}",
            system="population" if index % 3 else "identity",
            organisation=unit,
            level="commune",
            chart="chart_2022",
            profile="2022-seed",
            stage=stage,
            stage_since=began,
            due_at=began + timedelta(days=100),
            began_at=began,
            began_by="crowd",
        )
        applications.append(application)
        texts.append(
            SearchText(application=application, text=plain(f"{application.number} {unit.code} Tỉnh {unit.name}"))
        )
        spans.append(StageSpan(application=application, stage=stage, began_at=began))
        spans += [
            StageSpan(
                application=application, stage=each, began_at=began - timedelta(days=1 + index % 9), ended_at=began
            )
            for each in list(Stage)[: index % 8]
        ]
        if office:
            row = Waiting(application=application, office=office, step=step, since=began, due_at=application.due_at)
            waiting.append(row)
    Application.objects.bulk_create(applications, batch_size=1000)
    for model, rows in ((SearchText, texts), (StageSpan, spans), (Waiting, waiting)):
        model.objects.bulk_create(rows, batch_size=2000)
