"""What publication knows: its targets, what it has opened there, what it found, and what people decided about it."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from ketnoi_pages.text import Text
from ketnoi_portal.agencies.models import Organisation
from ketnoi_portal.process.roles import Actor


class Revision(models.Model):
    """A counter of changes; see revisions.py."""

    name = models.CharField(primary_key=True, max_length=30)
    number = models.PositiveBigIntegerField(default=0)


class PublishedDirectory(models.Model):
    """One environment's signed directory, as its publisher has left it.

    `version` only grows. `signer` is the publisher process that may sign: the one that started last. `revision` is
    the newest change that the signed content holds.
    """

    environment = models.CharField(primary_key=True, max_length=20)
    version = models.PositiveBigIntegerField(default=0)
    signer = models.CharField(max_length=40, blank=True)
    revision = models.PositiveBigIntegerField(default=0)
    signed_at = models.DateTimeField(null=True)
    changed_at = models.DateTimeField(null=True)
    officers = models.PositiveIntegerField(default=0)
    grants = models.PositiveIntegerField(default=0)
    conflicts = models.JSONField(default=list)


class Target(models.Model):
    """One of C06's security servers, by its instance.

    In `watch` nothing on it is changed. `fence` grows each time a worker takes the target, so that one that was
    thought dead cannot go on. `imported_at` is when the rights that it held already were written down.
    """

    WATCH, ENFORCE = "watch", "enforce"
    MODES = {WATCH: Text("Theo dõi", "Watch"), ENFORCE: Text("Áp cấu hình", "Enforce")}

    instance = models.CharField(primary_key=True, max_length=50)
    environment = models.CharField(max_length=20)
    platform = models.CharField(max_length=10)
    mode = models.CharField(max_length=10, default=WATCH)
    fence = models.PositiveBigIntegerField(default=0)
    imported_at = models.DateTimeField(null=True)
    revision = models.PositiveBigIntegerField(default=0)
    looked_at = models.DateTimeField(null=True)
    unfinished = models.BooleanField(default=False)
    failing = models.BooleanField(default=False)

    class Meta:
        ordering = ["environment", "instance"]

    def __str__(self) -> str:
        return self.instance

    @property
    def mode_title(self) -> Text:
        """The mode in words."""
        return self.MODES[self.mode]

    @property
    def last_run(self) -> Run | None:
        """The newest run that came to an end."""
        return self.runs.exclude(ended_at=None).order_by("-pk").first()


class Right(models.Model):
    """The ledger: one right that publication opened, or took over because an approved application covers it.

    `opening` and `closing` are written before the server is asked, so that whoever finds a right after a crash knows
    whose it is.
    """

    OPENING, OPEN, CLOSING, CLOSED = "opening", "open", "closing", "closed"

    target = models.ForeignKey(Target, models.PROTECT, related_name="rights")
    subject = models.CharField(max_length=150)
    service_code = models.CharField(max_length=100)
    servers = models.JSONField(default=list)
    state = models.CharField(max_length=10, default=OPENING)
    taken_over = models.BooleanField(default=False)
    since = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["target", "subject", "service_code"], name="one_ledger_row_per_right")
        ]


class Proposal(models.Model):
    """Something that one officer proposes and another one, never the same, confirms."""

    ENFORCE, KEEP, REMOVE, REMOVE_MANY = "enforce", "keep", "remove", "remove_many"
    TITLES = {
        ENFORCE: Text("Bật chế độ áp cấu hình", "Switch enforce on"),
        KEEP: Text("Giữ quyền đang có như đã được duyệt", "Keep a standing right as approved"),
        REMOVE: Text("Gỡ quyền đang có", "Remove a standing right"),
        REMOVE_MANY: Text("Gỡ nhiều quyền một lần", "Remove many rights at once"),
    }

    target = models.ForeignKey(Target, models.PROTECT, related_name="proposals")
    kind = models.CharField(max_length=20)
    what = models.JSONField(default=dict)
    reason = models.TextField(blank=True)
    proposed_by = models.CharField(max_length=100)
    proposed_at = models.DateTimeField()
    confirmed_by = models.CharField(max_length=100, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    dropped_by = models.CharField(max_length=100, blank=True)
    dropped_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(confirmed_by="") | ~Q(confirmed_by=models.F("proposed_by")), name="two_people_decide"
            )
        ]
        ordering = ["-pk"]

    @property
    def title(self) -> Text:
        """What is proposed, in words."""
        return self.TITLES[self.kind]

    @property
    def is_open(self) -> bool:
        """Whether it waits for a second officer."""
        return self.confirmed_at is None and self.dropped_at is None

    def can_be_confirmed_by(self, actor: Actor) -> bool:
        """Whether this officer may be the second."""
        return self.is_open and actor.person != self.proposed_by


class LegacyRight(models.Model):
    """A right that stands on a server and that no application approved: there before us, or added by somebody since.

    It stays as it is until two officers keep it (for an organisation, until a day) or have it removed.
    """

    UNDECIDED, KEPT, REMOVING, GONE, REPLACED = "undecided", "kept", "removing", "gone", "replaced"
    TITLES = {
        UNDECIDED: Text("Chờ quyết định", "To be decided"),
        KEPT: Text("Giữ như đã duyệt", "Kept as approved"),
        REMOVING: Text("Sẽ gỡ", "To be removed"),
        GONE: Text("Không còn trên máy chủ", "No longer there"),
        REPLACED: Text("Đã có hồ sơ được duyệt thay thế", "Replaced by an approved application"),
    }

    target = models.ForeignKey(Target, models.PROTECT, related_name="legacy_rights")
    subject = models.CharField(max_length=150)
    service_code = models.CharField(max_length=100)
    servers = models.JSONField(default=list)
    found_at = models.DateTimeField()
    first_start = models.BooleanField(default=False)
    state = models.CharField(max_length=10, default=UNDECIDED)
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True, blank=True, related_name="+")
    until = models.DateField(null=True, blank=True)
    proposal = models.ForeignKey(Proposal, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["target", "subject", "service_code"], name="one_legacy_row_per_right")
        ]
        ordering = ["target_id", "subject", "service_code"]

    @property
    def state_title(self) -> Text:
        """The state in words."""
        return self.TITLES[self.state]


class Drift(models.Model):
    """A difference between what a server should hold and what it holds. It ends when it is seen no more."""

    GONE, FOREIGN, ALTERED, HELD = "gone", "foreign", "altered", "held"
    TITLES = {
        GONE: Text("Quyền đã mở nay không còn trên máy chủ", "A right that was open has disappeared"),
        FOREIGN: Text("Quyền không do hồ sơ nào duyệt", "A right that nobody approved"),
        ALTERED: Text("Quyền bị sửa máy chủ nguồn", "A right's servers were changed"),
        HELD: Text("Chưa mở được", "Cannot be opened yet"),
    }

    target = models.ForeignKey(Target, models.PROTECT, related_name="drifts")
    kind = models.CharField(max_length=10)
    subject = models.CharField(max_length=150)
    service_code = models.CharField(max_length=100)
    detail = models.JSONField(default=dict)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    mended = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["target", "kind", "subject", "service_code"],
                condition=Q(ended_at=None),
                name="one_running_drift_of_a_kind",
            )
        ]
        ordering = ["-last_seen_at"]

    @property
    def title(self) -> Text:
        """The difference in words."""
        return self.TITLES[self.kind]


class Run(models.Model):
    """One comparison of a target, and what was done about it."""

    CLEAN, MENDED, WATCHED, ASKS, INCOMPLETE, FAILED = "clean", "mended", "watched", "asks", "incomplete", "failed"
    TITLES = {
        CLEAN: Text("Khớp", "In agreement"),
        MENDED: Text("Đã áp thay đổi", "Changed to agree"),
        WATCHED: Text("Có khác biệt, chỉ theo dõi", "Differences, only watched"),
        ASKS: Text("Dừng, chờ hai cán bộ quyết định", "Stopped; two officers must decide"),
        INCOMPLETE: Text("Chưa xong, sẽ tiếp tục", "Not complete, goes on"),
        FAILED: Text("Không kết nối được", "Could not be reached"),
    }
    STEP_TITLES = {
        "open": Text("Mở quyền", "Right opened"),
        "alter": Text("Sửa máy chủ nguồn của quyền", "Right's servers changed"),
        "close": Text("Đóng quyền", "Right closed"),
        "would_open": Text("Sẽ mở quyền (đang theo dõi)", "Would open a right (only watched)"),
        "would_alter": Text("Sẽ sửa máy chủ nguồn (đang theo dõi)", "Would change a right's servers (only watched)"),
        "would_close": Text("Sẽ đóng quyền (đang theo dõi)", "Would close a right (only watched)"),
        "refused_open": Text("Máy chủ không cho mở quyền", "The server refused to open a right"),
        "refused_alter": Text("Máy chủ không cho sửa quyền", "The server refused to change a right"),
        "refused_close": Text("Máy chủ không cho đóng quyền", "The server refused to close a right"),
        "asks": Text("Chờ hai cán bộ quyết định gỡ", "Waits for two officers to remove it"),
    }

    target = models.ForeignKey(Target, models.PROTECT, related_name="runs")
    fence = models.PositiveBigIntegerField()
    mode = models.CharField(max_length=10)
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=12, blank=True)
    wanted = models.PositiveIntegerField(default=0)
    found = models.PositiveIntegerField(default=0)
    steps = models.JSONField(default=list)
    trouble = models.CharField(max_length=300, blank=True)
    trouble_vi = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        indexes = [models.Index(fields=["target", "-id"])]

    @property
    def outcome_title(self) -> Text:
        """How it ended, in words."""
        return self.TITLES.get(self.outcome, Text("Đang chạy", "Running"))

    @property
    def trouble_title(self) -> Text:
        """What went wrong, in words; what was kept before there were Vietnamese ones stays as it was."""
        return Text(self.trouble_vi or self.trouble, self.trouble)

    @property
    def told_steps(self) -> list[dict[str, Any]]:
        """The steps, each with its `title` and its `trouble` in words."""
        return [
            each
            | {
                "title": self.STEP_TITLES.get(each["step"], Text(each["step"], each["step"])),
                "trouble": Text(each.get("trouble_vi") or each.get("trouble", ""), each.get("trouble", "")),
            }
            for each in self.steps
        ]

    def add(self, step: str, subject: str, service_code: str, **more: Any) -> None:
        """Note one thing that was done."""
        self.steps.append({"step": step, "subject": subject, "service_code": service_code, **more})


class Stop(models.Model):
    """An organisation that C06 has stopped, with all beneath it, until somebody else of C06 lifts the stop."""

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="stops")
    reason = models.TextField()
    stopped_by = models.CharField(max_length=100)
    stopped_at = models.DateTimeField()
    lifted_by = models.CharField(max_length=100, blank=True)
    lifted_at = models.DateTimeField(null=True, blank=True)
    lift_reason = models.TextField(blank=True)

    class Meta:
        ordering = ["-stopped_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation"], condition=Q(lifted_at=None), name="one_stop_of_an_organisation"
            )
        ]


class TrafficCount(models.Model):
    """How many exchanges one of C06's servers has carried: by day, subsystem, service and how they ended.

    `client` and `service` are in colon form, empty where the server could prove nothing about them. `code` is `ok`, a
    refusal's code, or `http_403` where what stands behind the server has answered so.
    """

    instance = models.CharField(max_length=50)
    day = models.DateField()
    client = models.CharField(max_length=255, blank=True)
    service = models.CharField(max_length=255, blank=True)
    code = models.CharField(max_length=100)
    count = models.PositiveBigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["instance", "day", "client", "service", "code"], name="one_row_per_count")
        ]
        indexes = [models.Index(fields=["day"])]


class TrafficSource(models.Model):
    """When one of C06's servers was last asked for its counts, up to which day they are, and what went wrong."""

    instance = models.CharField(primary_key=True, max_length=50)
    fetched_at = models.DateTimeField(null=True)
    until = models.DateField(null=True)
    trouble = models.CharField(max_length=200, blank=True)
    trouble_vi = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        ordering = ["instance"]

    @property
    def trouble_title(self) -> Text:
        """What went wrong, in words."""
        return Text(self.trouble_vi or self.trouble, self.trouble)
