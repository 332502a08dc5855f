"""Alarms as the registries tell them, and what C06 says to each."""

from __future__ import annotations

from django.db import models

from ketnoi_pages.text import Text

KINDS = {
    "enumeration": Text("Dò số liên tiếp", "Numbers asked in a row"),
    "enumeration_by_many": Text("Dò số liên tiếp qua nhiều cán bộ", "Numbers asked in a row by several officers"),
    "low_hit_rate": Text("Phần lớn không tìm thấy ai", "Hardly anybody found"),
    "odd_hours": Text("Tra cứu ban đêm", "Look-ups at night"),
    "canary": Text("Hỏi người trong danh sách theo dõi", "A watched person asked for"),
}


class Alarm(models.Model):
    """One alarm: who asked conspicuously, never about whom. `number` is its id at the registry of that name.

    It is open until somebody of C06 has acknowledged it.
    """

    registry = models.CharField(max_length=50)
    number = models.PositiveBigIntegerField()
    kind = models.CharField(max_length=50)
    raised_at = models.DateTimeField()
    organisation = models.CharField(max_length=100)
    officer = models.CharField(max_length=200)
    instance = models.CharField(max_length=50)
    account = models.CharField(max_length=200)
    unit = models.CharField(max_length=100)
    procedure = models.CharField(max_length=100)
    count = models.PositiveBigIntegerField()
    since = models.DateTimeField()
    last_at = models.DateTimeField()
    message_id = models.CharField(max_length=255)
    fetched_at = models.DateTimeField()
    acknowledged_by = models.CharField(max_length=100, blank=True)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    note = models.TextField(blank=True)

    class Meta:
        ordering = ["-raised_at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["registry", "number"], name="an_alarm_is_kept_once")]
        indexes = [models.Index(fields=["acknowledged_at", "-raised_at"])]

    @property
    def title(self) -> Text:
        """What is conspicuous, in a few words."""
        return KINDS.get(self.kind, Text(self.kind, self.kind))

    @property
    def told(self) -> Text:
        """What happened, in words."""
        number = self.count
        words = {
            "enumeration": Text(
                f"Trong 24 giờ đã hỏi {number} người có số chỉ khác nhau ba chữ số cuối.",
                f"Asked within 24 hours for {number} persons whose numbers differ in their last three digits alone.",
            ),
            "enumeration_by_many": Text(
                f"Trong 24 giờ nhiều cán bộ của cơ quan đã hỏi {number} người có số chỉ khác nhau ba chữ số cuối.",
                f"Several officers of the organisation asked within 24 hours for {number} persons whose numbers "
                "differ in their last three digits alone.",
            ),
            "low_hit_rate": Text(
                f"{number} lượt gọi trong một giờ, phần lớn không tìm thấy ai.",
                f"{number} calls in one hour, and hardly anybody was found.",
            ),
            "odd_hours": Text(f"{number} lượt gọi trong một giờ ban đêm.", f"{number} calls in one hour at night."),
            "canary": Text(
                f"{number} lượt gọi nêu người mà không ai có lý do nghiệp vụ để hỏi.",
                f"{number} calls that name a person for whom nobody has a reason to ask.",
            ),
        }
        return words.get(self.kind, Text(f"{number} lượt gọi.", f"{number} calls."))


class AlarmSource(models.Model):
    """One registry: the last alarm that was fetched, when it was last asked, and what went wrong."""

    registry = models.CharField(primary_key=True, max_length=50)
    last = models.PositiveBigIntegerField(default=0)
    fetched_at = models.DateTimeField(null=True)
    trouble = models.CharField(max_length=200, blank=True)
    trouble_vi = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["registry"]

    @property
    def trouble_title(self) -> Text:
        """What went wrong, in words."""
        return Text(self.trouble_vi, self.trouble)
