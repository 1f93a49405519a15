from django.apps import AppConfig


class CoulanceConfig(AppConfig):
    name = "coulance"

    def ready(self) -> None:
        """Teach billing, which knows of no rooms, the words for this one's acts and the last check of its mails."""
        from billing import outbox, timeline
        from coulance.acts import ACTS
        from coulance.last_check import CHECKED

        timeline.ACTS.update(ACTS)
        outbox.LAST_CHECKS.update(CHECKED)
