"""What the project itself announces: what is done for all rooms together."""

from celery.schedules import crontab
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from billing.rooms import Act, Announcement, Beat, Daily, Desk, MessageKind, Room

AUDIT_LABELS = {
    "webhook_added": gettext_noop("webhook added"),
    "webhook_removed": gettext_noop("webhook removed"),
    "webhook_resumed": gettext_noop("webhook sends again"),
    "webhook_secret_replaced": gettext_noop("secret of a webhook replaced"),
    "webhook_stopped": gettext_noop("webhook stopped: nobody answers there"),
    "api_key_made": gettext_noop("key for a program made"),
    "api_key_rotated": gettext_noop("key for a program replaced"),
    "api_key_revoked": gettext_noop("key for a program revoked"),
    "contact_exported": gettext_noop("personal data exported for somebody without an invoice"),
    "file_handed_in": gettext_noop("file with invoices handed in"),
    "file_withdrawn": gettext_noop("file with invoices thrown away before it was handed in"),
    "intake_choice_changed": gettext_noop("what happens to a file with errors was changed"),
    "patient_exported": gettext_noop("personal data exported for the patient"),
    "staff_signed_in": gettext_noop("signed in"),
    "staff_sign_in_failed": gettext_noop("signing in failed"),
    "staff_wrong_code": gettext_noop("right password with a wrong code, in a strange browser"),
    "staff_enrolled": gettext_noop("code app set up"),
    "staff_recovery_codes_made": gettext_noop("new recovery codes made"),
    "staff_second_factor_reset": gettext_noop("code app removed"),
    "staff_sessions_ended": gettext_noop("signed out everywhere"),
}


class PortalRoom(Room):
    """The pages of billing, intake, the staff site and operations."""

    name = "portal"

    def ready(self) -> None:
        from portal import checks  # noqa: F401  registers the system checks
        from portal.ops.watching import checks as alert_checks  # noqa: F401

        super().ready()

    def announce(self) -> Announcement:
        from portal.api import keys
        from portal.intake.desk import pages, panel
        from portal.ops import retention
        from portal.staff.practice import logo
        from portal.staff.programs import page as programs
        from portal.staff.sign_in import wrong_codes
        from portal.webhooks import delivery

        return Announcement(
            # Retention comes last: it erases what other rules may still need.
            daily=[Daily(90, retention.run_day)],
            # Once a day is enough; hourly, to catch up after a night in which nothing ran.
            beat={
                "run-daily": Beat("portal.run_daily", crontab(hour="5-19", minute=7), expires=3600),
                "tell-programs": Beat("portal.tell_programs", 10.0, expires=30),
                "send-to-webhooks": Beat("portal.send_to_webhooks", 5.0, expires=5),
                "sweep-submitted-files": Beat("portal.sweep_submitted_files", 60.0, expires=60, urgent=True),
            },
            desk=Desk(
                pages=(*pages.pages(), *logo.pages(), *programs.pages()),
                panel="admin/hand_in/panel.html",
                facts=panel.facts,
            ),
            acts={
                "hand_in": Act(_("hand in files with invoices"), clerks=True, operations=False),
                "hand_in_choice": Act(_("choose what happens to a file with errors"), operations=False),
                **programs.ACTS,
            },
            retention=retention.delete_expired,
            messages={wrong_codes.MESSAGE: MessageKind(frozenset(("username", "at")))},
            audit_labels=AUDIT_LABELS,
            access_labels={
                keys.LINKS: _("the link to your invoice, for the software of your practice"),
                keys.PATIENT_DATA: _("your name, address and telephone number, for the software of your practice"),
            },
            staff_tasks={
                wrong_codes.TASK: _("somebody else knows the password of a member of staff"),
                delivery.STOPPED: _("the software of a practice no longer takes what happened: tell the practice"),
            },
        )
