"""Until when somebody is waited for, who has been told of it, and whether an end date was announced."""

from __future__ import annotations

from django.db import migrations, models
from django.db.models import Q

STATES = ("draft", "with_desk", "returned", "created", "active", "suspended", "expired", "closed")


class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_lists_and_search")]
    operations = [
        *(
            migrations.AddField("account", name, models.DateTimeField(null=True, blank=True))
            for name in ("due_at", "told_at", "reminded_at", "escalated_at", "end_told_at")
        ),
        migrations.AlterField(
            "account",
            "state",
            models.CharField(max_length=20, choices=[(state, state) for state in STATES], default="draft"),
        ),
        migrations.AddIndex(
            "account",
            models.Index(
                fields=["due_at"], condition=Q(due_at__isnull=False, escalated_at=None), name="accounts_waited_for"
            ),
        ),
        migrations.AddIndex(
            "account", models.Index(fields=["desk", "due_at"], condition=~Q(desk=""), name="accounts_due_at_desks")
        ),
        migrations.AddIndex(
            "account",
            models.Index(fields=["asked_at"], condition=Q(due_at__isnull=False, told_at=None), name="accounts_untold"),
        ),
        migrations.AddIndex(
            "account", models.Index(fields=["valid_until"], condition=~Q(valid_until=None), name="accounts_ending")
        ),
    ]
