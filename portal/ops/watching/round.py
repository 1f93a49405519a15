"""One round of the watch: look, write down what began and what ended, and tell who has to know."""

import logging
from datetime import datetime

from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from billing import alerts
from billing.channels import alerts as channel
from billing.links import absolute, new_token
from billing.models import AlertNotice, LastRun
from portal.ops.watching import causes

log = logging.getLogger(__name__)
PAGE = "/beheer/toestand/"
MAIL, WEBHOOK = "mail", "webhook"


def channels() -> tuple[str, ...]:
    """Return by which roads operators want to be told."""
    return tuple(
        name for name, wanted in ((MAIL, settings.ALERT_EMAIL), (WEBHOOK, settings.ALERT_WEBHOOK_URL)) if wanted
    )


class Watch:
    """Rounds of one process, which remembers only whether the database answered: then there are no rows to ask."""

    def __init__(self) -> None:
        self._database_away: list[str] = []  # the channels that were told of it

    def round(self, now: datetime | None = None) -> None:
        """Look once. A database that does not answer, or takes no rows, is told too, once, and that it is back."""
        now = now or timezone.now()
        with translation.override(settings.LANGUAGE_CODE):
            try:
                alerts.look(causes.found(now), channels=channels(), now=now)
                # Written before anybody is told: who was told can't be kept either where this can't.
                LastRun.record(LastRun.WATCH, at=now)
                for notice in alerts.to_tell(now):
                    _tell(notice, now)
                untold = alerts.is_untold(channels())
            except DatabaseError:
                log.exception("the watch could not read or write the database")
                self._tell_of_database(raised=True, now=now)
                return
            self._tell_of_database(raised=False, now=now)
            if not untold:
                _beat()

    def _tell_of_database(self, *, raised: bool, now: datetime) -> None:
        left = [name for name in channels() if (name in self._database_away) != raised]
        says = _("The database does not answer, or takes no rows.")
        for name in left:
            try:
                _send(name, "database", says, raised=raised, token=new_token(), since=now, now=now)
            except channel.NotTold as error:
                log.warning("operators could not be told by %s: %s", name, error)
            else:
                self._database_away = [n for n in self._database_away if n != name] + ([name] if raised else [])


def _tell(notice: AlertNotice, now: datetime) -> None:
    alert = notice.alert
    raised = notice.event == AlertNotice.Event.RAISED
    try:
        _send(
            notice.channel, alert.cause, alert.says, raised=raised, token=notice.token, since=alert.raised_at, now=now
        )
    except channel.NotTold as error:
        alerts.failed(notice, error=str(error), now=now)
        log.warning("operators could not be told by %s: %s", notice.channel, error)
    else:
        alerts.told(notice, now=now)


def _beat() -> None:
    """Say outside that the watch looked and told: who hears nothing there must come and look."""
    if not settings.ALERT_HEARTBEAT_URL:
        return
    try:
        channel.beat()
    except channel.NotTold as error:
        log.warning("the heartbeat did not arrive: %s", error)


def _send(name: str, cause: str, says: str, *, raised: bool, token: str, since: datetime, now: datetime) -> None:
    if name == WEBHOOK:
        facts = {
            "type": "alert.raised" if raised else "alert.ended", "timestamp": now.isoformat(), "cause": cause,
            "says": says, "since": since.isoformat(), "page": absolute(PAGE),
        }  # fmt: skip
        channel.post(facts, token=token, now=now)
        return
    subject = _("Look here: %(cause)s") if raised else _("Right again: %(cause)s")
    began = timezone.localtime(since).strftime("%d-%m-%Y %H:%M")
    text = f"{says}\n\n" + _("Since %(moment)s. Everything that runs and waits: %(page)s") % {
        "moment": began, "page": absolute(PAGE)
    }  # fmt: skip
    channel.send_mail(subject % {"cause": cause}, text, token=token)
