"""What operations have to know: which rule fails on which row, and when each part of the machinery last worked."""

from datetime import datetime

from django.db import models
from django.utils import timezone

from billing.links import new_token


class Comparison(models.Model):
    """How far a list of the gateway was compared with ours, so that a comparison goes on where it stopped."""

    what = models.CharField(max_length=20, unique=True)
    position = models.CharField(max_length=70, blank=True)  # where the next page begins; empty once it is complete
    since = models.DateTimeField(null=True, blank=True)  # how far back it goes
    began_at = models.DateTimeField(null=True, blank=True)
    complete_at = models.DateTimeField(null=True, blank=True)  # the begin of the last one that reached its end

    def __str__(self) -> str:
        return self.what

    @property
    def is_complete(self) -> bool:
        return self.began_at is None or self.complete_at == self.began_at


class FailedTry(models.Model):
    """A rule that fails on one row: how often, why last, and when it is tried again. Gone once it succeeds."""

    rule = models.CharField(max_length=40)
    row = models.BigIntegerField(default=0)  # its key; 0 for a rule that is not about single rows
    tries = models.PositiveIntegerField(default=1)
    error = models.CharField(max_length=60)
    next_try_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["rule", "row"], name="one_failure_per_rule_and_row")]

    def __str__(self) -> str:
        return f"{self.rule} {self.row}: {self.error}"


class LastRun(models.Model):
    """When a part of the machinery (the timetable, a sweep, the day's work, a backup) last reached its end."""

    # Besides the names of periodic tasks, and those that rooms announce.
    DAY, BEAT, BACKUP, DIGESTS = "day", "beat", "backup", "digests"
    WORKER, RETENTION, LEDGER, WATCH = "worker", "retention", "ledger", "watch"

    what = models.CharField(max_length=60, unique=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.what} {self.at:%Y-%m-%d %H:%M:%S}"

    @staticmethod
    def record(what: str, *, at: datetime) -> None:
        """Write that `what` reached its end at `at`."""
        if not LastRun.objects.filter(what=what).update(at=at):
            LastRun.objects.bulk_create([LastRun(what=what, at=at)], ignore_conflicts=True)


class Alert(models.Model):
    """Something that a person must look at, from the first look that found it to the first that did not any more."""

    cause = models.CharField(max_length=90)  # the same cause is one alert until it is right again
    says = models.CharField(max_length=300)  # in words; no personal data
    raised_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["cause"], condition=models.Q(ended_at=None), name="one_alert_of_a_cause_at_a_time"
            )
        ]

    def __str__(self) -> str:
        return self.cause


class AlertNotice(models.Model):
    """What has to be told of an alert, by mail or to a webhook: that it began, or that it is right again."""

    class Event(models.TextChoices):
        RAISED = "raised"
        ENDED = "ended"

    alert = models.ForeignKey(Alert, models.CASCADE, related_name="notices")
    event = models.CharField(max_length=6, choices=Event)
    channel = models.CharField(max_length=7)  # mail or webhook
    token = models.CharField(max_length=32, unique=True, default=new_token)  # the id under which a receiver knows it
    tries = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=60, blank=True)  # why the last try failed, in a word
    next_try_at = models.DateTimeField(default=timezone.now)
    told_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["next_try_at"], name="alerts_to_tell", condition=models.Q(told_at=None))]

    def __str__(self) -> str:
        return f"{self.event} {self.alert_id} {self.channel}"
