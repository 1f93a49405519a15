from django.apps import AppConfig


class CoulanceConfig(AppConfig):
    name = "coulance"

    def ready(self) -> None:
        """Teach billing, which knows of no rooms, the words for this one's acts and the last check of its mails."""
        from billing.admin import timeline
        from billing.outbox import delivery
        from coulance.audit_labels import AUDIT_LABELS
        from coulance.last_check import CHECKED

        timeline.AUDIT_LABELS.update(AUDIT_LABELS)
        delivery.LAST_CHECKS.update(CHECKED)
